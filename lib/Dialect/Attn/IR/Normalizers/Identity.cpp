//===- Identity.cpp - the identity normalizer ----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The weights are the scores: linear attention in its parallel form. A decay is
// in the score region.

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::attn;

SmallVector<Value> IdentityAttr::init(OpBuilder &, Location,
                                      RowBuilder &) const {
  return {};
}

NormalizerStep IdentityAttr::update(OpBuilder &b, Location loc,
                                    RowBuilder &rows, Value scores,
                                    const ScoreScale &scale, bool, double,
                                    ValueRange) const {
  if (scale.constant == 1 && !scale.rows)
    return {{}, scores, {}};
  Value factor = rows.broadcast(b, loc, scale.ofScores(b, loc, rows), scores);
  return {{}, arith::MulFOp::create(b, loc, scores, factor), {}};
}

NormalizerFinish IdentityAttr::finish(OpBuilder &, Location, RowBuilder &,
                                      const ScoreScale &, ValueRange) const {
  return {};
}

double IdentityAttr::getDroppedScore() const { return 0; }

bool IdentityAttr::hasLse() const { return false; }
