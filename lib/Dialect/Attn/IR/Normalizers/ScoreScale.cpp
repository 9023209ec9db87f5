//===- ScoreScale.cpp - factors of scores and weights ---------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/IR/Normalizer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::attn;

Value ScoreScale::ofScores(OpBuilder &b, Location loc, RowBuilder &builder,
                           double factor) const {
  Value known = builder.constant(b, loc, constant * factor);
  return rows ? Value(arith::MulFOp::create(b, loc, rows, known)) : known;
}

Value ScoreScale::ofState(OpBuilder &b, Location loc, RowBuilder &builder,
                          double factor) const {
  return builder.constant(b, loc, rows ? factor : constant * factor);
}

Value ScoreScale::reduceMax(OpBuilder &b, Location loc, RowBuilder &builder,
                            Value tile, Value init) const {
  if (!rows)
    return builder.reduceMax(b, loc, tile, init);
  Value least =
      builder.constant(b, loc, -std::numeric_limits<double>::infinity());
  Value largest = builder.reduceMax(b, loc, tile, least);
  return arith::MaximumFOp::create(
      b, loc, init,
      arith::MulFOp::create(b, loc, largest, ofScores(b, loc, builder)));
}
