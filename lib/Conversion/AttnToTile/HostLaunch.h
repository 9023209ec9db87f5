//===- HostLaunch.h - the host's side of a kernel ----------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_HOSTLAUNCH_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_HOSTLAUNCH_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"

namespace mlir::attn {

/// Emits, before `op`, the checks of what only a call knows: sizes that agree,
/// the innermost stride, and the alignment in bytes that the copies of a kernel
/// need.
void buildArgumentChecks(AttentionOpInterface op, int64_t alignment);

/// Emits the launch of `kernel` for `op`: a grid of query blocks x heads x
/// batches. `more` is what it takes beside the operands of the op.
void buildLaunch(AttentionOpInterface op, tile::ScheduleAttr schedule,
                 gpu::GPUFuncOp kernel, ValueRange more);

} // namespace mlir::attn

#endif
