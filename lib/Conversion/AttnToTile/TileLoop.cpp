//===- TileLoop.cpp - the loop over the tiles of a block ------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TileLoop.h"
#include "attn/Conversion/LiveTiles.h"
#include "attn/Support/IntegerOps.h"

using namespace mlir;
using namespace mlir::attn;
using arith::IntegerOps;

FailureOr<TileLoop> attn::buildTileLoop(OpBuilder &b, Location loc,
                                        const BlockExtent &block,
                                        const MaskBounds &bounds,
                                        LiftedRegion &scalars) {
  FailureOr<TileRange> range = buildTileRange(
      b, loc, block, bounds, [&](Value term) { return scalars.lift(b, term); });
  if (failed(range))
    return failure();
  return TileLoop{*range, {}, {}};
}

static Value loadEntry(OpBuilder &b, Location loc, const TileLoop &loop,
                       Value entry) {
  SmallVector<Value> indices(loop.row.begin(), loop.row.end());
  indices.push_back(entry);
  return tile::LoadConstantOp::create(b, loc, b.getI32Type(), loop.lists,
                                      indices);
}

Value TileLoop::tileAt(OpBuilder &b, Location loc, Value t) const {
  if (!lists)
    return arith::SubIOp::create(b, loc, last, t);
  Value first =
      arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(kFirstTile));
  Value entry = arith::AddIOp::create(b, loc, t, first);
  return loadEntry(b, loc, *this,
                   arith::IndexCastOp::create(b, loc, b.getIndexType(), entry));
}

void attn::useLiveTiles(OpBuilder &b, Location loc, TileLoop &loop, Value lists,
                        ArrayRef<Value> row, bool isOrdered) {
  loop.lists = lists;
  loop.row.assign(row.begin(), row.end());
  auto header = [&](int64_t entry) {
    Value index = arith::ConstantIndexOp::create(b, loc, entry);
    return Value(
        tile::UniformOp::create(b, loc, loadEntry(b, loc, loop, index)));
  };
  loop.count = header(kLiveTiles);
  // In an order that matters full tiles are not told apart.
  loop.fullBegin = isOrdered ? Value() : header(kPartialTiles);
  loop.fullEnd = {};
  loop.last = {};
}

void attn::maskFirstTile(OpBuilder &builder, Location loc, TileLoop &loop,
                         bool hasMask) {
  IntegerOps e{ImplicitLocOpBuilder(loc, builder)};
  Value one = e.i32(1);
  if (loop.last)
    loop.last = e.max(loop.last, e.i32(0));
  if (loop.fullBegin)
    loop.fullBegin = hasMask ? e.max(loop.fullBegin, one) : one;
  if (loop.fullEnd)
    loop.fullEnd = e.max(loop.fullEnd, loop.fullBegin);
  loop.count = e.max(loop.count, one);
}

FailureOr<RowLimits> attn::buildRowLimits(OpBuilder &builder, Location loc,
                                          FragmentTypes types, Value rows,
                                          const MaskBounds &bounds,
                                          LiftedRegion &scalars) {
  assert(bounds.walked == Axis::Key && "expected limits of the keys");
  IntegerOps e{ImplicitLocOpBuilder(loc, builder)};
  RankedTensorType type = types.rows(builder.getI32Type());
  auto spread = [&](Value scalar) {
    return LiftedRegion::to(builder, loc, scalar, type);
  };
  RowLimits limits;
  for (const PositionLimit &limit : bounds.limits) {
    Value bound, offset;
    for (const LinearForm &form : limit.alternatives) {
      offset = offsetOf(builder, loc, form, [&](Value term) {
        return scalars.lift(builder, term);
      });
      if (!offset)
        return failure();
      Value row = spread(offset);
      if (form.query == 1)
        row = e.add(row, rows);
      else if (form.query != 0)
        row = e.add(row, e.mul(rows, spread(e.i32(form.query))));
      bound = bound ? e.max(bound, row) : row;
    }
    if (limit.walked < 0) {
      bool isDiagonal = !limits.high && limit.alternatives.size() == 1 &&
                        limit.alternatives.front().query == 1;
      limits.diagonal = isDiagonal ? offset : Value();
      limits.high = limits.high ? e.min(limits.high, bound) : bound;
    } else {
      Value low = e.sub(spread(e.i32(0)), bound);
      limits.low = limits.low ? e.max(limits.low, low) : low;
    }
  }
  return limits;
}
