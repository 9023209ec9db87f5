//===- Sigmoid.cpp - the sigmoid normalizer ------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// 1 / (1 + exp2(-(s + bias) * log2(e))): one fused multiply-add, one exp2 and
// one reciprocal. tanh(x / 2) would be a single instruction, but with an
// absolute error of 2^-12, and with a bias of -log(n) the weights are about 1 /
// n.

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::attn;

static constexpr double kLog2E = 1.4426950408889634;

LogicalResult SigmoidAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  FloatAttr bias) {
  if (!bias || (bias.getType().isF32() && bias.getValue().isFinite()))
    return success();
  return emitError() << "expected a finite bias of type f32, but got " << bias;
}

SmallVector<Value> SigmoidAttr::init(OpBuilder &, Location,
                                     RowBuilder &) const {
  return {};
}

NormalizerStep SigmoidAttr::update(OpBuilder &b, Location loc, RowBuilder &rows,
                                   Value scores, const ScoreScale &scale, bool,
                                   double, ValueRange) const {
  auto everywhere = [&](double value) {
    return rows.broadcast(b, loc, rows.constant(b, loc, value), scores);
  };
  Value exponent = arith::MulFOp::create(
      b, loc, scores,
      rows.broadcast(b, loc, scale.ofScores(b, loc, rows, -kLog2E), scores));
  if (FloatAttr bias = getBias())
    exponent = arith::SubFOp::create(
        b, loc, exponent, everywhere(bias.getValueAsDouble() * kLog2E));
  Value one = everywhere(1.0);
  Value power = math::Exp2Op::create(b, loc, exponent);
  Value sum = arith::AddFOp::create(b, loc, power, one);
  return {
      {}, arith::DivFOp::create(b, loc, everywhere(scale.weights), sum), {}};
}

NormalizerFinish SigmoidAttr::finish(OpBuilder &b, Location loc,
                                     RowBuilder &rows, const ScoreScale &scale,
                                     ValueRange) const {
  if (scale.weights == 1)
    return {};
  return {rows.constant(b, loc, 1 / scale.weights), {}};
}

bool SigmoidAttr::hasLse() const { return false; }

bool SigmoidAttr::hasUnitWeights() const { return true; }
