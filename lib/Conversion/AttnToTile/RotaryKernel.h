//===- RotaryKernel.h - the kernel of attn.rotary ----------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_ROTARYKERNEL_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_ROTARYKERNEL_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// How a rotation is spread over threads. A thread moves one piece of a row,
/// for several heads.
struct RotaryPlan {
  int64_t values; ///< of one load of a rotated piece, which has two of them
                  ///< where halves are split; at most 16 bytes
  int64_t pairs;  ///< that a rotated piece holds
  int64_t rotatedPieces;
  int64_t copiedValues;
  int64_t pieces; ///< of a row, those that are copied come last
  int64_t heads;  ///< that a thread works on

  static constexpr int64_t kThreads = 128;
  static RotaryPlan of(RotaryOp op);
  /// What rows of tables start at multiples of, in bytes, when others start at
  /// multiples of `alignment`: no more than a thread reads of them.
  int64_t tableAlignment(Type element, int64_t alignment) const;
};

/// Adds one kernel for all of `ops` to `module`; none of them reads what
/// another one writes. It is elementwise, each element is read and written
/// once. Rows of input and out start at multiples of `alignment` bytes.
gpu::GPUFuncOp buildRotaryKernel(ArrayRef<RotaryOp> ops, int64_t alignment,
                                 gpu::GPUModuleOp module, StringRef name);

/// The frequencies of an op without tables, rows x pairs: a constant of the
/// kernel's module, in global memory, as threads of a warp read different ones,
/// which constant memory is slow at. Query and key often have the same.
Value getRotaryFrequencies(ImplicitLocOpBuilder &b, RotaryOp op,
                           gpu::GPUModuleOp module);

/// Emits, before `op`, the checks of what only a call knows; when `op` is
/// fused, attention checks what it has in common with it.
void buildRotaryChecks(RotaryOp op, int64_t alignment);
void buildFusedRotaryChecks(RotaryOp op, int64_t alignment);

/// What a kernel is passed for `op` beside its input and its output, computed
/// before it: positions, tables, the offset, and the row of the frequencies
/// where there are two.
SmallVector<Value> buildRotaryOperands(RotaryOp op);

/// Emits the launch of the kernel, before the last of `ops`.
void buildRotaryLaunch(ArrayRef<RotaryOp> ops, gpu::GPUFuncOp kernel);

} // namespace mlir::attn

#endif
