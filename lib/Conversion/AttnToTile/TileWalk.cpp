//===- TileWalk.cpp - what a kernel does with each tile -------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Conversion/TileWalk.h"
#include "RegionScalars.h"
#include "TileLoop.h"
#include "attn/Conversion/LiveTiles.h"
#include "attn/Dialect/Attn/Analysis/MaskIntervals.h"
#include "attn/Support/IntegerOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::attn;
using arith::IntegerOps;
using P = arith::CmpIPredicate;

int64_t attn::getQueriesOfBlock(AttentionOpInterface op,
                                tile::ScheduleAttr schedule) {
  return schedule.getM() / int64_t(op.getQueries().size());
}

int64_t attn::getTileSize(AttentionOpInterface op, tile::ScheduleAttr schedule,
                          Axis axis) {
  return axis == Axis::Query ? getQueriesOfBlock(op, schedule)
                             : schedule.getN();
}

TileWalkPlan attn::planTileWalk(AttentionOpInterface op, Axis walked) {
  TileWalkPlan plan;
  Region &mask = op.getMask();
  plan.undecided = getUndecided(mask);
  if (needsLiveTiles(mask, walked)) {
    plan.walk = TileWalk::List;
    plan.readsCaptures = !MaskFormulas(mask).getFacts().empty();
    plan.knowsFullTiles = !isWalkOrdered(op, walked);
    return plan;
  }
  MaskBounds bounds = analyzeMask(mask, walked);
  plan.walk = bounds.limits.empty() ? TileWalk::All : TileWalk::Range;
  plan.knowsFullTiles = bounds.complete;
  return plan;
}

namespace {
/// One of the two positions: its tiles, and the facts that are read by it
/// alone, with the ends that they have in each tile.
struct Side {
  Axis axis;
  Value length = {}, size = {}, tiles = {}; // index
  SmallVector<Value> facts = {};
  Value table = {}; // null without facts
};

/// The walk of one batch and head, block by block.
class TileTreatments : IntegerOps {
public:
  TileTreatments(ImplicitLocOpBuilder &builder, AttentionOpInterface op,
                 tile::ScheduleAttr schedule, Axis walked,
                 const TileWalkOperands &operands)
      : IntegerOps{builder}, op(op), schedule(schedule), o(operands),
        formulas(op.getMask()), walked(walked == Axis::Query ? queries : keys),
        blocks(walked == Axis::Query ? keys : queries) {}

  LogicalResult build() {
    zero = index(0);
    one = index(1);
    queries.length = o.queries;
    keys.length = o.keys;
    for (Side *side : {&queries, &keys}) {
      side->size = index(getTileSize(op, schedule, side->axis));
      side->tiles = ceilDiv(side->length, side->size);
    }
    bool isListed = needsLiveTiles(op.getMask(), walked.axis);
    if (isListed)
      summarizeFacts();
    LogicalResult result = success();
    loop(zero, blocks.tiles, one, [&](Value block) {
      result = isListed ? walkList(block) : walkRange(block);
    });
    for (Value table : {queries.table, keys.table})
      if (table)
        memref::DeallocOp::create(b, table);
    return result;
  }

private:
  Value treatment(TileTreatment value) {
    return arith::ConstantOp::create(b, b.getI8IntegerAttr(int8_t(value)));
  }
  void loop(Value from, Value to, Value step, function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(b, from, to, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  }
  void put(Value block, Value tile, Value treatment) {
    bool isTransposed = walked.axis == Axis::Query;
    memref::StoreOp::create(
        b, treatment, o.treatments,
        ValueRange{isTransposed ? tile : block, isTransposed ? block : tile});
  }
  /// The first and the last one of a tile.
  std::pair<Value, Value> positionsOf(const Side &side, Value tile) {
    Value first = mul(tile, side.size);
    return {first, sub(min(add(first, side.size), side.length), one)};
  }
  /// The forward kernel has roles; a walk along the queries has none yet.
  bool hasRoles() const {
    return walked.axis == Axis::Key && schedule.getConsumers();
  }
  RegionScalars regionScalars(ImplicitLocOpBuilder &b) {
    return RegionScalars(op, b, o.batch, o.head, [&](Value capture) {
      return o.captures.lookup(capture);
    });
  }

  //===--------------------------------------------------------------------===//
  // A range, as TileRange.cpp gives it to the kernel
  //===--------------------------------------------------------------------===//

  LogicalResult walkRange(Value block) {
    FragmentTypes types{op.getContext(), schedule.getM(),
                        schedule.getRowWarps(), schedule.getGroups()};
    IRMapping captures;
    for (Value capture : op.getCaptures()) {
      Value value = o.captures.lookup(capture);
      captures.map(capture, capture.getType().isIndex()
                                ? narrowIndex(b, b.getLoc(), value)
                                : value);
    }
    LiftedRegion scalars(types, schedule.getN(), captures);
    if (!op.getMask().empty()) {
      scalars.map(op.getMask().getArgument(0), toI32(o.batch));
      scalars.map(op.getMask().getArgument(1), toI32(o.head));
    }
    auto [first, last] = positionsOf(blocks, block);
    FailureOr<TileLoop> range =
        buildTileLoop(b, b.getLoc(),
                      {toI32(first), toI32(last), toI32(walked.length),
                       getTileSize(op, schedule, walked.axis)},
                      analyzeMask(op.getMask(), walked.axis), scalars);
    if (failed(range))
      return failure();
    if (hasRoles())
      maskFirstTile(b, b.getLoc(), *range, !op.getMask().empty());
    loop(zero, walked.tiles, one, [&](Value tile) {
      Value t = sub(range->last, toI32(tile));
      Value visited =
          both(compare(P::sge, t, i32(0)), compare(P::slt, t, range->count));
      Value value = treatment(TileTreatment::Masked);
      if (range->fullBegin) {
        Value full = compare(P::sge, t, range->fullBegin);
        if (range->fullEnd)
          full = both(full, compare(P::slt, t, range->fullEnd));
        value = select(full, treatment(TileTreatment::Unmasked), value);
      }
      put(block, tile,
          select(visited, value, treatment(TileTreatment::Skipped)));
    });
    return success();
  }

  //===--------------------------------------------------------------------===//
  // A list, as LiveTiles.cpp makes it
  //===--------------------------------------------------------------------===//

  void summarizeFacts() {
    for (MaskFact fact : formulas.getFacts())
      (fact.axis == Axis::Query ? queries : keys).facts.push_back(fact.value);
    summarize(queries);
    summarize(keys);
  }

  /// The least and the largest value of each fact, for each tile.
  void summarize(Side &side) {
    ArrayRef<Value> facts = side.facts;
    if (facts.empty())
      return;
    auto type = MemRefType::get(
        {ShapedType::kDynamic, int64_t(2 * facts.size())}, b.getI32Type());
    Value table = side.table = memref::AllocOp::create(b, type, side.tiles);
    loop(zero, side.tiles, one, [&](Value piece) {
      for (size_t i = 0; i < facts.size(); ++i) {
        memref::StoreOp::create(b, i32(INT32_MAX), table,
                                ValueRange{piece, index(2 * i)});
        memref::StoreOp::create(b, i32(INT32_MIN), table,
                                ValueRange{piece, index(2 * i + 1)});
      }
      auto [first, last] = positionsOf(side, piece);
      loop(first, add(last, one), one, [&](Value position) {
        RegionScalars scalars = regionScalars(b);
        scalars.mapPosition(argumentOf(op.getMask(), side.axis), position);
        for (auto [i, fact] : llvm::enumerate(facts)) {
          auto [low, high] = encodeSummary(b, scalars.clone(b, fact));
          widen(table, piece, 2 * i, low, /*largest=*/false);
          widen(table, piece, 2 * i + 1, high, /*largest=*/true);
        }
      });
    });
  }

  void widen(Value table, Value piece, int64_t column, Value value,
             bool largest) {
    Value at[] = {piece, index(column)};
    Value old = memref::LoadOp::create(b, table, at);
    memref::StoreOp::create(b, largest ? max(old, value) : min(old, value),
                            table, at);
  }

  /// Answers the analysis from the summaries.
  class Scalars : public MaskScalars {
  public:
    Scalars(TileTreatments &parent, Value block, Value tile,
            ImplicitLocOpBuilder entry)
        : parent(parent), block(block), tile(tile), entry(entry),
          region(parent.regionScalars(entry)) {}

    /// Before the loop over the tiles: it is the same for all.
    Value scalar(ImplicitLocOpBuilder &, Value value) override {
      return region.clone(entry, value);
    }
    MaskInterval fact(ImplicitLocOpBuilder &b, Value value) override {
      bool isOfQuery = llvm::is_contained(parent.queries.facts, value);
      Side &side = isOfQuery ? parent.queries : parent.keys;
      int64_t number = llvm::find(side.facts, value) - side.facts.begin();
      auto end = [&](int64_t which) {
        Value bits = memref::LoadOp::create(
            b, side.table,
            ValueRange{side.axis == parent.walked.axis ? tile : block,
                       arith::ConstantIndexOp::create(b, 2 * number + which)});
        return decodeSummary(b, value.getType(), bits);
      };
      return {end(0), end(1)};
    }
    Value load(ImplicitLocOpBuilder &b, LoadOp load,
               ValueRange indices) override {
      return region.loadInside(b, load, indices);
    }

  private:
    TileTreatments &parent;
    Value block, tile;
    ImplicitLocOpBuilder entry;
    RegionScalars region;
  };

  LogicalResult walkList(Value block) {
    bool isOrdered = isWalkOrdered(op, walked.axis);
    // The last of the unmasked tiles, and whether any is masked.
    auto loop = scf::ForOp::create(b, zero, walked.tiles, one,
                                   ValueRange{index(-1), i32(0)});
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value tile = loop.getInductionVar();
      auto [empty, full] =
          classify(block, tile, ImplicitLocOpBuilder(b.getLoc(), loop));
      Value unmasked = treatment(TileTreatment::Unmasked);
      Value masked = treatment(TileTreatment::Masked);
      Value visited = isOrdered ? masked : select(full, unmasked, masked);
      Value value = select(empty, treatment(TileTreatment::Skipped), visited);
      put(block, tile, value);
      scf::YieldOp::create(
          b, ValueRange{select(compare(P::eq, value, unmasked), tile,
                               loop.getRegionIterArg(0)),
                        select(compare(P::eq, value, masked), i32(1),
                               loop.getRegionIterArg(1))});
    }
    if (hasRoles())
      maskFirstEntry(block, loop.getResult(0), loop.getResult(1));
    return success();
  }

  /// Masked tiles are first in a list; without one the first entry is the last
  /// unmasked tile, or tile 0 of a list that is empty.
  void maskFirstEntry(Value block, Value lastUnmasked, Value anyMasked) {
    Value wanted = both(compare(P::eq, anyMasked, i32(0)),
                        compare(P::sgt, walked.tiles, zero));
    auto branch = scf::IfOp::create(b, wanted, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    put(block, max(lastUnmasked, zero), treatment(TileTreatment::Masked));
  }

  MaskClass classify(Value block, Value tile, ImplicitLocOpBuilder entry) {
    MaskExtent extent;
    for (Side *side : {&queries, &keys}) {
      bool isWalked = side->axis == walked.axis;
      auto [first, last] = positionsOf(*side, isWalked ? tile : block);
      extent.set(side->axis, first, last);
    }
    Scalars scalars(*this, block, tile, entry);
    MaskClass result = MaskIntervals(formulas, scalars, b, extent).classify();
    // The end of the walk is a mask as well.
    Value end = mul(add(tile, one), walked.size);
    result.full = both(result.full, compare(P::sle, end, walked.length));
    return result;
  }

  AttentionOpInterface op;
  tile::ScheduleAttr schedule;
  const TileWalkOperands &o;
  MaskFormulas formulas;
  Side queries{Axis::Query}, keys{Axis::Key};
  Side &walked, &blocks; ///< along the walk, and the one that is cut to blocks
  Value zero, one;       // index
};
} // namespace

LogicalResult attn::buildTileTreatments(ImplicitLocOpBuilder &b,
                                        AttentionOpInterface op,
                                        tile::ScheduleAttr schedule,
                                        Axis walked,
                                        const TileWalkOperands &operands) {
  return TileTreatments(b, op, schedule, walked, operands).build();
}
