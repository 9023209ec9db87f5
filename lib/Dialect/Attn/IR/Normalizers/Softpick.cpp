//===- Softpick.cpp - the softpick normalizer ----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// State: m, the running maximum of 0 and the scores (before `scale`), and the
// running sum of |exp(s - m) - exp(-m)|. As m is not negative, neither
// exponential exceeds 1. A score of 0 has the weight 0 and adds nothing to the
// sum, both exactly: that is what a dropped position gets.

#include "RunningMaximum.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

static constexpr double kLog2E = 1.4426950408889634;

SmallVector<Value> SoftpickAttr::init(OpBuilder &b, Location loc,
                                      RowBuilder &rows) const {
  return {rows.constant(b, loc, 0.0), rows.partialZero(b, loc)};
}

NormalizerStep SoftpickAttr::update(OpBuilder &b, Location loc,
                                    RowBuilder &rows, Value scores,
                                    const ScoreScale &scale, bool,
                                    double threshold, ValueRange state) const {
  Value max = state[0], sum = state[1];
  Value factor = scale.ofScores(b, loc, rows, kLog2E);
  Value unit = scale.ofState(b, loc, rows, kLog2E);
  Value newMax =
      advanceMaximum(b, loc, rows, scale, scores, max, unit, threshold);
  Value shift = arith::MulFOp::create(b, loc, newMax, unit);
  if (scale.weights != 1)
    shift = arith::SubFOp::create(
        b, loc, shift, rows.constant(b, loc, std::log2(scale.weights)));
  Value one =
      math::Exp2Op::create(b, loc, arith::NegFOp::create(b, loc, shift));

  // difference = exp2(scores * factor - shift) - exp2(-shift)
  auto everywhere = [&](Value row) {
    return rows.broadcast(b, loc, row, scores);
  };
  Value scaled = arith::MulFOp::create(b, loc, scores, everywhere(factor));
  Value exponent = arith::SubFOp::create(b, loc, scaled, everywhere(shift));
  Value power = math::Exp2Op::create(b, loc, exponent);
  Value difference = arith::SubFOp::create(b, loc, power, everywhere(one));
  Value weights = arith::MaximumFOp::create(
      b, loc, difference, everywhere(rows.constant(b, loc, 0.0)));

  Value change = arith::MulFOp::create(
      b, loc, arith::SubFOp::create(b, loc, max, newMax), unit);
  Value rescale = math::Exp2Op::create(b, loc, change);
  Value carried =
      arith::MulFOp::create(b, loc, sum, rows.asPartial(b, loc, rescale));
  Value sizes = math::AbsFOp::create(b, loc, difference);
  return {{newMax, rows.reduceAdd(b, loc, sizes, carried)}, weights, rescale};
}

NormalizerFinish SoftpickAttr::finish(OpBuilder &b, Location loc,
                                      RowBuilder &rows, const ScoreScale &scale,
                                      ValueRange state) const {
  // Where all scores are 0 so are all weights: the output is 0, not 0 / 0.
  Value zero = rows.constant(b, loc, 0.0);
  Value sum = rows.total(b, loc, state[1]);
  Value ofWeights = rows.constant(b, loc, 1 / scale.weights);
  if (scale.weights != 1)
    sum = arith::MulFOp::create(b, loc, sum, ofWeights);
  Value empty =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, sum, zero);
  Value inverse = arith::DivFOp::create(b, loc, ofWeights, sum);
  Value max =
      arith::MulFOp::create(b, loc, state[0], scale.ofState(b, loc, rows));
  Value lse =
      arith::AddFOp::create(b, loc, max, math::LogOp::create(b, loc, sum));
  return {arith::SelectOp::create(b, loc, empty, zero, inverse), lse};
}

double SoftpickAttr::getDroppedScore() const { return 0; }

bool SoftpickAttr::hasUnitWeights() const { return true; }
