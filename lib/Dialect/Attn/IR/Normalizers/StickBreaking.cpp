//===- StickBreaking.cpp - the stick-breaking normalizer ------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// State: the sum of softplus(s) over the keys so far, the last ones. What they
// have left of the stick is exp(-sum), and a key takes
// sigmoid(s) * exp(-sum) = exp(s - (sum + softplus(s))): in logarithms no
// product underflows. All are base 2, so that log2(e) is one factor of the
// scores.

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

static constexpr double kLog2E = 1.4426950408889634;

SmallVector<Value> StickBreakingAttr::init(OpBuilder &b, Location loc,
                                           RowBuilder &rows) const {
  return {rows.constant(b, loc, 0.0)};
}

NormalizerStep StickBreakingAttr::update(OpBuilder &b, Location loc,
                                         RowBuilder &rows, Value scores,
                                         const ScoreScale &scale, bool, double,
                                         ValueRange state) const {
  auto everywhere = [&](double value) {
    return rows.broadcast(b, loc, rows.constant(b, loc, value), scores);
  };
  Value x = arith::MulFOp::create(
      b, loc, scores,
      rows.broadcast(b, loc, scale.ofScores(b, loc, rows, kLog2E), scores));
  // log2(1 + 2^x) = max(x, 0) + log2(1 + 2^-|x|), which is 0 at -inf.
  Value distance =
      arith::NegFOp::create(b, loc, math::AbsFOp::create(b, loc, x));
  Value power = math::Exp2Op::create(b, loc, distance);
  Value log = math::Log2Op::create(
      b, loc, arith::AddFOp::create(b, loc, power, everywhere(1.0)));
  Value positive = arith::MaximumFOp::create(b, loc, x, everywhere(0.0));
  Value softplus = arith::AddFOp::create(b, loc, positive, log);
  auto [sums, total] = rows.scanFromLast(b, loc, softplus, state[0]);
  Value exponent = arith::SubFOp::create(b, loc, x, sums);
  if (scale.weights != 1)
    exponent = arith::AddFOp::create(b, loc, exponent,
                                     everywhere(std::log2(scale.weights)));
  return {{total}, math::Exp2Op::create(b, loc, exponent), {}};
}

NormalizerFinish StickBreakingAttr::finish(OpBuilder &b, Location loc,
                                           RowBuilder &rows,
                                           const ScoreScale &scale,
                                           ValueRange state) const {
  // The logarithm of what is left of the stick.
  Value factor;
  if (scale.weights != 1)
    factor = rows.constant(b, loc, 1 / scale.weights);
  return {factor, arith::MulFOp::create(b, loc, state[0],
                                        rows.constant(b, loc, -1 / kLog2E))};
}

bool StickBreakingAttr::dependsOnOrder() const { return true; }

bool StickBreakingAttr::hasUnitWeights() const { return true; }
