//===- MaskBounds.h - a mask as limits of the keys of a row ----*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_ANALYSIS_MASKBOUNDS_H
#define ATTN_DIALECT_ATTN_ANALYSIS_MASKBOUNDS_H

#include "attn/Dialect/Attn/Analysis/MaskFormula.h"

namespace mlir::attn {

/// Holds where one of the forms is at least zero. All have the same coefficient
/// of the key, -1, 0 or 1, so that this is one limit: j <= the largest, or j >=
/// the smallest of linear functions of i. Their terms are scalars.
struct KeyLimit {
  int64_t key = 0;
  SmallVector<LinearForm, 1> alternatives;
};

/// A mask region as a conjunction. A position that fails one of the limits is
/// masked; when `complete`, a position that passes all of them is kept.
///
/// From this a kernel gets closed bounds of the key range of a block of rows:
/// where nothing is kept, and, when complete, where everything is.
struct MaskBounds {
  SmallVector<KeyLimit> limits;
  bool complete = true;
};

/// Analyzes an expanded mask region (b, h, i, j) -> i1; an empty region keeps
/// all.
MaskBounds analyzeMask(Region &mask);

} // namespace mlir::attn

#endif
