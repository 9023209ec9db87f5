//===- EmitProgram.h - attn-opt --emit=object|shared ------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNOPT_EMITPROGRAM_H
#define ATTN_TOOLS_ATTNOPT_EMITPROGRAM_H

#include "attn/Pipelines/Pipelines.h"
#include "mlir/IR/BuiltinOps.h"

namespace attn {

struct EmitProgramOptions {
  bool shared = false;            ///< a shared library, else an object
  std::vector<std::string> chips; ///< empty: that of `compile`
  CompileOptions compile;
  std::string output; ///< with or without .o or .so
};

/// Compiles a module ahead of time and writes the object or library and its
/// header beside it. Nothing is written when anything fails.
mlir::LogicalResult emitProgram(mlir::ModuleOp module,
                                const EmitProgramOptions &options);

} // namespace attn

#endif
