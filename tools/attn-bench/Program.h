//===- Program.h - the attention programs that are timed --------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNBENCH_PROGRAM_H
#define ATTN_TOOLS_ATTNBENCH_PROGRAM_H

#include "attn/JIT/Engine.h"
#include <memory>
#include <string>

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace attn::bench {

/// Attention in bf16 with log-sum-exp, for one chip. Batch and lengths are
/// dynamic in the program.
struct Program {
  std::string chip = "sm_80";
  bool causal = false;
  int64_t headDim = 128;
  int64_t heads = 32, keyHeads = 8;

  /// The entry is named "attention".
  std::string text() const;
  /// "sm_80/causal/128", for names of benchmarks.
  std::string name() const;
};

/// Without threads: a benchmark of two cores says little about one kernel.
std::unique_ptr<mlir::MLIRContext> makeContext();

/// The C interface of the compiled entry: memref descriptors, then the stream.
/// Returns a status code of the runtime.
using HostFunction = int32_t (*)(void *query, void *key, void *value, void *out,
                                 void *lse, void *stream);

/// A program compiled for this CPU, with its kernels inside.
struct CompiledProgram {
  static llvm::Expected<CompiledProgram> compile(const Program &program);

  std::unique_ptr<jit::Engine> engine;
  HostFunction call = nullptr;
};

} // namespace attn::bench

#endif
