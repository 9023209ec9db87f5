//===- MaskBounds.h - a mask as limits of a position -----------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_ANALYSIS_MASKBOUNDS_H
#define ATTN_DIALECT_ATTN_ANALYSIS_MASKBOUNDS_H

#include "attn/Dialect/Attn/Analysis/MaskFormula.h"

namespace mlir::attn {

/// Holds where one of the forms is at least zero. All have the same coefficient
/// of the walked position, -1, 0 or 1, so that this is one limit of it: at most
/// the largest, or at least the smallest of linear functions of the other
/// position. Their terms are scalars.
struct PositionLimit {
  int64_t walked = 0;
  SmallVector<LinearForm, 1> alternatives;
};

/// A mask region as a conjunction of limits of one position. A pair of
/// positions that fails one of them is masked; when `complete`, a pair that
/// passes all of them is kept.
///
/// From this a kernel gets closed bounds of its walk along that position, for a
/// block of the other one: where nothing is kept, and, when complete, where
/// everything is.
struct MaskBounds {
  Axis walked = Axis::Key;
  SmallVector<PositionLimit> limits;
  bool complete = true;
};

/// Analyzes an expanded mask region (b, h, i, j) -> i1; an empty region keeps
/// all. Limits of the key j are what a walk over keys needs, limits of the
/// query i what one over queries does.
MaskBounds analyzeMask(Region &mask, Axis walked);

} // namespace mlir::attn

#endif
