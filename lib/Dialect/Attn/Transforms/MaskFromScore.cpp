//===- MaskFromScore.cpp - scores of -inf become masks --------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseSet.h"
#include <cmath>

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNMASKFROMSCOREPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

static YieldOp yieldOf(Region &region) {
  return cast<YieldOp>(region.front().getTerminator());
}

/// Whether `value` can be computed from the positions alone.
static bool dependsOnScore(Value value, Region &score,
                           llvm::DenseSet<Value> &seen) {
  if (value == score.getArgument(0))
    return true;
  Operation *op = value.getDefiningOp();
  if (!op || !score.isAncestor(op->getParentRegion()) ||
      !seen.insert(value).second)
    return false;
  return llvm::any_of(op->getOperands(), [&](Value operand) {
    return dependsOnScore(operand, score, seen);
  });
}

/// A condition of the score region as a condition of the mask region.
static Value cloneInto(OpBuilder &b, Value value, Region &score,
                       IRMapping &map) {
  if (Value known = map.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  if (!op || !score.isAncestor(op->getParentRegion()))
    return value; // a capture
  for (Value operand : op->getOperands())
    map.map(operand, cloneInto(b, operand, score, map));
  Operation *clone = b.clone(*op, map);
  Value result = clone->getResult(cast<OpResult>(value).getResultNumber());
  map.map(value, result);
  return result;
}

/// mask = mask and condition (or its negation).
static void addToMask(AttentionOpInterface op, Value condition, bool negated) {
  Region &score = op.getScore(), &mask = op.getMask();
  OpBuilder b(op.getContext());
  Location loc = condition.getLoc();
  Value keep;
  if (mask.empty()) {
    Type index = b.getIndexType();
    b.createBlock(&mask, mask.end(), {index, index, index, index},
                  SmallVector<Location>(4, loc));
  } else {
    keep = yieldOf(mask).getValue();
    b.setInsertionPoint(yieldOf(mask));
  }
  IRMapping map;
  for (auto [from, to] :
       llvm::zip(score.getArguments().drop_front(), mask.getArguments()))
    map.map(from, to);
  Value added = cloneInto(b, condition, score, map);
  if (negated)
    added = arith::XOrIOp::create(
        b, loc, added, arith::ConstantOp::create(b, loc, b.getBoolAttr(true)));
  if (!keep) {
    YieldOp::create(b, loc, added);
    return;
  }
  YieldOp yield = yieldOf(mask);
  yield.getValueMutable().assign(arith::AndIOp::create(b, loc, keep, added));
}

/// Follows select(condition, x, -inf) from the yielded value on.
static void moveConditions(AttentionOpInterface op) {
  Region &score = op.getScore();
  OpOperand *use = &yieldOf(score)->getOpOperand(0);
  while (auto select = use->get().getDefiningOp<arith::SelectOp>()) {
    bool dropsFirst = matchPattern(select.getTrueValue(), m_NegInfFloat());
    if (!dropsFirst && !matchPattern(select.getFalseValue(), m_NegInfFloat()))
      return;
    unsigned kept = dropsFirst ? 2 : 1;
    llvm::DenseSet<Value> seen;
    if (dependsOnScore(select.getCondition(), score, seen)) {
      // -inf within what it keeps is -inf all the same.
      if (!select->hasOneUse())
        return;
      use = &select->getOpOperand(kept);
      continue;
    }
    addToMask(op, select.getCondition(), /*negated=*/dropsFirst);
    use->set(select->getOperand(kept));
    if (select->use_empty())
      select->erase();
  }
}

namespace {
struct MaskFromScorePass
    : mlir::attn::impl::AttnMaskFromScorePassBase<MaskFromScorePass> {
  void runOnOperation() override {
    getOperation()->walk([](AttentionOpInterface op) {
      // Elsewhere a score of -inf is not that of a masked position.
      double dropped = op.getNormalizerOrDefault().getDroppedScore();
      if (!op.getScore().empty() && std::isinf(dropped) && dropped < 0)
        moveConditions(op);
    });
  }
};
} // namespace
