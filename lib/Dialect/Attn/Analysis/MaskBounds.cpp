//===- MaskBounds.cpp - a mask as limits of a position --------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/Analysis/MaskBounds.h"

using namespace mlir;
using namespace mlir::attn;

/// A condition on the sum of the positions and of scalars of index type.
static const LinearForm *asScalarForm(const MaskFormulas &formulas, Axis walked,
                                      const MaskFormula &formula) {
  if (formula.kind != MaskFormula::Literal ||
      formula.literal.kind != MaskLiteral::AtLeastZero)
    return nullptr;
  const LinearForm &form = formula.literal.form;
  // A larger factor would need a division to solve for the position.
  bool isSolved = form.along(walked) >= -1 && form.along(walked) <= 1;
  bool isScalar = llvm::all_of(form.terms, [&](auto term) {
    return term.second.getType().isIndex() && formulas.isUniform(term.second);
  });
  return isSolved && isScalar ? &form : nullptr;
}

/// A disjunction of limits in the same direction is one limit.
static std::optional<PositionLimit>
asLimit(const MaskFormulas &formulas, Axis walked, const MaskFormula &formula) {
  PositionLimit limit;
  ArrayRef<MaskFormula> parts = formula;
  if (formula.kind == MaskFormula::Or)
    parts = formula.children;
  for (const MaskFormula &part : parts) {
    const LinearForm *form = asScalarForm(formulas, walked, part);
    if (!form ||
        (!limit.alternatives.empty() && form->along(walked) != limit.walked))
      return std::nullopt;
    limit.walked = form->along(walked);
    limit.alternatives.push_back(*form);
  }
  if (limit.alternatives.empty())
    return std::nullopt;
  return limit;
}

/// p <= f and p >= g with a constant f - g below zero.
static bool contradict(const PositionLimit &upper, const PositionLimit &lower) {
  if (upper.walked != -1 || lower.walked != 1 ||
      upper.alternatives.size() != 1 || lower.alternatives.size() != 1)
    return false;
  LinearForm sum = upper.alternatives.front();
  sum.add(1, lower.alternatives.front());
  return sum.query == 0 && sum.key == 0 && sum.terms.empty() &&
         sum.constant < 0;
}

MaskBounds attn::analyzeMask(Region &mask, Axis walked) {
  MaskFormulas formulas(mask);
  MaskFormula keep = formulas.keep();
  ArrayRef<MaskFormula> parts = keep;
  if (keep.kind == MaskFormula::And)
    parts = keep.children;
  MaskBounds bounds;
  bounds.walked = walked;
  for (const MaskFormula &part : parts)
    if (auto limit = asLimit(formulas, walked, part))
      bounds.limits.push_back(std::move(*limit));
    else
      bounds.complete = false;
  for (const PositionLimit &upper : bounds.limits)
    for (const PositionLimit &lower : bounds.limits)
      if (contradict(upper, lower)) {
        LinearForm never;
        never.constant = -1;
        return {walked, {PositionLimit{0, {never}}}, /*complete=*/true};
      }
  return bounds;
}
