//===- KeyRange.h - key tiles of a block of rows ------------------*- C++ -*-=//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_KEYRANGE_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_KEYRANGE_H

#include "LiftedRegion.h"
#include "attn/Dialect/Attn/Analysis/MaskBounds.h"

namespace mlir::attn {

/// The rows and keys of a block, all i32.
struct BlockExtent {
  Value firstRow;  // first query of the block
  Value lastRow;   // last one inside the problem
  Value keyLength; // Sk
  int64_t n;       // keys of a tile
};

/// The key tiles of a block. All i32.
///
///   t:  0 ........ fullBegin ........ fullEnd ........ count
///        partial    |      full        |     partial
///
/// A range is walked from the last to the first: iteration t visits tile `last
/// - t`. A list (`LiveTiles.h`) says itself which tile that is.
struct KeyRange {
  Value last;      // tile of iteration 0 of a range
  Value count;     // iterations
  Value keyEnd;    // no row keeps a key from here on
  Value fullBegin; // first full tile; null when no tile is known to be full
  Value fullEnd;   // end of the full tiles; null when they run to the end

  Value lists;               // lists of live tiles, null for a range
  SmallVector<Value, 3> row; // the block's: batch, head and block, index

  /// The tile of iteration `t`.
  Value tileAt(OpBuilder &b, Location loc, Value t) const;
};

/// Emits the bounds that follow from the mask and from the key length.
/// `scalars` evaluates the terms of the limits; null values after a
/// diagnostic.
FailureOr<KeyRange> buildKeyRange(OpBuilder &b, Location loc,
                                  const BlockExtent &block,
                                  const MaskBounds &bounds,
                                  LiftedRegion &scalars);

/// Makes `range` the walk over a list.
void useLiveTiles(OpBuilder &b, Location loc, KeyRange &range, Value lists,
                  ArrayRef<Value> row, bool isOrdered);

/// Makes the walk visit one tile at least, and the first with the mask: with
/// roles, the softmax of a tile runs under products of the one before, so the
/// first iteration stands apart, once. `hasMask` is false where only the end of
/// the keys, which lies in the first tile, is masked.
void maskFirstTile(OpBuilder &b, Location loc, KeyRange &range, bool hasMask);

/// The keys that one row keeps when the mask is a complete conjunction: from
/// `low` (null: the first) up to `high` (null: the last), as rows of i32.
struct RowLimits {
  Value low;
  Value high;
  /// `high` of row 0, an i32, when the one of row i is larger by i; else null.
  Value diagonal;
};

/// Requires `bounds.complete` and no limit of the rows alone.
FailureOr<RowLimits> buildRowLimits(OpBuilder &b, Location loc,
                                    FragmentTypes types, Value rows,
                                    const MaskBounds &bounds,
                                    LiftedRegion &scalars);

} // namespace mlir::attn

#endif
