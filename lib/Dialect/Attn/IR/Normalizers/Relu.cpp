//===- Relu.cpp - the ReLU normalizer ------------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scale is applied to each score and not to the output: the weights are
// rounded to the element type, and f16 ends at 65504. The number of keys
// divides the output, so that the weights of long rows stay above its subnormal
// numbers.

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::attn;

SmallVector<Value> ReluAttr::init(OpBuilder &, Location, RowBuilder &) const {
  return {};
}

NormalizerStep ReluAttr::update(OpBuilder &b, Location loc, RowBuilder &rows,
                                Value scores, const ScoreScale &scale, bool,
                                double, ValueRange) const {
  auto everywhere = [&](double value) {
    return rows.broadcast(b, loc, rows.constant(b, loc, value), scores);
  };
  if (scale.constant != 1 || scale.rows)
    scores = arith::MulFOp::create(
        b, loc, scores,
        rows.broadcast(b, loc, scale.ofScores(b, loc, rows), scores));
  Value weights = arith::MaximumFOp::create(b, loc, scores, everywhere(0.0));
  if (getSquared())
    weights = arith::MulFOp::create(b, loc, weights, weights);
  return {{}, weights, {}};
}

NormalizerFinish ReluAttr::finish(OpBuilder &b, Location loc, RowBuilder &rows,
                                  const ScoreScale &, ValueRange) const {
  if (!getDivideByKeys())
    return {};
  // Without keys the output is 0 and has to stay so.
  Value one = rows.constant(b, loc, 1.0);
  Value count = arith::MaximumFOp::create(b, loc, rows.keyCount(b, loc), one);
  return {arith::DivFOp::create(b, loc, one, count), {}};
}

bool ReluAttr::hasLse() const { return false; }
