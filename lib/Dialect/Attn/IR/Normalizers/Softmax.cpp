//===- Softmax.cpp - the softmax normalizer -------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// State: the running maximum m of the scores (before a constant scale, after
// one of rows) and the running sum l of exp(scale * (s - m)). Exponentials are
// base 2 with log2(e) folded into the scale, so that a weight costs one fused
// multiply-add and one exp2; a factor of the weights is part of the exponent.

#include "RunningMaximum.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::attn;

static constexpr double kLog2E = 1.4426950408889634;
static constexpr double kInf = std::numeric_limits<double>::infinity();

SmallVector<Value> SoftmaxAttr::init(OpBuilder &b, Location loc,
                                     RowBuilder &rows) const {
  return {rows.constant(b, loc, -kInf), rows.partialZero(b, loc)};
}

NormalizerStep SoftmaxAttr::update(OpBuilder &b, Location loc, RowBuilder &rows,
                                   Value scores, const ScoreScale &scale,
                                   bool mayDropRow, double threshold,
                                   ValueRange state) const {
  Value max = state[0], sum = state[1];
  Value factor = scale.ofScores(b, loc, rows, kLog2E);
  Value unit = scale.ofState(b, loc, rows, kLog2E);
  Value newMax =
      advanceMaximum(b, loc, rows, scale, scores, max, unit, threshold);

  // A row without a kept score so far has the maximum -inf, and -inf - -inf
  // would be NaN. Any finite reference point makes its weights 0.
  Value reference = newMax;
  if (mayDropRow) {
    Value none = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                       newMax, rows.constant(b, loc, -kInf));
    reference = arith::SelectOp::create(b, loc, none,
                                        rows.constant(b, loc, 0.0), newMax);
  }
  Value shift = arith::MulFOp::create(b, loc, reference, unit);
  if (scale.weights != 1)
    shift = arith::SubFOp::create(
        b, loc, shift, rows.constant(b, loc, std::log2(scale.weights)));

  // weights = exp2(scores * factor - reference * unit)
  Value scaled = arith::MulFOp::create(b, loc, scores,
                                       rows.broadcast(b, loc, factor, scores));
  Value exponent = arith::SubFOp::create(b, loc, scaled,
                                         rows.broadcast(b, loc, shift, scores));
  Value weights = math::Exp2Op::create(b, loc, exponent);

  Value change = arith::MulFOp::create(
      b, loc, arith::SubFOp::create(b, loc, max, reference), unit);
  Value rescale = math::Exp2Op::create(b, loc, change);
  Value carried =
      arith::MulFOp::create(b, loc, sum, rows.asPartial(b, loc, rescale));
  Value newSum = rows.reduceAdd(b, loc, weights, carried);
  return {{newMax, newSum}, weights, rescale};
}

bool SoftmaxAttr::takesSink() const { return true; }

namespace {
/// The end of a row: its maximum after `scale`, the sum of exp(s - max), and
/// what is left of the accumulated output when the maximum is a larger one.
struct Total {
  Value max, sum, carried;
};
} // namespace

/// Counts the sink in: one more score, without a value. Here, not in `init`, so
/// that the loop over the keys is that of plain softmax.
static Total addSink(OpBuilder &b, Location loc, RowBuilder &rows, Value sink,
                     const Total &row) {
  Value max = arith::MaximumFOp::create(b, loc, row.max, sink);
  Value none = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, max,
                                     rows.constant(b, loc, -kInf));
  Value reference =
      arith::SelectOp::create(b, loc, none, rows.constant(b, loc, 0.0), max);
  auto relative = [&](Value x) -> Value {
    Value difference = arith::SubFOp::create(b, loc, x, reference);
    return math::ExpOp::create(b, loc, difference);
  };
  Value carried = relative(row.max);
  Value sum = arith::MulFOp::create(b, loc, row.sum, carried);
  return {max, arith::AddFOp::create(b, loc, sum, relative(sink)), carried};
}

NormalizerFinish SoftmaxAttr::finish(OpBuilder &b, Location loc,
                                     RowBuilder &rows, const ScoreScale &scale,
                                     ValueRange state) const {
  Value zero = rows.constant(b, loc, 0.0);
  // One rounding each: the maximum may be in the thousands.
  Value max =
      arith::MulFOp::create(b, loc, state[0], scale.ofState(b, loc, rows));
  Value sum = rows.total(b, loc, state[1]);
  Value ofWeights = rows.constant(b, loc, 1 / scale.weights);
  if (scale.weights != 1)
    sum = arith::MulFOp::create(b, loc, sum, ofWeights);
  Total row = {max, sum, rows.constant(b, loc, 1.0)};
  if (Value sink = rows.sink(b, loc))
    row = addSink(b, loc, rows, sink, row);

  // sum == 0 exactly when nothing was kept: then the output is 0 and, as max
  // is -inf, so is the lse.
  Value empty =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, row.sum, zero);
  Value inverse = arith::DivFOp::create(b, loc, row.carried, row.sum);
  if (scale.weights != 1)
    inverse = arith::MulFOp::create(b, loc, inverse, ofWeights);
  Value factor = arith::SelectOp::create(b, loc, empty, zero, inverse);
  Value lse = arith::AddFOp::create(b, loc, row.max,
                                    math::LogOp::create(b, loc, row.sum));
  return {factor, lse};
}

bool SoftmaxAttr::hasUnitWeights() const { return true; }
