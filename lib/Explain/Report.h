//===- Report.h - all that is said of one op --------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_EXPLAIN_REPORT_H
#define ATTN_LIB_EXPLAIN_REPORT_H

#include "Kernels.h"
#include "TileMap.h"
#include "attn/Conversion/RotaryChoice.h"
#include "attn/Conversion/TileWalk.h"

namespace attn::explain {

/// Bytes between a kernel and memory, in one call.
struct Traffic {
  int64_t query = 0, out = 0, lse = 0;
  int64_t keysAndValues = 0; ///< each once
  int64_t captures = 0;      ///< those whose size is known, each once
  int64_t read = 0;          ///< keys and values, again for each block of rows

  int64_t lowerBound() const {
    return query + keysAndValues + captures + out + lse;
  }
  int64_t requested() const { return query + read + captures + out + lse; }
};

/// Products of the two matrix multiplications, two operations each.
struct Work {
  double done = 0;    ///< in visited tiles
  double skipped = 0; ///< in the others
  double needed = 0;  ///< at kept positions
};

/// A query or key that attn.rotary makes: before, in the workspace, or in the
/// kernel of the op.
struct Rotation {
  std::string operand;
  std::optional<int64_t> bytes; ///< that are read and written for it before
  /// How often a walk that rotates as it goes rotates each element.
  std::optional<int64_t> times;
  /// What decided, with estimates.
  mlir::attn::RotaryChoice choice;
};

struct Report {
  const Subject *subject = nullptr;
  std::string location;
  mlir::attn::TileWalkPlan keyWalk;   ///< of the forward kernel
  mlir::attn::TileWalkPlan queryWalk; ///< of one for gradients
  OpNeeds needs;
  std::vector<Rotation> rotations;
  mlir::attn::RotaryChoices rotaryChoices;
  std::vector<std::string> missing; ///< captures without a value
  std::optional<TileCounts> tiles;
  std::string scope; ///< batches and heads of the counts
  std::optional<Work> work;
  std::optional<Traffic> traffic;
};

/// "f.mlir:3:10"; empty without a place in a file.
std::string describeLocation(mlir::Location location);

llvm::Expected<Report> makeReport(mlir::ModuleOp program,
                                  const Subject &subject,
                                  const Problem &problem);

} // namespace attn::explain

#endif
