//===- EmitKernels.h - attn-opt --emit ---------------------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTN_OPT_EMITKERNELS_H
#define ATTN_TOOLS_ATTN_OPT_EMITKERNELS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace attn {

/// Whether the command line asks for a kernel instead of IR.
bool wantsEmission(int argc, char **argv);

/// `attn-opt in.mlir --attn-compile="chip=sm_80" --emit=ptx|cubin|llvm [-o
/// FILE]`: compiles and writes the kernels of the module. Exit status: 0, or 1
/// with a diagnostic and no file written.
int emitKernelsMain(int argc, char **argv, mlir::DialectRegistry &registry);

} // namespace attn

#endif
