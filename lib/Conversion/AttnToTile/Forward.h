//===- Forward.h - the forward kernel of an attention op ---------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_FORWARD_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_FORWARD_H

#include "FusedRotary.h"

namespace mlir::attn {

/// The values that a kernel of `op` takes, in the order of its arguments:
/// queries, keys, value unless it is in the key, out, [lse], what the epilogue
/// reads, captures.
SmallVector<Value> getKernelOperands(AttentionOpInterface op);

/// The type of a kernel argument for such a value: head dims are contiguous,
/// and transposed blocks of the value are cut into tiles of `n` keys.
Type getKernelArgumentType(AttentionOpInterface op, Value operand, int64_t n);

/// Builds the plain form of the forward kernel (FlashAttention-2, arXiv
/// 2307.08691) in the empty body of `kernel`. Rows of query, key, value and out
/// start at multiples of `alignment` bytes. Its arguments are the operands of
/// the op, then those of `rotations`; with one more it walks the lists of live
/// tiles that this one is.
LogicalResult buildForwardKernel(AttentionOpInterface op,
                                 const FusedRotations &rotations,
                                 tile::ScheduleAttr schedule, int64_t alignment,
                                 gpu::GPUFuncOp kernel);

} // namespace mlir::attn

#endif
