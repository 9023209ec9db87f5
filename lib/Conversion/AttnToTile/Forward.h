//===- Forward.h - the forward kernel of an attention op ---------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_FORWARD_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_FORWARD_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"

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
/// start at multiples of `alignment` bytes. A kernel with one more argument
/// than operands walks the lists of live tiles that this argument is.
LogicalResult buildForwardKernel(AttentionOpInterface op,
                                 tile::ScheduleAttr schedule, int64_t alignment,
                                 gpu::GPUFuncOp kernel);

} // namespace mlir::attn

#endif
