//===- ScheduleTable.h - which schedule an op gets, and why ----*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_SCHEDULETABLE_H
#define ATTN_CONVERSION_SCHEDULETABLE_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include <string>

namespace mlir::attn {

struct ScheduleChoice {
  tile::ScheduleAttr schedule;
  StringRef row; ///< the schedule as the table has it
  /// The row of the table and what of the op led to it.
  std::string reason;
};

/// What the table says for an op whose named masks and scores are expanded.
/// Fails with a diagnostic when there is no row.
FailureOr<ScheduleChoice> lookUpSchedule(AttentionOpInterface op,
                                         StringRef chip);

} // namespace mlir::attn

#endif
