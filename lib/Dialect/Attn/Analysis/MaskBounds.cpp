//===- MaskBounds.cpp - linear conjuncts of a mask predicate --------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/Analysis/MaskBounds.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseSet.h"
#include <optional>

using namespace mlir;
using namespace mlir::attn;

namespace {
class MaskAnalysis {
public:
  explicit MaskAnalysis(Region &mask)
      : i(mask.getArgument(2)), j(mask.getArgument(3)) {
    varying.insert(i);
    varying.insert(j);
    for (Operation &op : mask.front())
      if (llvm::any_of(op.getOperands(),
                       [&](Value v) { return varying.contains(v); }))
        varying.insert(op.result_begin(), op.result_end());
  }

  void addCondition(Value condition) {
    if (matchPattern(condition, m_One()))
      return;
    if (auto conjunction = condition.getDefiningOp<arith::AndIOp>()) {
      addCondition(conjunction.getLhs());
      addCondition(conjunction.getRhs());
      return;
    }
    auto compare = condition.getDefiningOp<arith::CmpIOp>();
    if (!compare || !addComparison(compare))
      bounds.complete = false;
  }

  MaskBounds bounds;

private:
  using Form = LinearConjunct;

  /// scale * value added to `form`; false when the value is not linear.
  bool accumulate(Value value, int64_t scale, Form &form) {
    APInt constant;
    if (value == i)
      return form.query += scale, true;
    if (value == j)
      return form.key += scale, true;
    if (matchPattern(value, m_ConstantInt(&constant)))
      return form.constant += scale * constant.getSExtValue(), true;
    if (!varying.contains(value))
      return form.terms.push_back({scale, value}), true;
    Operation *op = value.getDefiningOp();
    if (auto add = dyn_cast<arith::AddIOp>(op))
      return accumulate(add.getLhs(), scale, form) &&
             accumulate(add.getRhs(), scale, form);
    if (auto sub = dyn_cast<arith::SubIOp>(op))
      return accumulate(sub.getLhs(), scale, form) &&
             accumulate(sub.getRhs(), -scale, form);
    if (auto mul = dyn_cast<arith::MulIOp>(op)) {
      if (matchPattern(mul.getRhs(), m_ConstantInt(&constant)))
        return accumulate(mul.getLhs(), scale * constant.getSExtValue(), form);
      return false;
    }
    return false;
  }

  /// lhs - rhs + constant >= 0.
  bool addDifference(Value lhs, Value rhs, int64_t constant) {
    Form form;
    form.constant = constant;
    if (!accumulate(lhs, 1, form) || !accumulate(rhs, -1, form))
      return false;
    // A larger factor of j would need a division to solve for it.
    if (form.key < -1 || form.key > 1)
      return false;
    bounds.conjuncts.push_back(std::move(form));
    return true;
  }

  bool addComparison(arith::CmpIOp compare) {
    // i1 and narrow integers wrap around early; positions are index values.
    if (!compare.getLhs().getType().isIndex())
      return false;
    Value lhs = compare.getLhs(), rhs = compare.getRhs();
    switch (compare.getPredicate()) {
    case arith::CmpIPredicate::sge:
      return addDifference(lhs, rhs, 0);
    case arith::CmpIPredicate::sgt:
      return addDifference(lhs, rhs, -1);
    case arith::CmpIPredicate::sle:
      return addDifference(rhs, lhs, 0);
    case arith::CmpIPredicate::slt:
      return addDifference(rhs, lhs, -1);
    case arith::CmpIPredicate::eq:
      return addDifference(lhs, rhs, 0) && addDifference(rhs, lhs, 0);
    default:
      return false;
    }
  }

  Value i, j;
  llvm::DenseSet<Value> varying; // values that depend on i or j
};
} // namespace

MaskBounds attn::analyzeMask(Region &mask) {
  if (mask.empty())
    return {};
  MaskAnalysis analysis(mask);
  analysis.addCondition(cast<YieldOp>(mask.front().getTerminator()).getValue());
  return std::move(analysis.bounds);
}
