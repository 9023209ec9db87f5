//===- KeyRange.cpp - key tiles of a block of rows ------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KeyRange.h"
#include "LiveTiles.h"
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

/// constant + sum of the terms: the part of a form without the indices.
static Value offsetOf(Integers &e, const LinearForm &form,
                      LiftedRegion &scalars) {
  Value sum = e.constant(std::clamp(form.constant, -kIndexLimit, kIndexLimit));
  for (auto [factor, term] : form.terms) {
    Value scalar = scalars.lift(e.b, term);
    if (!scalar)
      return {};
    sum = e.add(sum, e.scaled(factor, scalar));
  }
  return sum;
}

namespace {
/// The least and the largest limit that a row of a block has.
struct LimitEnds {
  Value low, high;
};
} // namespace

/// Over the rows, of the largest alternative without its key.
static FailureOr<LimitEnds> endsOf(Integers &e, const KeyLimit &limit,
                                   const BlockExtent &block,
                                   LiftedRegion &scalars) {
  LimitEnds ends;
  for (const LinearForm &form : limit.alternatives) {
    Value offset = offsetOf(e, form, scalars);
    if (!offset)
      return failure();
    Value first = offset, last = offset;
    if (form.query != 0) {
      first = e.add(offset, e.scaled(form.query, block.firstRow));
      last = e.add(offset, e.scaled(form.query, block.lastRow));
    }
    if (form.query < 0)
      std::swap(first, last);
    ends.low = ends.low ? e.max(ends.low, first) : first;
    ends.high = ends.high ? e.max(ends.high, last) : last;
  }
  return ends;
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

  for (const KeyLimit &limit : bounds.limits) {
    FailureOr<LimitEnds> ends = endsOf(e, limit, block, scalars);
    if (failed(ends))
      return failure();
    auto [low, high] = *ends;
    if (limit.key < 0) { // j <= limit
      anyHigh = e.min(anyHigh, high);
      allHigh = e.min(allHigh, low);
    } else if (limit.key > 0) { // j >= -limit
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

static Value loadEntry(OpBuilder &b, Location loc, const KeyRange &range,
                       Value entry) {
  SmallVector<Value> indices(range.row.begin(), range.row.end());
  indices.push_back(entry);
  return tile::LoadConstantOp::create(b, loc, b.getI32Type(), range.lists,
                                      indices);
}

Value KeyRange::tileAt(OpBuilder &b, Location loc, Value t) const {
  if (!lists)
    return arith::SubIOp::create(b, loc, last, t);
  Value first =
      arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(kFirstTile));
  Value entry = arith::AddIOp::create(b, loc, t, first);
  return loadEntry(b, loc, *this,
                   arith::IndexCastOp::create(b, loc, b.getIndexType(), entry));
}

void attn::useLiveTiles(OpBuilder &b, Location loc, KeyRange &range,
                        Value lists, ArrayRef<Value> row, bool isOrdered) {
  range.lists = lists;
  range.row.assign(row.begin(), row.end());
  auto header = [&](int64_t entry) {
    Value index = arith::ConstantIndexOp::create(b, loc, entry);
    return Value(
        tile::UniformOp::create(b, loc, loadEntry(b, loc, range, index)));
  };
  range.count = header(kLiveTiles);
  // In an order that matters full tiles are not told apart.
  range.fullBegin = isOrdered ? Value() : header(kPartialTiles);
  range.fullEnd = {};
  range.last = {};
}

void attn::maskFirstTile(OpBuilder &builder, Location loc, KeyRange &range,
                         bool hasMask) {
  Integers e{ImplicitLocOpBuilder(loc, builder)};
  Value one = e.constant(1);
  if (range.last)
    range.last = e.max(range.last, e.constant(0));
  if (range.fullBegin)
    range.fullBegin = hasMask ? e.max(range.fullBegin, one) : one;
  if (range.fullEnd)
    range.fullEnd = e.max(range.fullEnd, range.fullBegin);
  range.count = e.max(range.count, one);
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
  for (const KeyLimit &limit : bounds.limits) {
    Value bound, offset;
    for (const LinearForm &form : limit.alternatives) {
      offset = offsetOf(e, form, scalars);
      if (!offset)
        return failure();
      Value row = spread(offset);
      if (form.query == 1)
        row = e.add(row, rows);
      else if (form.query != 0)
        row = e.add(row, arith::MulIOp::create(e.b, rows,
                                               spread(e.constant(form.query))));
      bound = bound ? e.max(bound, row) : row;
    }
    if (limit.key < 0) {
      bool isDiagonal = !limits.high && limit.alternatives.size() == 1 &&
                        limit.alternatives.front().query == 1;
      limits.diagonal = isDiagonal ? offset : Value();
      limits.high = limits.high ? e.min(limits.high, bound) : bound;
    } else {
      Value low = e.sub(spread(e.constant(0)), bound);
      limits.low = limits.low ? e.max(limits.low, low) : low;
    }
  }
  return limits;
}
