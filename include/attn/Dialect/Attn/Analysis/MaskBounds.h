//===- MaskBounds.h - linear conjuncts of a mask predicate -----*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_ANALYSIS_MASKBOUNDS_H
#define ATTN_DIALECT_ATTN_ANALYSIS_MASKBOUNDS_H

#include "mlir/IR/Region.h"
#include "mlir/IR/Value.h"

namespace mlir::attn {

/// The condition  i * query + j * key + constant + sum(coefficient * term) >=
/// 0, where a term depends on neither index: it is a scalar of the tile's batch
/// and head. `key` is -1, 0 or 1.
struct LinearConjunct {
  int64_t query = 0;
  int64_t key = 0;
  int64_t constant = 0;
  SmallVector<std::pair<int64_t, Value>> terms;
};

/// A mask region as a conjunction. A position that fails one of the conjuncts
/// is masked; when `complete`, a position that passes all of them is kept.
///
/// From this a kernel gets closed bounds of the key range of a block of rows:
/// where nothing is kept, and, when complete, where everything is.
struct MaskBounds {
  SmallVector<LinearConjunct> conjuncts;
  bool complete = true;
};

/// Analyzes an expanded mask region (b, h, i, j) -> i1; an empty region keeps
/// all.
MaskBounds analyzeMask(Region &mask);

} // namespace mlir::attn

#endif
