//===- MaskIntervals.cpp - what a mask keeps of a rectangle ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/Analysis/MaskIntervals.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include <limits>
#include <numeric>

using namespace mlir;
using namespace mlir::attn;
using P = arith::CmpIPredicate;

/// More clauses than this are not written out.
static constexpr size_t kMaxClauses = 64;

/// Elements of a capture that are read for a rectangle.
static constexpr int64_t kMaxLoads = 64;

/// Scalars beyond it are compared as if they were it, so that sums of a few of
/// them and of positions fit 64 bits.
static constexpr int64_t kScalarLimit = int64_t(1) << 40;

//===----------------------------------------------------------------------===//
// Arithmetic that folds
//===----------------------------------------------------------------------===//

Value MaskIntervals::constant(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}
Value MaskIntervals::add(Value x, Value y) {
  return b.createOrFold<arith::AddIOp>(x, y);
}
Value MaskIntervals::sub(Value x, Value y) {
  return b.createOrFold<arith::SubIOp>(x, y);
}
Value MaskIntervals::mul(Value x, Value y) {
  return b.createOrFold<arith::MulIOp>(x, y);
}
Value MaskIntervals::scaled(int64_t factor, Value x) {
  return mul(x, constant(factor));
}
Value MaskIntervals::min(Value x, Value y) {
  return b.createOrFold<arith::MinSIOp>(x, y);
}
Value MaskIntervals::max(Value x, Value y) {
  return b.createOrFold<arith::MaxSIOp>(x, y);
}
Value MaskIntervals::floorDiv(Value x, Value y) {
  return b.createOrFold<arith::FloorDivSIOp>(x, y);
}
Value MaskIntervals::compare(P predicate, Value x, Value y) {
  return b.createOrFold<arith::CmpIOp>(predicate, x, y);
}
Value MaskIntervals::all(Value x, Value y) {
  return x && y ? b.createOrFold<arith::AndIOp>(x, y) : Value();
}
Value MaskIntervals::any(Value x, Value y) {
  return x && y ? b.createOrFold<arith::OrIOp>(x, y) : x ? x : y;
}
Value MaskIntervals::no(Value x) {
  Value one = arith::ConstantOp::create(b, b.getBoolAttr(true));
  return b.createOrFold<arith::XOrIOp>(x, one);
}
Value MaskIntervals::select(Value condition, Value x, Value y) {
  return b.createOrFold<arith::SelectOp>(condition, x, y);
}

static Value truth(ImplicitLocOpBuilder &b, bool value) {
  return arith::ConstantOp::create(b, b.getBoolAttr(value));
}

//===----------------------------------------------------------------------===//
// Formulas
//===----------------------------------------------------------------------===//

MaskClass MaskIntervals::classify() {
  Value empty = isEmpty(formulas.keep()), full = isEmpty(formulas.drop());
  auto proved = [&](Value value) {
    if (!value)
      return truth(b, false);
    return isWide ? all(value, no(isWide)) : value;
  };
  return {proved(empty), proved(full)};
}

/// The clauses of the disjunctive normal form; false when they are too many.
template <typename Clause>
static bool listClauses(const MaskFormula &formula,
                        SmallVectorImpl<Clause> &clauses) {
  switch (formula.kind) {
  case MaskFormula::Literal:
    clauses.push_back({&formula.literal});
    return true;
  case MaskFormula::Or:
    for (const MaskFormula &child : formula.children)
      if (!listClauses(child, clauses) || clauses.size() > kMaxClauses)
        return false;
    return true;
  case MaskFormula::And:
    SmallVector<Clause> product(1);
    for (const MaskFormula &child : formula.children) {
      SmallVector<Clause> factors, next;
      if (!listClauses(child, factors) ||
          product.size() * factors.size() > kMaxClauses)
        return false;
      for (const Clause &left : product)
        for (const Clause &right : factors) {
          next.push_back(left);
          llvm::append_range(next.back(), right);
        }
      product = std::move(next);
    }
    llvm::append_range(clauses, product);
    return clauses.size() <= kMaxClauses;
  }
  llvm_unreachable("a kind of formula");
}

Value MaskIntervals::isEmpty(const MaskFormula &formula) {
  SmallVector<Clause> clauses;
  if (!listClauses(formula, clauses))
    return isEmptyTree(formula);
  Value empty = truth(b, true);
  for (const Clause &clause : clauses)
    empty = all(empty, isEmptyClause(clause));
  return empty;
}

/// Three-valued logic: what is left when there are too many clauses.
Value MaskIntervals::isEmptyTree(const MaskFormula &formula) {
  if (formula.kind == MaskFormula::Literal)
    return isEmptyClause({&formula.literal});
  bool conjunction = formula.kind == MaskFormula::And;
  Value empty = conjunction ? Value() : truth(b, true);
  for (const MaskFormula &child : formula.children) {
    Value part = isEmptyTree(child);
    empty = conjunction ? any(empty, part) : all(empty, part);
  }
  return empty;
}

/// Conditions on query * i + key * j, the coefficients without a common factor
/// and the first of them positive.
struct MaskIntervals::Group {
  int64_t query, key;
  Value low, high; // null: no limit
  SmallVector<const MaskLiteral *> multiples;
};

Value MaskIntervals::isEmptyClause(ArrayRef<const MaskLiteral *> clause) {
  SmallVector<Group> groups;
  auto groupOf = [&](const LinearForm &form) -> std::pair<Group *, int64_t> {
    int64_t factor = std::gcd(form.query, form.key);
    if (form.query < 0 || (form.query == 0 && form.key < 0))
      factor = -factor;
    int64_t query = form.query / factor, key = form.key / factor;
    for (Group &group : groups)
      if (group.query == query && group.key == key)
        return {&group, factor};
    groups.push_back({query, key, {}, {}, {}});
    return {&groups.back(), factor};
  };

  Value empty;
  for (const MaskLiteral *literal : clause) {
    bool varies = literal->form.query != 0 || literal->form.key != 0;
    if (literal->kind == MaskLiteral::Multiple && varies && !literal->negated) {
      groupOf(literal->form).first->multiples.push_back(literal);
      continue;
    }
    if (literal->kind != MaskLiteral::AtLeastZero || !varies) {
      empty = any(empty, isNever(*literal));
      continue;
    }
    auto [group, factor] = groupOf(literal->form);
    Value rest = sumOf(literal->form, extent, /*positions=*/false).high;
    if (!rest)
      continue;
    // factor * x + rest >= 0
    Value limit = floorDiv(rest, constant(std::abs(factor)));
    if (factor > 0) {
      Value low = sub(constant(0), limit);
      group->low = group->low ? max(group->low, low) : low;
    } else {
      group->high = group->high ? min(group->high, limit) : limit;
    }
  }
  // Limits of a position alone make the rectangle smaller for the others.
  MaskExtent within = extent;
  for (bool together : {false, true})
    for (const Group &group : groups)
      if (together == (group.query != 0 && group.key != 0))
        empty = any(empty, isEmptyGroup(group, within));
  return empty;
}

Value MaskIntervals::isEmptyGroup(const Group &group, MaskExtent &within) {
  LinearForm form;
  form.query = group.query;
  form.key = group.key;
  MaskInterval x = sumOf(form, within, /*positions=*/true);
  if (group.low)
    x.low = max(x.low, group.low);
  if (group.high)
    x.high = min(x.high, group.high);
  if (group.query == 1 && group.key == 0)
    within.firstQuery = x.low, within.lastQuery = x.high;
  if (group.query == 0 && group.key == 1)
    within.firstKey = x.low, within.lastKey = x.high;
  Value empty = compare(P::sgt, x.low, x.high);
  for (const MaskLiteral *literal : group.multiples) {
    // factor * x + rest is a multiple of the divisor.
    int64_t factor = group.query ? literal->form.query / group.query
                                 : literal->form.key / group.key;
    if (factor != 1 && factor != -1)
      continue;
    Value rest = sumOf(literal->form, extent, /*positions=*/false).low;
    Value target = factor == 1 ? sub(constant(0), rest) : rest;
    Value divisor = scalarIndex(literal->divisor);
    Value size = max(divisor, sub(constant(0), divisor));
    // The first value from x.low on that is congruent to the target.
    Value ahead = sub(target, x.low);
    Value first = add(x.low, sub(ahead, mul(floorDiv(ahead, size), size)));
    empty = any(empty, compare(P::sgt, first, x.high));
  }
  return empty;
}

Value MaskIntervals::isNever(const MaskLiteral &literal) {
  switch (literal.kind) {
  case MaskLiteral::Unknown:
    return {};
  case MaskLiteral::AtLeastZero: {
    Value most = sumOf(literal.form, extent, /*positions=*/true).high;
    return most ? compare(P::slt, most, constant(0)) : Value();
  }
  case MaskLiteral::Multiple:
    return isNeverMultiple(literal);
  case MaskLiteral::Ordered:
    return isNeverOrdered(literal);
  case MaskLiteral::Truth: {
    MaskInterval value = integers(literal.value);
    if (literal.negated)
      return value.low ? compare(P::ne, value.low, constant(0)) : Value();
    return value.high ? compare(P::eq, value.high, constant(0)) : Value();
  }
  }
  llvm_unreachable("a kind of literal");
}

/// Of a form that does not vary, or of a negation: all values are multiples
/// when there is one value, or when the divisor is 1.
Value MaskIntervals::isNeverMultiple(const MaskLiteral &literal) {
  MaskInterval x = sumOf(literal.form, extent, /*positions=*/true);
  Value divisor = scalarIndex(literal.divisor);
  Value size = max(divisor, sub(constant(0), divisor));
  Value isOne = compare(P::eq, size, constant(1));
  Value single = compare(P::eq, x.low, x.high);
  Value rest = sub(x.low, mul(floorDiv(x.low, size), size));
  Value isMultiple = compare(P::eq, rest, constant(0));
  if (literal.negated)
    return any(isOne, all(single, isMultiple));
  return all(single, no(isMultiple));
}

/// Comparisons with NaN are false, and a NaN among the values is one of the
/// ends: so nothing is proved of it.
Value MaskIntervals::isNeverOrdered(const MaskLiteral &literal) {
  using F = arith::CmpFPredicate;
  MaskInterval x = floats(literal.lhs), y = floats(literal.rhs);
  if (!x.low || !y.low)
    return {};
  auto holds = [&](F predicate, Value l, Value r) -> Value {
    return arith::CmpFOp::create(b, predicate, l, r);
  };
  // Each condition, and what proves that it holds nowhere.
  Value isLess = holds(F::OLT, x.high, y.low);
  Value isAtMost = holds(F::OLE, x.high, y.low);
  Value isGreater = holds(F::OGT, x.low, y.high);
  Value isAtLeast = holds(F::OGE, x.low, y.high);
  Value isEqual = all(isAtMost, isAtLeast);
  switch (literal.predicate) {
  case F::OLT:
  case F::ULT:
    return literal.negated ? isLess : isAtLeast;
  case F::OLE:
  case F::ULE:
    return literal.negated ? isAtMost : isGreater;
  case F::OGT:
  case F::UGT:
    return literal.negated ? isGreater : isAtMost;
  case F::OGE:
  case F::UGE:
    return literal.negated ? isAtLeast : isLess;
  case F::OEQ:
  case F::UEQ:
    return literal.negated ? isEqual : any(isLess, isGreater);
  case F::ONE:
  case F::UNE:
    return literal.negated ? any(isLess, isGreater) : isEqual;
  default:
    return {};
  }
}

//===----------------------------------------------------------------------===//
// Intervals
//===----------------------------------------------------------------------===//

/// A scalar of the region as an index.
Value MaskIntervals::scalarIndex(Value value) {
  APInt known;
  if (matchPattern(value, m_ConstantInt(&known)))
    return constant(
        std::clamp(known.getSExtValue(), -kScalarLimit, kScalarLimit));
  Value scalar = scalars.scalar(b, value);
  if (scalar.getType().isInteger(1))
    return b.createOrFold<arith::IndexCastUIOp>(b.getIndexType(), scalar);
  if (!scalar.getType().isIndex())
    scalar = b.createOrFold<arith::IndexCastOp>(b.getIndexType(), scalar);
  return min(max(scalar, constant(-kScalarLimit)), constant(kScalarLimit));
}

/// The form with or without its two positions.
MaskInterval MaskIntervals::sumOf(const LinearForm &form,
                                  const MaskExtent &within, bool positions) {
  MaskInterval sum{constant(form.constant), constant(form.constant)};
  auto addScaled = [&](int64_t factor, MaskInterval x) {
    if (factor < 0)
      std::swap(x.low, x.high);
    sum.low = sum.low && x.low ? add(sum.low, scaled(factor, x.low)) : Value();
    sum.high =
        sum.high && x.high ? add(sum.high, scaled(factor, x.high)) : Value();
  };
  if (positions && form.query)
    addScaled(form.query, {within.firstQuery, within.lastQuery});
  if (positions && form.key)
    addScaled(form.key, {within.firstKey, within.lastKey});
  for (auto [factor, term] : form.terms)
    addScaled(factor, integers(term));
  return sum;
}

MaskInterval MaskIntervals::integers(Value value) {
  auto it = known.find(value);
  if (it != known.end())
    return it->second;
  MaskInterval interval = computeIntegers(value);
  known[value] = interval;
  return interval;
}

MaskInterval MaskIntervals::computeIntegers(Value value) {
  if (formulas.isUniform(value)) {
    Value scalar = scalarIndex(value);
    return {scalar, scalar};
  }
  if (formulas.isFact(value)) {
    MaskInterval fact = scalars.fact(b, value);
    if (value.getType().isInteger(64)) {
      Value low = compare(P::eq, fact.low, constant(INT32_MIN));
      Value high = compare(P::eq, fact.high, constant(INT32_MAX));
      isWide = any(isWide, any(low, high));
    }
    return fact;
  }
  if (!formulas.isBounded(value))
    return {};
  if (auto mod = formulas.matchFloorMod(value))
    return remainder(integers(mod->first), scalarIndex(mod->second),
                     /*floored=*/true);
  Operation *op = value.getDefiningOp();
  if (!op || isa<arith::AddIOp, arith::SubIOp>(op))
    return sumOf(formulas.linearize(value), extent, /*positions=*/true);
  if (isa<LoadOp>(op))
    return loaded(value);
  if (op->getNumOperands() > 0 && op->getOperand(0).getType().isInteger(1) &&
      !isa<arith::SelectOp>(op))
    return ofTruth(op->getOperand(0), isa<arith::IndexCastOp>(op) ? -1 : 1);
  if (isa<arith::IndexCastOp, arith::ExtSIOp>(op))
    return integers(op->getOperand(0));
  if (isa<arith::FloorDivSIOp, arith::CeilDivSIOp>(op) ||
      formulas.isDivision(op))
    return quotient(op, integers(op->getOperand(0)),
                    scalarIndex(op->getOperand(1)));
  if (formulas.isRemainder(op))
    return remainder(integers(op->getOperand(0)),
                     scalarIndex(op->getOperand(1)), /*floored=*/false);
  if (isa<math::AbsIOp>(op)) {
    MaskInterval x = integers(op->getOperand(0));
    Value low = sub(constant(0), x.high), high = sub(constant(0), x.low);
    return {max(max(x.low, low), constant(0)), max(x.high, high)};
  }
  bool isSelect = isa<arith::SelectOp>(op);
  MaskInterval x = integers(op->getOperand(isSelect ? 1 : 0)),
               y = integers(op->getOperand(isSelect ? 2 : 1));
  if (isa<arith::MinSIOp>(op))
    return {min(x.low, y.low), min(x.high, y.high)};
  if (isa<arith::MaxSIOp>(op))
    return {max(x.low, y.low), max(x.high, y.high)};
  if (isa<arith::ShRSIOp>(op)) // the amount is a constant
    return {b.createOrFold<arith::ShRSIOp>(x.low, y.low),
            b.createOrFold<arith::ShRSIOp>(x.high, y.low)};
  if (isSelect) {
    Value condition = op->getOperand(0);
    if (!formulas.isUniform(condition))
      return {min(x.low, y.low), max(x.high, y.high)};
    Value which = scalars.scalar(b, condition);
    return {select(which, x.low, y.low), select(which, x.high, y.high)};
  }
  assert(isa<arith::MulIOp>(op) && "isBounded allows no other op");
  Value a = mul(x.low, y.low), c = mul(x.low, y.high), d = mul(x.high, y.low),
        e = mul(x.high, y.high);
  return {min(min(a, c), min(d, e)), max(max(a, c), max(d, e))};
}

/// Division by one number is monotonic, up or down.
MaskInterval MaskIntervals::quotient(Operation *op, MaskInterval x,
                                     Value divisor) {
  auto divided = [&](Value dividend) -> Value {
    if (isa<arith::FloorDivSIOp>(op))
      return floorDiv(dividend, divisor);
    if (isa<arith::CeilDivSIOp>(op))
      return b.createOrFold<arith::CeilDivSIOp>(dividend, divisor);
    return b.createOrFold<arith::DivSIOp>(dividend, divisor);
  };
  Value first = divided(x.low), last = divided(x.high);
  return {min(first, last), max(first, last)};
}

/// Between two multiples the remainder is linear; across one it may be any.
MaskInterval MaskIntervals::remainder(MaskInterval x, Value divisor,
                                      bool floored) {
  Value zero = constant(0), one = constant(1);
  Value first = floorDiv(x.low, divisor), last = floorDiv(x.high, divisor);
  Value isLinear = compare(P::eq, first, last);
  Value base = mul(first, divisor);
  Value low = sub(x.low, base), high = sub(x.high, base);
  if (floored)
    return {select(isLinear, low, min(add(divisor, one), zero)),
            select(isLinear, high, max(sub(divisor, one), zero))};
  // The remainder of the machine has the sign of the dividend.
  Value most = sub(max(divisor, sub(zero, divisor)), one);
  isLinear = all(isLinear, all(compare(P::sge, x.low, zero),
                               compare(P::sgt, divisor, zero)));
  Value least = max(min(x.low, zero), sub(zero, most));
  Value largest = min(max(x.high, zero), most);
  return {select(isLinear, low, least), select(isLinear, high, largest)};
}

/// A condition as a number: 0, or `one`.
MaskInterval MaskIntervals::ofTruth(Value condition, int64_t one) {
  Value never = isEmpty(formulas.formulaOf(condition, false)),
        always = isEmpty(formulas.formulaOf(condition, true));
  Value zero = constant(0), number = constant(one);
  Value mostly = never ? select(never, zero, number) : number;
  Value surely = always ? select(always, number, zero) : zero;
  return {min(mostly, surely), max(mostly, surely)};
}

/// The elements that the rectangle may read, when they are few: one block of a
/// table of blocks, say, or the four that a tile overlaps.
MaskInterval MaskIntervals::loaded(Value value) {
  auto load = cast<LoadOp>(value.getDefiningOp());
  bool isFloat = isa<FloatType>(value.getType());
  Value count = constant(1);
  SmallVector<MaskInterval> ranges;
  for (Value index : load.getIndices()) {
    ranges.push_back(integers(index));
    Value extent = sub(ranges.back().high, ranges.back().low);
    extent = max(min(extent, constant(kMaxLoads)), constant(-1));
    count = mul(count, add(extent, constant(1)));
  }
  Value isFew = compare(P::sle, count, constant(kMaxLoads));
  Type type = isFloat ? value.getType() : Type(b.getIndexType());
  auto branch = scf::IfOp::create(b, TypeRange{type, type}, isFew,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  auto ends = [&](int64_t low, int64_t high, double lowReal, double highReal) {
    auto real = [&](double value) -> Value {
      return arith::ConstantOp::create(b, b.getFloatAttr(type, value));
    };
    return isFloat ? MaskInterval{real(lowReal), real(highReal)}
                   : MaskInterval{constant(low), constant(high)};
  };
  constexpr double kInfinity = std::numeric_limits<double>::infinity(),
                   kNaN = std::numeric_limits<double>::quiet_NaN();
  bool isTruth = value.getType().isInteger(1);
  int64_t most = isTruth ? 1 : 2 * kScalarLimit, least = isTruth ? 0 : -most;
  b.setInsertionPointToStart(branch.elseBlock());
  MaskInterval anything = ends(least, most, kNaN, kNaN);
  scf::YieldOp::create(b, ValueRange{anything.low, anything.high});
  b.setInsertionPointToStart(branch.thenBlock());
  MaskInterval found =
      scan(load, ranges, {}, ends(most, least, kInfinity, -kInfinity));
  scf::YieldOp::create(b, ValueRange{found.low, found.high});
  return {branch.getResult(0), branch.getResult(1)};
}

/// Widens `so far` by the elements at all indices in the remaining ranges.
MaskInterval MaskIntervals::scan(LoadOp load, ArrayRef<MaskInterval> ranges,
                                 SmallVector<Value> indices,
                                 MaskInterval soFar) {
  if (indices.size() == ranges.size()) {
    Value element = scalars.load(b, load, indices);
    if (isa<FloatType>(element.getType()))
      return {arith::MinimumFOp::create(b, soFar.low, element),
              arith::MaximumFOp::create(b, soFar.high, element)};
    if (element.getType().isInteger(1))
      element = arith::IndexCastUIOp::create(b, b.getIndexType(), element);
    else if (!element.getType().isIndex())
      element = arith::IndexCastOp::create(b, b.getIndexType(), element);
    element =
        min(max(element, constant(-kScalarLimit)), constant(kScalarLimit));
    return {min(soFar.low, element), max(soFar.high, element)};
  }
  MaskInterval range = ranges[indices.size()];
  if (range.low == range.high) { // the same for all tiles
    indices.push_back(range.low);
    return scan(load, ranges, indices, soFar);
  }
  auto loop =
      scf::ForOp::create(b, range.low, add(range.high, constant(1)),
                         constant(1), ValueRange{soFar.low, soFar.high});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  indices.push_back(loop.getInductionVar());
  MaskInterval next =
      scan(load, ranges, indices,
           {loop.getRegionIterArg(0), loop.getRegionIterArg(1)});
  scf::YieldOp::create(b, ValueRange{next.low, next.high});
  return {loop.getResult(0), loop.getResult(1)};
}

/// Of f32; rounding keeps the order.
MaskInterval MaskIntervals::floats(Value value) {
  if (formulas.isUniform(value)) {
    Value scalar = scalars.scalar(b, value);
    return {scalar, scalar};
  }
  if (formulas.isFact(value))
    return scalars.fact(b, value);
  if (!formulas.isBounded(value))
    return {};
  Operation *op = value.getDefiningOp();
  if (isa<LoadOp>(op))
    return loaded(value);
  if (isa<arith::ExtFOp>(op)) // a fact of a narrow type is summed up as f32
    return floats(op->getOperand(0));
  if (isa<arith::SIToFPOp>(op)) {
    MaskInterval x = integers(op->getOperand(0));
    auto converted = [&](Value end) -> Value {
      Value wide = arith::IndexCastOp::create(b, b.getI64Type(), end);
      return arith::SIToFPOp::create(b, value.getType(), wide);
    };
    return {converted(x.low), converted(x.high)};
  }
  MaskInterval x = floats(op->getOperand(0));
  if (isa<arith::NegFOp>(op))
    return {arith::NegFOp::create(b, x.high), arith::NegFOp::create(b, x.low)};
  MaskInterval y = floats(op->getOperand(1));
  assert((isa<arith::AddFOp, arith::SubFOp>(op)) &&
         "isBounded allows no other op");
  if (isa<arith::SubFOp>(op))
    y = {arith::NegFOp::create(b, y.high), arith::NegFOp::create(b, y.low)};
  // An infinite end may hide a NaN: x - x makes it one.
  Value check;
  for (Value end : {x.low, x.high, y.low, y.high}) {
    Value zero = arith::SubFOp::create(b, end, end);
    check = check ? arith::AddFOp::create(b, check, zero) : zero;
  }
  auto sum = [&](Value l, Value r) -> Value {
    return arith::AddFOp::create(b, arith::AddFOp::create(b, l, r), check);
  };
  return {sum(x.low, y.low), sum(x.high, y.high)};
}
