//===- RotaryChoice.h - where a query or key is rotated --------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_ROTARYCHOICE_H
#define ATTN_CONVERSION_ROTARYCHOICE_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include <string>

namespace mlir::attn {

/// What decides where a rotation takes place.
enum class RotaryRule {
  Auto,   ///< what costs less
  Before, ///< a kernel of its own, always
  Fused,  ///< the kernel of attention, wherever it can
};

/// "auto", "before" or "fused"; none for another text.
std::optional<RotaryRule> parseRotaryRule(StringRef text);

/// One query or key of an op that attn.rotary has made.
struct RotaryChoice {
  RotaryOp rotary; ///< null: the operand is not rotated
  bool fused = false;
  /// Why the kernel of attention cannot do it; empty: it can.
  std::string obstacle;
  /// Estimates of what it takes in a kernel of its own, without the launch, and
  /// in that of attention.
  double beforeSeconds = 0, fusedSeconds = 0;
};

struct RotaryChoices {
  RotaryChoice query, key;
  /// Of the form that was chosen, and of all rotations before.
  double seconds = 0, beforeSeconds = 0;
  /// What it has to save.
  double leastGain = 0;
  double launchSeconds = 0;
  /// The board that the estimates are for, and the sizes that they take.
  std::string board, sizes;
};

/// Where the query and the key of a bufferized op with a schedule are rotated.
/// Looks at types only, as a compiled kernel is for all sizes that these allow.
RotaryChoices chooseRotary(AttentionOpInterface op, tile::ScheduleAttr schedule,
                           StringRef chip, RotaryRule rule);

/// Whether attn.rotary makes the operand of a bufferized op.
bool isRotated(Value operand);

/// The memory that a view is of.
Value memoryOf(Value memref);

} // namespace mlir::attn

#endif
