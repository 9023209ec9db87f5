//===- Softmax.cpp - the softmax normalizer -------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// State: the running maximum m of the scores (before `scale`) and the running
// sum l of exp(scale * (s - m)). Exponentials are base 2 with log2(e) folded
// into the scale, so that a weight costs one fused multiply-add and one exp2.

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
                                   Value scores, double scale, bool mayDropRow,
                                   double threshold, ValueRange state) const {
  Value max = state[0], sum = state[1];
  Value newMax = rows.reduceMax(b, loc, scores, max);
  Value factor = rows.constant(b, loc, scale * kLog2E);
  if (threshold > 0) {
    // The reference point may lag behind the maximum: weights then exceed 1,
    // and the sum with them (FlashAttention-4, arXiv 2603.05451). From -inf the
    // growth is infinite; -inf to -inf is NaN and stays.
    Value growth = arith::MulFOp::create(
        b, loc, arith::SubFOp::create(b, loc, newMax, max), factor);
    Value grew =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, growth,
                              rows.constant(b, loc, threshold));
    newMax = arith::SelectOp::create(b, loc, grew, newMax, max);
  }

  // A row without a kept score so far has the maximum -inf, and -inf - -inf
  // would be NaN. Any finite reference point makes its weights 0.
  Value reference = newMax;
  if (mayDropRow) {
    Value none = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                       newMax, rows.constant(b, loc, -kInf));
    reference = arith::SelectOp::create(b, loc, none,
                                        rows.constant(b, loc, 0.0), newMax);
  }
  Value shift = arith::MulFOp::create(b, loc, reference, factor);

  // weights = exp2(scores * factor - reference * factor)
  Value scaled = arith::MulFOp::create(b, loc, scores,
                                       rows.broadcast(b, loc, factor, scores));
  Value exponent = arith::SubFOp::create(b, loc, scaled,
                                         rows.broadcast(b, loc, shift, scores));
  Value weights = math::Exp2Op::create(b, loc, exponent);

  Value change = arith::MulFOp::create(
      b, loc, arith::SubFOp::create(b, loc, max, reference), factor);
  Value rescale = math::Exp2Op::create(b, loc, change);
  Value carried =
      arith::MulFOp::create(b, loc, sum, rows.asPartial(b, loc, rescale));
  Value newSum = rows.reduceAdd(b, loc, weights, carried);
  return {{newMax, newSum}, weights, rescale};
}

NormalizerFinish SoftmaxAttr::finish(OpBuilder &b, Location loc,
                                     RowBuilder &rows, double scale,
                                     ValueRange state) const {
  Value max = state[0], sum = rows.total(b, loc, state[1]);
  Value zero = rows.constant(b, loc, 0.0), one = rows.constant(b, loc, 1.0);

  // sum == 0 exactly when nothing was kept: then the output is 0 and, as max
  // is -inf, so is the lse.
  Value empty =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, sum, zero);
  Value inverse = arith::DivFOp::create(b, loc, one, sum);
  Value factor = arith::SelectOp::create(b, loc, empty, zero, inverse);

  // One rounding each: the maximum may be in the thousands.
  Value scaledMax =
      arith::MulFOp::create(b, loc, max, rows.constant(b, loc, scale));
  Value lse = arith::AddFOp::create(b, loc, scaledMax,
                                    math::LogOp::create(b, loc, sum));
  return {factor, lse};
}
