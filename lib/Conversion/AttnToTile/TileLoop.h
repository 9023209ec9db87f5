//===- TileLoop.h - the loop over the tiles of a block ------------*- C++ -*-=//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_TILELOOP_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_TILELOOP_H

#include "LiftedRegion.h"
#include "attn/Dialect/Attn/Analysis/TileRange.h"

namespace mlir::attn {

/// The tiles of a block: those of a range, or of a list (`LiveTiles.h`), which
/// says itself which tile an iteration visits.
struct TileLoop : TileRange {
  Value lists;               // lists of live tiles, null for a range
  SmallVector<Value, 3> row; // the block's: batch, head and block, index

  /// The tile of iteration `t`.
  Value tileAt(OpBuilder &b, Location loc, Value t) const;
};

/// The loop over the range that follows from the mask. `scalars` evaluates the
/// terms of the limits.
FailureOr<TileLoop> buildTileLoop(OpBuilder &b, Location loc,
                                  const BlockExtent &block,
                                  const MaskBounds &bounds,
                                  LiftedRegion &scalars);

/// Makes `loop` the walk over a list.
void useLiveTiles(OpBuilder &b, Location loc, TileLoop &loop, Value lists,
                  ArrayRef<Value> row, bool isOrdered);

/// Makes the walk visit one tile at least, and the first with the mask: with
/// roles, the softmax of a tile runs under products of the one before, so the
/// first iteration stands apart, once. `hasMask` is false where only the end of
/// the keys, which lies in the first tile, is masked.
void maskFirstTile(OpBuilder &b, Location loc, TileLoop &loop, bool hasMask);

/// The keys that one row keeps when the mask is a complete conjunction: from
/// `low` (null: the first) up to `high` (null: the last), as rows of i32.
struct RowLimits {
  Value low;
  Value high;
  /// `high` of row 0, an i32, when the one of row i is larger by i; else null.
  Value diagonal;
};

/// Requires `bounds` of the keys that are complete, and no limit of the rows
/// alone.
FailureOr<RowLimits> buildRowLimits(OpBuilder &b, Location loc,
                                    FragmentTypes types, Value rows,
                                    const MaskBounds &bounds,
                                    LiftedRegion &scalars);

} // namespace mlir::attn

#endif
