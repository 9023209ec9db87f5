//===- Differential.h - the end of a differential kernel ---------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_DIFFERENTIAL_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_DIFFERENTIAL_H

#include "TileRows.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// Where the rows of a block are.
struct MapRows {
  Value batch, head;          // index
  Value rowBase, queryLength; // i32; the query of row r is rowBase + r
  Value outTile;              // as many rows as each map has
  tile::ScheduleAttr schedule;
  FragmentTypes types;
  const IRMapping &arguments; // operand of the op -> kernel argument
};

/// Stores to `outTile` the difference of the two halves of `result`, which are
/// the normalized outputs of the two maps, after the op's norm. All threads
/// that share the rows may read it then.
void buildDifference(ImplicitLocOpBuilder &b, DifferentialOp op,
                     const MapRows &maps, Value result);

/// What the construction asks of a schedule beyond what attention does.
LogicalResult checkDifferentialSchedule(DifferentialOp op,
                                        tile::ScheduleAttr schedule);

} // namespace mlir::attn

#endif
