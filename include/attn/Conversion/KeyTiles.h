//===- KeyTiles.h - what a kernel does with each key tile ------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_KEYTILES_H
#define ATTN_CONVERSION_KEYTILES_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// How a kernel finds the key tiles of a block of queries.
enum class KeyTileWalk {
  All,   ///< it visits all of them
  Range, ///< closed bounds, computed by each block
  List,  ///< a list that a kernel of one warp makes for each block
};

/// Queries of a block of threads: each map of the op has as many of the
/// schedule's rows.
int64_t getQueriesOfBlock(AttentionOpInterface op, tile::ScheduleAttr schedule);

struct KeyTilePlan {
  KeyTileWalk walk = KeyTileWalk::All;
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
KeyTilePlan planKeyTiles(AttentionOpInterface op);

/// What a kernel does with one tile.
enum class TileTreatment : int8_t { Skipped, Masked, Unmasked };

/// Where the host twin of a kernel's walk finds what it needs.
struct TileWalkOperands {
  Value batch, head;   ///< index
  Value queries, keys; ///< Sq and Sk, index
  IRMapping captures;  ///< captures of the op to values of the host function
  Value treatments;    ///< blocks x tiles of i8: a TileTreatment each
};

/// Emits host code that writes what the kernel of a bufferized `op` with this
/// schedule does with each tile. It is made by the generators that make the
/// kernel, so that it cannot say anything else. Fails with a diagnostic.
LogicalResult buildTileTreatments(ImplicitLocOpBuilder &b,
                                  AttentionOpInterface op,
                                  tile::ScheduleAttr schedule,
                                  const TileWalkOperands &operands);

} // namespace mlir::attn

#endif
