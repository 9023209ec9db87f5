//===- Registration.cpp - dialects and passes of the tools ----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Pipelines/Registration.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Pipelines/Reference.h"
#include "attn/Target/Passes.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

void attn::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  registry.insert<mlir::attn::AttnDialect, mlir::tile::TileDialect>();
}

void attn::registerAllPasses() {
  mlir::registerAllPasses();
  mlir::attn::registerAttnPasses();
  mlir::tile::registerTilePasses();
  mlir::attn::registerAttnConversionPasses();
  mlir::attn::registerAttnTargetPasses();
  registerReferencePipeline();
  registerCompilePipelines();
}
