//===- KeyRange.cpp - key tiles of a block of rows ------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KeyRange.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace mlir::attn;

namespace {
/// i32 arithmetic in one line each.
struct Integers {
  ImplicitLocOpBuilder b;

  Value constant(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  Value scaled(int64_t factor, Value x) {
    return factor == 1 ? x
                       : Value(arith::MulIOp::create(b, x, constant(factor)));
  }
  Value min(Value x, Value y) { return arith::MinSIOp::create(b, x, y); }
  Value max(Value x, Value y) { return arith::MaxSIOp::create(b, x, y); }
  Value floorDiv(Value x, int64_t n) { // n > 0
    return arith::FloorDivSIOp::create(b, x, constant(n));
  }
  Value isNegative(Value x) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, x, constant(0));
  }
  Value select(Value c, Value x, Value y) {
    return arith::SelectOp::create(b, c, x, y);
  }
};
} // namespace

/// constant + sum of the terms: the part of a conjunct without the indices.
static Value offsetOf(Integers &e, const LinearConjunct &conjunct,
                      LiftedRegion &scalars) {
  Value sum =
      e.constant(std::clamp(conjunct.constant, -kIndexLimit, kIndexLimit));
  for (auto [factor, term] : conjunct.terms) {
    Value scalar = scalars.lift(e.b, term);
    if (!scalar)
      return {};
    sum = e.add(sum, e.scaled(factor, scalar));
  }
  return sum;
}

FailureOr<KeyRange> attn::buildKeyRange(OpBuilder &builder, Location loc,
                                        const BlockExtent &block,
                                        const MaskBounds &bounds,
                                        LiftedRegion &scalars) {
  Integers e{ImplicitLocOpBuilder(loc, builder)};
  Value zero = e.constant(0);
  Value lastKey = e.sub(block.keyLength, e.constant(1));
  // Keys [anyLow, anyHigh] are kept by some row, [allLow, allHigh] by all.
  Value anyLow = zero, anyHigh = lastKey, allLow = zero, allHigh = lastKey;
  bool boundedBelow = false;

  for (const LinearConjunct &conjunct : bounds.conjuncts) {
    Value offset = offsetOf(e, conjunct, scalars);
    if (!offset)
      return failure();
    // The smallest and largest value over the rows of offset + query * i.
    Value first = e.add(offset, e.scaled(conjunct.query, block.firstRow));
    Value last = e.add(offset, e.scaled(conjunct.query, block.lastRow));
    Value low = conjunct.query >= 0 ? first : last;
    Value high = conjunct.query >= 0 ? last : first;
    if (conjunct.query == 0)
      low = high = offset;
    if (conjunct.key < 0) { // j <= offset + query * i
      anyHigh = e.min(anyHigh, high);
      allHigh = e.min(allHigh, low);
    } else if (conjunct.key > 0) { // j >= -(offset + query * i)
      anyLow = e.max(anyLow, e.sub(zero, high));
      allLow = e.max(allLow, e.sub(zero, low));
      boundedBelow = true;
    } else { // rows only: no row passes, or not all do
      anyHigh = e.select(e.isNegative(high), e.constant(-1), anyHigh);
      allHigh = e.select(e.isNegative(low), e.constant(-1), allHigh);
    }
  }

  KeyRange range;
  Value begin = e.floorDiv(anyLow, block.n);
  Value end = e.add(e.floorDiv(anyHigh, block.n), e.constant(1));
  range.last = e.sub(end, e.constant(1));
  range.keyEnd = e.max(e.add(anyHigh, e.constant(1)), zero);
  range.count = e.max(e.sub(end, begin), zero);
  if (!bounds.complete)
    return range;
  Value fullEnd = e.floorDiv(e.add(allHigh, e.constant(1)), block.n);
  auto clamped = [&](Value x) { return e.min(e.max(x, zero), range.count); };
  range.fullBegin = clamped(e.sub(end, fullEnd));
  if (boundedBelow) {
    Value fullFirst =
        e.floorDiv(e.add(allLow, e.constant(block.n - 1)), block.n);
    range.fullEnd = e.max(clamped(e.sub(end, fullFirst)), range.fullBegin);
  }
  return range;
}

FailureOr<RowLimits> attn::buildRowLimits(OpBuilder &builder, Location loc,
                                          FragmentTypes types, Value rows,
                                          const MaskBounds &bounds,
                                          LiftedRegion &scalars) {
  Integers e{ImplicitLocOpBuilder(loc, builder)};
  RankedTensorType type = types.rows(builder.getI32Type());
  auto spread = [&](Value scalar) {
    return LiftedRegion::to(builder, loc, scalar, type);
  };
  RowLimits limits;
  for (const LinearConjunct &conjunct : bounds.conjuncts) {
    Value offset = offsetOf(e, conjunct, scalars);
    if (!offset)
      return failure();
    Value bound = spread(offset);
    if (conjunct.query == 1)
      bound = e.add(bound, rows);
    else if (conjunct.query != 0)
      bound = e.add(bound, arith::MulIOp::create(
                               e.b, rows, spread(e.constant(conjunct.query))));
    if (conjunct.key < 0) {
      limits.diagonal = limits.high || conjunct.query != 1 ? Value() : offset;
      limits.high = limits.high ? e.min(limits.high, bound) : bound;
    } else {
      Value low = e.sub(spread(e.constant(0)), bound);
      limits.low = limits.low ? e.max(limits.low, low) : low;
    }
  }
  return limits;
}
