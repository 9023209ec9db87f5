//===- Pipelines.h - the whole compiler ------------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_PIPELINES_PIPELINES_H
#define ATTN_PIPELINES_PIPELINES_H

#include <optional>
#include <string>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace attn {

struct CompileOptions {
  /// As ptxas spells it.
  std::string chip = "sm_80";
  /// `<m = .., n = .., warps = .., stages = ..>`; empty: from the table.
  std::string schedule;
  /// Bytes that the rows of query, key, value and out are aligned to. The host
  /// function checks it; 2, 4 and 8 take odd strides at the price of slower
  /// copies.
  int alignment = 16;
  /// Embed what ptxas makes of the PTX beside it.
  bool cubin = false;
  /// Where a query or key is rotated: "before" attention by a kernel of its
  /// own, "fused" into the kernel of attention where that can be, or what costs
  /// less, "auto".
  std::string rotary = "auto";
};

/// Functions over tensors with attn ops, to kernels in the plain form of the
/// tile dialect and their launches.
void buildTilePipeline(mlir::OpPassManager &manager,
                       const CompileOptions &options);

/// The tile dialect's transforms: from the plain form to the expert's kernel.
void buildSchedulePipeline(mlir::OpPassManager &manager,
                           const CompileOptions &options);

/// Kernels to the LLVM dialect; the host stays as it is. `attn::translateToPTX`
/// takes them from here.
void buildKernelPipeline(mlir::OpPassManager &manager,
                         const CompileOptions &options);

/// Host functions to the LLVM dialect, with the images of their kernels in
/// them: a module for `attn::jit::Engine`.
void buildHostPipeline(mlir::OpPassManager &manager,
                       const CompileOptions &options);

/// All of the above in order: text to a module that runs.
void buildCompilePipeline(mlir::OpPassManager &manager,
                          const CompileOptions &options);

/// Reads `chip=.. schedule=.. alignment=.. cubin=.. rotary=..`, as the
/// pipelines below take them. Empty after a message on stderr.
std::optional<CompileOptions> parseCompileOptions(const std::string &text);

/// Registers `attn-compile` and the stages as pass pipelines.
void registerCompilePipelines();

} // namespace attn

#endif
