//===- Normalizer.h - streaming normalizers as builders --------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_IR_NORMALIZER_H
#define ATTN_DIALECT_ATTN_IR_NORMALIZER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include <limits>

namespace mlir::attn {

/// What a normalizer needs to know of rows. A lowering implements it: with
/// tiles, where a row is spread over lanes, or with plain scalars, where a tile
/// is one score and every method is the identity.
///
/// Three kinds of values: a tile of scores, a row value (one per row, known to
/// everyone who holds a part of the row) and a partial row value (every holder
/// has its own share of a sum; `total` adds the shares up).
class RowBuilder {
public:
  virtual ~RowBuilder() = default;
  /// A row value that holds the constant everywhere.
  virtual Value constant(OpBuilder &b, Location loc, double value) = 0;
  /// Same, as a partial row value; `value` must be 0.
  virtual Value partialZero(OpBuilder &b, Location loc) = 0;
  /// max(init, largest score of the row): row value.
  virtual Value reduceMax(OpBuilder &b, Location loc, Value tile,
                          Value init) = 0;
  /// init + sum of the row's scores: partial row value.
  virtual Value reduceAdd(OpBuilder &b, Location loc, Value tile,
                          Value init) = 0;
  /// The row value behind a partial one.
  virtual Value total(OpBuilder &b, Location loc, Value partial) = 0;
  /// A row value brought to the shape of `tile`.
  virtual Value broadcast(OpBuilder &b, Location loc, Value row,
                          Value tile) = 0;
  /// A row value brought to the kind of a partial one (elementwise use only).
  virtual Value asPartial(OpBuilder &b, Location loc, Value row) = 0;
  /// For each score the sum of it, of those of later keys of the tile and of
  /// `init`; and that sum for the first key, as a row value.
  virtual std::pair<Value, Value> scanFromLast(OpBuilder &b, Location loc,
                                               Value tile, Value init) = 0;
  /// The logit that the op's sink region gives for the row: row value. Null
  /// when the op has none.
  virtual Value sink(OpBuilder &b, Location loc) = 0;
  /// The number of keys, dropped ones included: row value.
  virtual Value keyCount(OpBuilder &b, Location loc) = 0;
};

/// What scores still have to be multiplied with when they reach a normalizer,
/// and weights when they leave it.
struct ScoreScale {
  ScoreScale(double constant = 1.0) : constant(constant) {}

  double constant;
  /// A further positive factor, a row value, that may be another one for each
  /// tile: a state of scores is then one of scores after both factors. Null: 1.
  Value rows;
  /// Of the weights and of what is accumulated with them; taken back by
  /// `finish`. A power of two.
  double weights = 1.0;

  /// `factor` times what a score is multiplied with: row value.
  Value ofScores(OpBuilder &b, Location loc, RowBuilder &builder,
                 double factor = 1.0) const;
  /// `factor` times what a score in a state is multiplied with: row value.
  Value ofState(OpBuilder &b, Location loc, RowBuilder &builder,
                double factor = 1.0) const;
  /// max(init, largest score of the row), as a state holds it.
  Value reduceMax(OpBuilder &b, Location loc, RowBuilder &builder, Value tile,
                  Value init) const;
};

/// One streaming step: the new state, the tile of weights and, where it is not
/// null, the row factor of what has been accumulated before this tile.
struct NormalizerStep {
  SmallVector<Value> state;
  Value weights;
  Value rescale;
};

/// End of a row: factor of the accumulated output (null: it is the output), and
/// log-sum-exp (null: there is none).
struct NormalizerFinish {
  Value factor;
  Value lse;
};

} // namespace mlir::attn

#endif
