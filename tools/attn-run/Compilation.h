//===- Compilation.h - from a program to host code --------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_COMPILATION_H
#define ATTN_TOOLS_ATTNRUN_COMPILATION_H

#include "Program.h"
#include "attn/Conversion/ReferencePrecision.h"
#include "attn/JIT/Engine.h"
#include "attn/Pipelines/Pipelines.h"

namespace attn::run {

/// The reference on the CPU. The program itself stays as it is.
llvm::Expected<std::unique_ptr<jit::Engine>>
compileReference(Program &program, mlir::attn::ReferencePrecision precision);

/// Host code with the kernels inside.
llvm::Expected<std::unique_ptr<jit::Engine>>
compileForDevice(Program &program, const CompileOptions &options);

} // namespace attn::run

#endif
