//===- ThreadGroup.h - the threads that execute an op together ---*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_TILETONVVM_COMMON_THREADGROUP_H
#define ATTN_LIB_CONVERSION_TILETONVVM_COMMON_THREADGROUP_H

#include "attn/Dialect/Tile/IR/TileDialect.h"

namespace mlir::tile {

/// Threads of a warp group, the unit of roles and of wgmma.
constexpr int64_t kWarpGroupThreads = 128;

/// All threads of the block, or those of a role.
struct ThreadGroup {
  enum class Kind { Block, Producer, Consumers };

  /// Of the ops of a region in a kernel.
  static ThreadGroup of(Region *region);
  static ThreadGroup of(Operation *op) { return of(op->getParentRegion()); }

  int64_t warps() const { return threads / 32; }

  Kind kind;
  int64_t firstThread;
  int64_t threads; // 1 in an elected producer
};

/// A meeting of the threads of the group that the insertion point is in.
void emitGroupBarrier(OpBuilder &b, Location loc);

/// Warps that fragments are spread over: those of the block, less the producer.
int64_t getFragmentWarps(gpu::GPUFuncOp kernel);

/// Blocks of the cluster that the kernel runs in, 1 without one.
int64_t getClusterSize(Operation *op);

} // namespace mlir::tile

#endif
