//===- attn-opt.cpp - the compiler on the command line --------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EmitKernels.h"
#include "Explain.h"
#include "Warm.h"
#include "attn/Pipelines/Registration.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  if (attn::wantsWarming(argc, argv))
    return attn::warmMain(argc, argv);
  mlir::DialectRegistry registry;
  attn::registerAllDialects(registry);
  attn::registerAllPasses();
  if (attn::wantsEmission(argc, argv))
    return attn::emitKernelsMain(argc, argv, registry);
  if (attn::wantsExplanation(argc, argv))
    return attn::explainMain(argc, argv, registry);
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "attention compiler\n", registry));
}
