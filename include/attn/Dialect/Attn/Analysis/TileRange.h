//===- TileRange.h - tiles of a walk in closed form ------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_ANALYSIS_TILERANGE_H
#define ATTN_DIALECT_ATTN_ANALYSIS_TILERANGE_H

#include "attn/Dialect/Attn/Analysis/MaskBounds.h"
#include "mlir/IR/Builders.h"

namespace mlir::attn {

/// Kernels compute with positions and scalars of 32 bits. Indices beyond it
/// count as it: an unbounded window stays unbounded, and sums with positions do
/// not wrap.
inline constexpr int64_t kIndexLimit = int64_t(1) << 30;

/// A block of one position and the length of the walk along the other one, all
/// i32: queries of a block and the keys Sk, or keys of a block and the queries
/// Sq.
struct BlockExtent {
  Value first;  // first position of the block
  Value last;   // last one inside the problem
  Value length; // positions that are walked over
  int64_t tile; // positions of a tile of the walk
};

/// The tiles that a block visits, from the last to the first. All i32.
///
///   t:  0 ........ fullBegin ........ fullEnd ........ count
///        partial    |      full        |     partial
///
/// Iteration t visits tile `last - t`. A tile that reaches past the end of the
/// walked positions is never full, and only that of iteration 0 can.
struct TileRange {
  Value last;      // tile of iteration 0
  Value count;     // iterations
  Value end;       // no pair with a position from here on is kept
  Value fullBegin; // first full tile; null when no tile is known to be full
  Value fullEnd;   // end of the full tiles; null when they run to the end
};

/// The part of a form without the positions, as an i32. `scalar` evaluates a
/// term as an i32; null where that gives null.
Value offsetOf(OpBuilder &b, Location loc, const LinearForm &form,
               function_ref<Value(Value)> scalar);

/// Emits the range that follows from the bounds and from the length of the
/// walk. `scalar` evaluates a term of the limits as an i32, or gives null after
/// a diagnostic.
FailureOr<TileRange> buildTileRange(OpBuilder &b, Location loc,
                                    const BlockExtent &block,
                                    const MaskBounds &bounds,
                                    function_ref<Value(Value)> scalar);

} // namespace mlir::attn

#endif
