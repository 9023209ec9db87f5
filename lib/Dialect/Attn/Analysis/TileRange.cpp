//===- TileRange.cpp - tiles of a walk in closed form ---------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/Analysis/TileRange.h"
#include "attn/Support/IntegerOps.h"

using namespace mlir;
using namespace mlir::attn;
using arith::IntegerOps;
using P = arith::CmpIPredicate;

static Value scaled(IntegerOps &e, int64_t factor, Value x) {
  return factor == 1 ? x : e.mul(x, e.i32(factor));
}

Value attn::offsetOf(OpBuilder &b, Location loc, const LinearForm &form,
                     function_ref<Value(Value)> scalar) {
  IntegerOps e{ImplicitLocOpBuilder(loc, b)};
  Value sum = e.i32(std::clamp(form.constant, -kIndexLimit, kIndexLimit));
  for (auto [factor, term] : form.terms) {
    Value value = scalar(term);
    if (!value)
      return {};
    sum = e.add(sum, scaled(e, factor, value));
  }
  return sum;
}

namespace {
/// The least and the largest limit that a position of a block has.
struct LimitEnds {
  Value low, high;
};

class RangeBuilder : IntegerOps {
public:
  RangeBuilder(OpBuilder &builder, Location loc, const BlockExtent &block,
               const MaskBounds &bounds, function_ref<Value(Value)> scalar)
      : IntegerOps{ImplicitLocOpBuilder(loc, builder)}, block(block),
        bounds(bounds), scalar(scalar) {}

  FailureOr<TileRange> build() {
    Value zero = i32(0), one = i32(1), tile = i32(block.tile);
    Value lastPosition = sub(block.length, one);
    // Positions [anyLow, anyHigh] are kept by some of the block, [allLow,
    // allHigh] by all.
    anyLow = allLow = zero;
    anyHigh = allHigh = lastPosition;
    for (const PositionLimit &limit : bounds.limits)
      if (failed(apply(limit)))
        return failure();

    TileRange range;
    Value begin = floorDiv(anyLow, tile);
    Value end = add(floorDiv(anyHigh, tile), one);
    if (isBoundedBelow) // no position may be left, inside of one tile
      begin = select(compare(P::sgt, anyLow, anyHigh), end, begin);
    range.last = sub(end, one);
    range.end = max(add(anyHigh, one), zero);
    range.count = max(sub(end, begin), zero);
    if (!bounds.complete)
      return range;
    Value fullEnd = floorDiv(add(allHigh, one), tile);
    auto clamped = [&](Value x) { return min(max(x, zero), range.count); };
    range.fullBegin = clamped(sub(end, fullEnd));
    if (isBoundedBelow) {
      Value fullFirst = floorDiv(add(allLow, i32(block.tile - 1)), tile);
      range.fullEnd = max(clamped(sub(end, fullFirst)), range.fullBegin);
    }
    return range;
  }

private:
  LogicalResult apply(const PositionLimit &limit) {
    FailureOr<LimitEnds> ends = endsOf(limit);
    if (failed(ends))
      return failure();
    auto [low, high] = *ends;
    Value zero = i32(0);
    if (limit.walked < 0) { // at most the limit
      anyHigh = min(anyHigh, high);
      allHigh = min(allHigh, low);
    } else if (limit.walked > 0) { // at least -limit
      anyLow = max(anyLow, sub(zero, high));
      allLow = max(allLow, sub(zero, low));
      isBoundedBelow = true;
    } else { // of the block only: no position passes, or not all do
      anyHigh = select(compare(P::slt, high, zero), i32(-1), anyHigh);
      allHigh = select(compare(P::slt, low, zero), i32(-1), allHigh);
    }
    return success();
  }

  /// Over the block, of the largest alternative without the walked position.
  FailureOr<LimitEnds> endsOf(const PositionLimit &limit) {
    LimitEnds ends;
    for (const LinearForm &form : limit.alternatives) {
      Value offset = offsetOf(b, b.getLoc(), form, scalar);
      if (!offset)
        return failure();
      int64_t factor = form.along(across(bounds.walked));
      Value first = offset, last = offset;
      if (factor != 0) {
        first = add(offset, scaled(*this, factor, block.first));
        last = add(offset, scaled(*this, factor, block.last));
      }
      if (factor < 0)
        std::swap(first, last);
      ends.low = ends.low ? max(ends.low, first) : first;
      ends.high = ends.high ? max(ends.high, last) : last;
    }
    return ends;
  }

  const BlockExtent &block;
  const MaskBounds &bounds;
  function_ref<Value(Value)> scalar;
  Value anyLow, anyHigh, allLow, allHigh;
  bool isBoundedBelow = false;
};
} // namespace

FailureOr<TileRange> attn::buildTileRange(OpBuilder &b, Location loc,
                                          const BlockExtent &block,
                                          const MaskBounds &bounds,
                                          function_ref<Value(Value)> scalar) {
  return RangeBuilder(b, loc, block, bounds, scalar).build();
}
