//===- TileMap.h - what a mask and its kernel do with each tile -*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_EXPLAIN_TILEMAP_H
#define ATTN_LIB_EXPLAIN_TILEMAP_H

#include "HostFunction.h"
#include "attn/Conversion/TileWalk.h"

namespace attn::explain {

using mlir::attn::Axis;

/// What the mask keeps of a tile.
enum class TileClass : uint8_t { Empty, Partial, Full, Unknown };

/// The tiles of one batch and head.
class TileMap {
public:
  TileMap(int64_t queries, int64_t keys, int64_t m, int64_t n);

  int64_t queries, keys; ///< lengths
  int64_t m, n;          ///< of a tile
  int64_t rows, columns; ///< tiles

  /// Positions that are kept for certain, and that may be: they differ where
  /// captures are not known.
  std::vector<int32_t> least, most;
  /// What the walks along the queries and the keys do: a
  /// mlir::attn::TileTreatment each; empty when captures are not known.
  std::vector<int8_t> treatments[2];

  int64_t rowsOf(int64_t row) const { ///< queries of a row of tiles
    return std::min(m, queries - row * m);
  }
  int64_t keysOf(int64_t column) const {
    return std::min(n, keys - column * n);
  }
  TileClass classOf(int64_t row, int64_t column) const;
  bool isKnown() const { return !treatments[0].empty(); }
  bool isVisited(int64_t row, int64_t column, Axis walked = Axis::Key) const {
    return treatments[int(walked)][row * columns + column] !=
           int8_t(mlir::attn::TileTreatment::Skipped);
  }
  bool isMasked(int64_t row, int64_t column, Axis walked = Axis::Key) const {
    return treatments[int(walked)][row * columns + column] ==
           int8_t(mlir::attn::TileTreatment::Masked);
  }
};

/// What a walk does.
struct WalkCounts {
  int64_t visited = 0, masked = 0;
  int64_t visitedEmpty = 0, maskedFull = 0; ///< more than has to be done
};

/// Sums over tile maps.
struct TileCounts {
  int64_t classes[4] = {}; ///< by TileClass
  WalkCounts walks[2];     ///< along the queries and the keys
  int64_t positions = 0, keptLeast = 0, keptMost = 0;
  int64_t keyRows = 0; ///< keys that the blocks read, with repetition
  bool isKnown = true; ///< what the kernel does, and what is kept

  int64_t of(TileClass tile) const { return classes[int(tile)]; }
  const WalkCounts &along(Axis walked) const { return walks[int(walked)]; }
  int64_t tiles() const {
    return classes[0] + classes[1] + classes[2] + classes[3];
  }
  void add(const TileMap &map);
  void multiply(int64_t factor); ///< for batches and heads that are alike
};

/// A mask and the walk of its kernel, compiled for this CPU.
class TileMapper {
public:
  /// The lengths have to be known.
  static llvm::Expected<std::unique_ptr<TileMapper>>
  compile(const Subject &subject, const Problem &problem);

  llvm::Expected<TileMap> map(int64_t batch, int64_t head);

  /// Captures that the mask needs and that have no value: "arg3", ...
  llvm::ArrayRef<std::string> missing() const { return lacking; }

private:
  TileMapper(const Subject &subject, const Problem &problem)
      : subject(subject), problem(problem) {}
  void findMissing();
  void buildCounting(mlir::ModuleOp module);
  mlir::LogicalResult buildWalking(mlir::ModuleOp module, Axis walked);
  llvm::Error explainFaults(int32_t faults);

  const Subject &subject;
  const Problem &problem;
  std::vector<std::string> lacking;
  llvm::SetVector<mlir::Value> captures; ///< of the mask
  llvm::DenseSet<mlir::Value> unknown;   ///< some of them
  std::unique_ptr<jit::Engine> engine;
};

} // namespace attn::explain

#endif
