//===- LiveTiles.h - lists of the tiles that a mask keeps ------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_LIVETILES_H
#define ATTN_CONVERSION_LIVETILES_H

#include "attn/Dialect/Attn/Analysis/MaskFormula.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"

namespace mlir::attn {

/// What an entry of a list means:
///
///   [partial, live, tile, tile, ...]
///
/// `live` tiles in all, the `partial` ones of them first; each part goes from
/// the last position to the first. With no live tile the first entry is 0.
enum LiveTileEntry : int64_t { kPartialTiles, kLiveTiles, kFirstTile };

/// Whether the analysis of a mask knows more of a tile than closed bounds of a
/// walk along a position (`MaskBounds`) say.
bool needsLiveTiles(Region &mask, Axis walked);

/// Ops of a mask that its analysis could not see through: tiles that they
/// decide are partial.
SmallVector<Operation *> getUndecided(Region &mask);

/// Whether the order of the tiles of a walk matters to the op: that of the keys
/// to some normalizers, that of the queries never. Then full tiles stay among
/// the partial ones.
bool isWalkOrdered(AttentionOpInterface op, Axis walked);

/// Emits, before `op`, the launch of the kernels that list the tiles of a walk
/// for each block of the other position (the key tiles of each block of
/// queries, or the query tiles of each tile of keys), and those kernels in
/// `module`. Returns the lists, i32:
///
///   batches x heads x blocks x (2 + tiles)
///
/// where a mask that does not ask for the batch or the head has one list for
/// all. One kernel reads captures by position, once, and keeps the least and
/// the largest value of every block (O(S) work); a warp for each list then
/// classifies 32 tiles at a time.
Value buildLiveTiles(AttentionOpInterface op, tile::ScheduleAttr schedule,
                     gpu::GPUModuleOp module, StringRef name, Axis walked);

} // namespace mlir::attn

#endif
