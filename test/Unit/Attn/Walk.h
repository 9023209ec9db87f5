//===- Walk.h - what a walk does with each tile ----------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TEST_UNIT_ATTN_WALK_H
#define ATTN_TEST_UNIT_ATTN_WALK_H

#include "MaskTest.h"
#include "attn/Conversion/TileWalk.h"

/// Tiles of a grid, row by row: those that are visited, and those of them that
/// leave the mask out.
struct Walk {
  std::vector<bool> visited, unmasked;
  int64_t count() const { return llvm::count(visited, true); }
};

/// Tiles with a kept position.
inline int64_t countLive(const TileClasses &classes) {
  return llvm::count_if(classes.truth,
                        [](Kept truth) { return truth != Kept::None; });
}

/// Walks over the tiles of a mask, along either position.
class WalkTest : public MaskTest {
protected:
  /// That of a list: what is not proved to be empty is visited. A tile that
  /// reaches past the end of the walk is never unmasked.
  static Walk walkList(mlir::attn::Axis walked, const TileClasses &classes,
                       int64_t m, int64_t n) {
    Walk walk;
    for (auto [at, proved] : llvm::zip(classes.tiles, classes.proved)) {
      bool isWhole = walked == mlir::attn::Axis::Query ? at.i1 - at.i0 == m
                                                       : at.j1 - at.j0 == n;
      walk.visited.push_back(proved != Kept::None);
      walk.unmasked.push_back(proved == Kept::All && isWhole);
    }
    return walk;
  }
};

#endif
