//===- TileWalk.h - what a kernel does with each tile ----------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_TILEWALK_H
#define ATTN_CONVERSION_TILEWALK_H

#include "attn/Dialect/Attn/Analysis/MaskFormula.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// How a kernel finds the tiles that a block visits: key tiles of a block of
/// queries, as the forward kernel, or query tiles of a block of keys, as one
/// that computes gradients of keys and values.
enum class TileWalk {
  All,   ///< it visits all of them
  Range, ///< closed bounds, computed by each block
  List,  ///< a list that a kernel of one warp makes for each block
};

/// Queries of a block of threads: each map of the op has as many of the
/// schedule's rows.
int64_t getQueriesOfBlock(AttentionOpInterface op, tile::ScheduleAttr schedule);

/// Positions of a tile: these queries, or the schedule's keys.
int64_t getTileSize(AttentionOpInterface op, tile::ScheduleAttr schedule,
                    Axis axis);

struct TileWalkPlan {
  TileWalk walk = TileWalk::All;
  /// Captures that are indexed by position are read once, by kernels that keep
  /// the least and the largest value of every block.
  bool readsCaptures = false;
  /// Tiles that are kept whole leave the mask out.
  bool knowsFullTiles = true;
  /// Ops of the mask that the analysis could not see through: tiles that they
  /// decide are visited and masked.
  SmallVector<Operation *> undecided;
};

/// For an op whose named masks are expanded.
TileWalkPlan planTileWalk(AttentionOpInterface op, Axis walked);

/// What a kernel does with one tile.
enum class TileTreatment : int8_t { Skipped, Masked, Unmasked };

/// Where the host twin of a walk finds what it needs.
struct TileWalkOperands {
  Value batch, head;   ///< index
  Value queries, keys; ///< Sq and Sk, index
  IRMapping captures;  ///< captures of the op to values of the host function
  Value treatments;    ///< query tiles x key tiles of i8: a TileTreatment each
};

/// Emits host code that writes what the walk along a position does with each
/// tile. It is made by the generators that make the kernel of a bufferized `op`
/// with this schedule, so that it cannot say anything else; a walk along the
/// queries, which no kernel has yet, is that of the plain form. Fails with a
/// diagnostic.
LogicalResult buildTileTreatments(ImplicitLocOpBuilder &b,
                                  AttentionOpInterface op,
                                  tile::ScheduleAttr schedule, Axis walked,
                                  const TileWalkOperands &operands);

} // namespace mlir::attn

#endif
