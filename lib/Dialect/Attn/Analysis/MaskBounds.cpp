//===- MaskBounds.cpp - a mask as limits of the keys of a row -------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/Analysis/MaskBounds.h"

using namespace mlir;
using namespace mlir::attn;

/// A condition on the sum of the positions and of scalars of index type.
static const LinearForm *asScalarForm(const MaskFormulas &formulas,
                                      const MaskFormula &formula) {
  if (formula.kind != MaskFormula::Literal ||
      formula.literal.kind != MaskLiteral::AtLeastZero)
    return nullptr;
  const LinearForm &form = formula.literal.form;
  // A larger factor of j would need a division to solve for it.
  bool isSolved = form.key >= -1 && form.key <= 1;
  bool isScalar = llvm::all_of(form.terms, [&](auto term) {
    return term.second.getType().isIndex() && formulas.isUniform(term.second);
  });
  return isSolved && isScalar ? &form : nullptr;
}

/// A disjunction of limits in the same direction is one limit.
static std::optional<KeyLimit> asLimit(const MaskFormulas &formulas,
                                       const MaskFormula &formula) {
  KeyLimit limit;
  ArrayRef<MaskFormula> parts = formula;
  if (formula.kind == MaskFormula::Or)
    parts = formula.children;
  for (const MaskFormula &part : parts) {
    const LinearForm *form = asScalarForm(formulas, part);
    if (!form || (!limit.alternatives.empty() && form->key != limit.key))
      return std::nullopt;
    limit.key = form->key;
    limit.alternatives.push_back(*form);
  }
  if (limit.alternatives.empty())
    return std::nullopt;
  return limit;
}

/// j <= f and j >= g with a constant f - g below zero.
static bool contradict(const KeyLimit &upper, const KeyLimit &lower) {
  if (upper.key != -1 || lower.key != 1 || upper.alternatives.size() != 1 ||
      lower.alternatives.size() != 1)
    return false;
  LinearForm sum = upper.alternatives.front();
  sum.add(1, lower.alternatives.front());
  return sum.query == 0 && sum.terms.empty() && sum.constant < 0;
}

MaskBounds attn::analyzeMask(Region &mask) {
  MaskFormulas formulas(mask);
  MaskFormula keep = formulas.keep();
  ArrayRef<MaskFormula> parts = keep;
  if (keep.kind == MaskFormula::And)
    parts = keep.children;
  MaskBounds bounds;
  for (const MaskFormula &part : parts)
    if (auto limit = asLimit(formulas, part))
      bounds.limits.push_back(std::move(*limit));
    else
      bounds.complete = false;
  for (const KeyLimit &upper : bounds.limits)
    for (const KeyLimit &lower : bounds.limits)
      if (contradict(upper, lower)) {
        LinearForm never;
        never.constant = -1;
        return {{KeyLimit{0, {never}}}, /*complete=*/true};
      }
  return bounds;
}
