//===- Difference.cpp - the difference of two maps ------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What attn.differential does with the output rows of its two maps. `rounded`
// stands where an unfused program stores a tensor: lambda times the second map,
// the difference, the normalized row, and that times weight and factor.

#include "AttentionLoops.h"
#include "ScalarRegion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::attn;

/// Lambda of a row, in the type that is computed in.
Value AttentionLoops::loadLambda(DifferentialOp op, const Row &row) {
  Value lambda = op.getLambda();
  if (!isa<MemRefType>(lambda.getType()))
    return convertFloat(b, lambda, realType);
  if (op.getLambdaRank() == 0)
    return load(lambda, {});
  return op.getLambdaRank() == 1 ? load(lambda, {row.h})
                                 : load(lambda, {row.b, row.h, row.i});
}

void AttentionLoops::emitDifference(DifferentialOp op, const Row &row) {
  Value lambda = loadLambda(op, row);
  auto difference = [&](Value d) {
    Value second =
        rounded(arith::MulFOp::create(b, lambda, load(mapRows[1], d)));
    return rounded(arith::SubFOp::create(b, load(mapRows[0], d), second));
  };
  auto storeOut = [&](Value value, Value d) {
    store(value, op.getOut(), {row.b, row.h, row.i, d});
  };
  if (!op.getNormEpsilon()) {
    loop(valueDim, [&](Value d) { storeOut(difference(d), d); });
    return;
  }
  auto addSquare = [&](Value d, ValueRange sum) -> SmallVector<Value> {
    Value x = difference(d);
    store(x, mapRows[0], d);
    return {arith::AddFOp::create(b, sum[0], arith::MulFOp::create(b, x, x))};
  };
  Value sum = loop(valueDim, real(0.0), addSquare).front();
  Value mean =
      arith::DivFOp::create(b, sum, real(double(op.getValueHeadDim())));
  Value biased = arith::AddFOp::create(
      b, mean, real(op.getNormEpsilon()->convertToDouble()));
  Value root = math::SqrtOp::create(b, biased);
  loop(valueDim, [&](Value d) {
    Value y = rounded(arith::DivFOp::create(b, load(mapRows[0], d), root));
    if (Value weight = op.getWeight())
      y = rounded(arith::MulFOp::create(b, y, load(weight, d)));
    if (op.getNormScale())
      y = rounded(arith::MulFOp::create(b, y, real(op.getNormScaleValue())));
    storeOut(y, d);
  });
}
