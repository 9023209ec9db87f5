//===- MaskFormula.cpp - a mask predicate in normal form ------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/Analysis/MaskFormula.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::attn;

static Positions join(Positions x, Positions y) {
  return Positions(uint8_t(x) | uint8_t(y));
}

MaskFormulas::MaskFormulas(Region &mask) : mask(mask) {
  if (mask.empty())
    return;
  positions[mask.getArgument(2)] = Positions::Query;
  positions[mask.getArgument(3)] = Positions::Key;
  for (Operation &op : mask.front()) {
    Positions all = Positions::None;
    bool reads = false;
    for (Value operand : op.getOperands()) {
      all = join(all, getPositions(operand));
      reads |= readsByPosition.lookup(operand);
    }
    reads |= isa<LoadOp>(op) && all != Positions::None;
    for (Value result : op.getResults()) {
      positions[result] = all;
      readsByPosition[result] = reads;
    }
  }
}

Positions MaskFormulas::getPositions(Value value) const {
  auto it = positions.find(value);
  return it == positions.end() ? Positions::None : it->second;
}

/// Summaries are kept as 32-bit integers that are ordered like the values.
static bool canSummarize(Type type) {
  return type.isIntOrIndex() || type.isF32() || type.isF16() || type.isBF16();
}

bool MaskFormulas::isFact(Value value) const {
  Positions own = getPositions(value);
  return readsByPosition.lookup(value) && canSummarize(value.getType()) &&
         (own == Positions::Query || own == Positions::Key);
}

SmallVector<MaskFact> MaskFormulas::getFacts() const {
  SmallVector<MaskFact> facts;
  if (mask.empty())
    return facts;
  for (Operation &op : mask.front())
    for (Value result : op.getResults()) {
      // Inside of another fact nobody asks for it.
      bool isAsked = llvm::any_of(result.getUsers(), [&](Operation *user) {
        return user->getNumResults() == 0 || !isFact(user->getResult(0));
      });
      if (isAsked && isFact(result))
        facts.push_back({result, getPositions(result) == Positions::Query
                                     ? Axis::Query
                                     : Axis::Key});
    }
  return facts;
}

bool MaskFormulas::dependsOn(unsigned argument) const {
  return !mask.empty() && !mask.getArgument(argument).use_empty();
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

static std::optional<int64_t> asConstant(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSExtValue();
  return std::nullopt;
}

bool MaskFormulas::isNonNegative(Value value) const {
  if (auto constant = asConstant(value))
    return *constant >= 0;
  if (!mask.empty() && llvm::is_contained(mask.getArguments(), value))
    return true;
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  auto any = [&](ValueRange values) {
    return llvm::any_of(values, [&](Value v) { return isNonNegative(v); });
  };
  if (isa<arith::AddIOp, arith::MulIOp, arith::MinSIOp, arith::DivSIOp,
          arith::FloorDivSIOp, arith::CeilDivSIOp, arith::DivUIOp,
          arith::RemUIOp>(op))
    return areNonNegative(op->getOperands());
  if (isa<arith::RemSIOp, arith::ShRSIOp>(op))
    return isNonNegative(op->getOperand(0));
  if (isa<arith::SelectOp>(op))
    return areNonNegative(op->getOperands().drop_front());
  if (isa<arith::MaxSIOp>(op))
    return any(op->getOperands());
  // Positions fit 32 bits; fewer bits may not hold them. A condition is -1
  // or 1.
  if (isa<arith::IndexCastUIOp>(op) && op->getOperand(0).getType().isInteger(1))
    return true;
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op))
    return (value.getType().isIndex() ||
            value.getType().getIntOrFloatBitWidth() >= 32) &&
           isNonNegative(op->getOperand(0));
  return isa<math::AbsIOp, arith::ExtUIOp>(op);
}

bool MaskFormulas::areNonNegative(ValueRange values) const {
  return llvm::all_of(values, [&](Value v) { return isNonNegative(v); });
}

bool MaskFormulas::isDivision(Operation *op) const {
  return isa<arith::DivSIOp>(op) ||
         (isa<arith::DivUIOp>(op) && areNonNegative(op->getOperands()));
}

bool MaskFormulas::isRemainder(Operation *op) const {
  return isa<arith::RemSIOp>(op) ||
         (isa<arith::RemUIOp>(op) && areNonNegative(op->getOperands()));
}

std::optional<std::pair<Value, Value>>
MaskFormulas::matchFloorMod(Value value) const {
  auto sub = value.getDefiningOp<arith::SubIOp>();
  auto mul = sub ? sub.getRhs().getDefiningOp<arith::MulIOp>() : nullptr;
  if (!mul)
    return std::nullopt;
  for (auto [quotient, size] : {std::pair(mul.getLhs(), mul.getRhs()),
                                std::pair(mul.getRhs(), mul.getLhs())}) {
    Operation *div = quotient.getDefiningOp();
    // Without negative numbers all divisions round down.
    if (!div || !(isa<arith::FloorDivSIOp>(div) ||
                  (isDivision(div) && areNonNegative(div->getOperands()))))
      continue;
    Value divisor = div->getOperand(1);
    if (div->getOperand(0) == sub.getLhs() &&
        (divisor == size ||
         (asConstant(size) && asConstant(size) == asConstant(divisor))) &&
        isUniform(size))
      return std::pair(sub.getLhs(), size);
  }
  return std::nullopt;
}

void LinearForm::add(int64_t factor, Value term) {
  for (auto *it = terms.begin(); it != terms.end(); ++it)
    if (it->second == term) {
      it->first += factor;
      if (!it->first)
        terms.erase(it);
      return;
    }
  terms.push_back({factor, term});
}

void LinearForm::add(int64_t factor, const LinearForm &form) {
  query += factor * form.query;
  key += factor * form.key;
  constant += factor * form.constant;
  for (auto [scale, term] : form.terms)
    add(factor * scale, term);
}

LinearForm MaskFormulas::linearize(Value value) const {
  LinearForm form;
  accumulate(value, 1, form);
  return form;
}

/// Adds scale * value to `form`.
void MaskFormulas::accumulate(Value value, int64_t scale,
                              LinearForm &form) const {
  if (auto constant = asConstant(value)) {
    form.constant += scale * *constant;
    return;
  }
  if (!mask.empty() && value == mask.getArgument(2)) {
    form.query += scale;
    return;
  }
  if (!mask.empty() && value == mask.getArgument(3)) {
    form.key += scale;
    return;
  }
  // What depends on no position, or is summed up as a whole, stays whole.
  bool isWhole = isUniform(value) || isFact(value) ||
                 !value.getType().isIndex() || matchFloorMod(value);
  Operation *op = isWhole ? nullptr : value.getDefiningOp();
  if (auto add = dyn_cast_or_null<arith::AddIOp>(op)) {
    accumulate(add.getLhs(), scale, form);
    return accumulate(add.getRhs(), scale, form);
  }
  if (auto sub = dyn_cast_or_null<arith::SubIOp>(op)) {
    accumulate(sub.getLhs(), scale, form);
    return accumulate(sub.getRhs(), -scale, form);
  }
  if (auto mul = dyn_cast_or_null<arith::MulIOp>(op)) {
    if (auto factor = asConstant(mul.getRhs()))
      return accumulate(mul.getLhs(), scale * *factor, form);
    if (auto factor = asConstant(mul.getLhs()))
      return accumulate(mul.getRhs(), scale * *factor, form);
  }
  form.add(scale, value);
}

/// Whether a value is the same for many neighbouring positions, so that a tile
/// may see only one.
static bool isCoarse(const MaskFormulas &formulas, Value value) {
  if (formulas.isUniform(value))
    return true;
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (isa<arith::FloorDivSIOp, arith::ShRSIOp>(op) || formulas.isDivision(op))
    return true;
  return isa<arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::MinSIOp,
             arith::MaxSIOp, arith::IndexCastOp>(op) &&
         llvm::all_of(op->getOperands(),
                      [&](Value v) { return isCoarse(formulas, v); });
}

bool MaskFormulas::isBounded(Value value) const {
  if (isUniform(value) || isFact(value))
    return true;
  Type type = value.getType();
  if (isa<BlockArgument>(value))
    return type.isIndex();
  Operation *op = value.getDefiningOp();
  auto all = [&](ValueRange values) {
    return llvm::all_of(values, [&](Value v) { return isBounded(v); });
  };
  if (auto load = dyn_cast<LoadOp>(op))
    return (type.isIntOrIndex() || type.isF32()) && all(load.getIndices()) &&
           llvm::all_of(load.getIndices(),
                        [&](Value v) { return isCoarse(*this, v); });
  if (type.isInteger(1))
    return true; // asked for as a formula
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtUIOp>(op) &&
      op->getOperand(0).getType().isInteger(1))
    return true;
  if (isa<arith::ExtSIOp>(op) && !op->getOperand(0).getType().isInteger(1))
    return isBounded(op->getOperand(0));
  if (isa<arith::IndexCastOp>(op))
    return (type.isIndex() || type.getIntOrFloatBitWidth() >= 32) &&
           isBounded(op->getOperand(0));
  if (type.isF32())
    return isa<arith::SIToFPOp, arith::NegFOp, arith::AddFOp, arith::SubFOp,
               arith::ExtFOp>(op) &&
           all(op->getOperands());
  if (!type.isIndex())
    return false; // narrow integers wrap around
  if (isa<arith::FloorDivSIOp, arith::CeilDivSIOp>(op) || isDivision(op) ||
      isRemainder(op))
    return isUniform(op->getOperand(1)) && isBounded(op->getOperand(0));
  if (isa<arith::ShRSIOp>(op))
    return asConstant(op->getOperand(1)) && isBounded(op->getOperand(0));
  if (isa<arith::SelectOp>(op))
    return all(op->getOperands().drop_front());
  return isa<arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::MinSIOp,
             arith::MaxSIOp, math::AbsIOp>(op) &&
         all(op->getOperands());
}

bool MaskFormulas::isBoundedForm(const LinearForm &form) const {
  return llvm::all_of(form.terms,
                      [&](auto term) { return isBounded(term.second); });
}

//===----------------------------------------------------------------------===//
// Conditions
//===----------------------------------------------------------------------===//

static MaskFormula known(bool value) {
  return {value ? MaskFormula::And : MaskFormula::Or};
}

static MaskFormula leaf(MaskLiteral literal) {
  MaskFormula formula{MaskFormula::Literal};
  formula.literal = std::move(literal);
  return formula;
}

static MaskFormula combine(bool conjunction, MaskFormula x, MaskFormula y) {
  MaskFormula formula{conjunction ? MaskFormula::And : MaskFormula::Or};
  for (MaskFormula *part : {&x, &y})
    if (part->kind == formula.kind)
      for (MaskFormula &child : part->children)
        formula.children.push_back(std::move(child));
    else
      formula.children.push_back(std::move(*part));
  return formula;
}

static MaskFormula unknown(Value value) {
  MaskLiteral literal{MaskLiteral::Unknown};
  literal.value = value;
  return leaf(literal);
}

MaskFormula MaskFormulas::build(bool negated) {
  if (mask.empty())
    return known(!negated);
  return formulaOf(cast<YieldOp>(mask.front().getTerminator()).getValue(),
                   negated);
}

MaskFormula MaskFormulas::formulaOf(Value value, bool negated) const {
  if (auto constant = asConstant(value))
    return known((*constant != 0) != negated);
  if (isUniform(value) || isFact(value)) {
    // A condition on one position alone is known exactly: whether it holds for
    // all, and for any of the positions of a block.
    MaskLiteral literal{MaskLiteral::Truth};
    literal.value = value;
    literal.negated = negated;
    return leaf(literal);
  }
  Operation *op = value.getDefiningOp();
  auto both = [&](bool conjunction, Value x, bool notX, Value y, bool notY) {
    return combine(conjunction != negated, formulaOf(x, notX != negated),
                   formulaOf(y, notY != negated));
  };
  if (isa<arith::AndIOp, arith::OrIOp>(op))
    return both(isa<arith::AndIOp>(op), op->getOperand(0), false,
                op->getOperand(1), false);
  auto different = [&](Value x, Value y, bool equal) {
    return combine(false,
                   combine(true, formulaOf(x, false), formulaOf(y, !equal)),
                   combine(true, formulaOf(x, true), formulaOf(y, equal)));
  };
  if (isa<arith::XOrIOp>(op))
    return different(op->getOperand(0), op->getOperand(1), negated);
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    Value condition = select.getCondition();
    return combine(false,
                   combine(true, formulaOf(condition, false),
                           formulaOf(select.getTrueValue(), negated)),
                   combine(true, formulaOf(condition, true),
                           formulaOf(select.getFalseValue(), negated)));
  }
  if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
    if (!compare.getLhs().getType().isInteger(1))
      return compareIntegers(compare, negated);
    using P = arith::CmpIPredicate;
    if (compare.getPredicate() == P::eq || compare.getPredicate() == P::ne)
      return different(compare.getLhs(), compare.getRhs(),
                       (compare.getPredicate() == P::eq) != negated);
  }
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    return compareFloats(compare, negated);
  if (auto load = dyn_cast<LoadOp>(op); load && isBounded(value)) {
    MaskLiteral literal{MaskLiteral::Truth};
    literal.value = value;
    literal.negated = negated;
    return leaf(literal);
  }
  return unknown(value);
}

/// sign * difference + constant >= 0
static MaskFormula atLeast(const LinearForm &difference, int64_t sign,
                           int64_t constant) {
  MaskLiteral literal{MaskLiteral::AtLeastZero};
  literal.form.constant = constant;
  literal.form.add(sign, difference);
  return leaf(literal);
}

/// |x|: x.
static Value matchAbs(Value value) {
  if (auto abs = value.getDefiningOp<math::AbsIOp>())
    return abs.getOperand();
  return {};
}

/// A comparison of a remainder with 0, or with another one by the same divisor,
/// is one of divisibility.
std::optional<MaskFormula> MaskFormulas::matchMultiple(arith::CmpIOp compare,
                                                       bool negated) const {
  using P = arith::CmpIPredicate;
  P predicate = compare.getPredicate();
  if (predicate != P::eq && predicate != P::ne)
    return std::nullopt;
  MaskLiteral literal{MaskLiteral::Multiple};
  literal.negated = (predicate == P::ne) != negated;
  Value lhs = compare.getLhs(), rhs = compare.getRhs(), dividend;
  Operation *remainder = lhs.getDefiningOp();
  if (remainder && isRemainder(remainder) && asConstant(rhs) == 0) {
    dividend = remainder->getOperand(0);
    literal.divisor = remainder->getOperand(1);
    if (Value inner = matchAbs(dividend))
      dividend = inner;
    literal.form = linearize(dividend);
  } else if (auto mod = matchFloorMod(lhs)) {
    // x mod n == y mod n: x - y is a multiple.
    auto other = matchFloorMod(rhs);
    literal.form = linearize(mod->first);
    if (other && other->second == mod->second)
      literal.form.add(-1, linearize(other->first));
    else if (asConstant(rhs) != 0)
      return std::nullopt;
    literal.divisor = mod->second;
  } else {
    return std::nullopt;
  }
  bool isExact = isUniform(literal.divisor) &&
                 llvm::all_of(literal.form.terms, [&](auto term) {
                   return isUniform(term.second);
                 });
  if (!isExact)
    return std::nullopt;
  literal.value = compare.getResult();
  return leaf(literal);
}

MaskFormula MaskFormulas::compareIntegers(arith::CmpIOp compare,
                                          bool negated) const {
  using P = arith::CmpIPredicate;
  if (auto multiple = matchMultiple(compare, negated))
    return *multiple;
  P predicate = negated ? arith::invertPredicate(compare.getPredicate())
                        : compare.getPredicate();
  if (Value inner = matchAbs(compare.getLhs());
      inner && (predicate == P::sle || predicate == P::slt)) {
    LinearForm limit = linearize(compare.getRhs()), x = linearize(inner);
    int64_t strict = predicate == P::slt ? -1 : 0;
    LinearForm low = limit, high = limit; // limit + x and limit - x
    low.add(1, x);
    high.add(-1, x);
    if (isBoundedForm(low) && isBoundedForm(high))
      return combine(true, atLeast(low, 1, strict), atLeast(high, 1, strict));
  }
  LinearForm difference = linearize(compare.getLhs());
  accumulate(compare.getRhs(), -1, difference);
  if (!isBoundedForm(difference))
    return unknown(compare.getResult());
  switch (predicate) {
  case P::sge:
    return atLeast(difference, 1, 0);
  case P::sgt:
    return atLeast(difference, 1, -1);
  case P::sle:
    return atLeast(difference, -1, 0);
  case P::slt:
    return atLeast(difference, -1, -1);
  case P::eq:
    return combine(true, atLeast(difference, 1, 0), atLeast(difference, -1, 0));
  case P::ne:
    return combine(false, atLeast(difference, 1, -1),
                   atLeast(difference, -1, -1));
  default:
    return unknown(compare.getResult());
  }
}

MaskFormula MaskFormulas::compareFloats(arith::CmpFOp compare,
                                        bool negated) const {
  if (!compare.getLhs().getType().isF32() || !isBounded(compare.getLhs()) ||
      !isBounded(compare.getRhs()))
    return unknown(compare.getResult());
  MaskLiteral literal{MaskLiteral::Ordered};
  literal.lhs = compare.getLhs();
  literal.rhs = compare.getRhs();
  literal.predicate = compare.getPredicate();
  literal.negated = negated;
  literal.value = compare.getResult();
  return leaf(literal);
}
