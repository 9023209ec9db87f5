//===- KeyTiles.cpp - what a kernel does with each key tile ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Conversion/KeyTiles.h"
#include "KeyRange.h"
#include "LiveTiles.h"
#include "RegionScalars.h"
#include "attn/Dialect/Attn/Analysis/MaskIntervals.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::attn;
using P = arith::CmpIPredicate;

int64_t attn::getQueriesOfBlock(AttentionOpInterface op,
                                tile::ScheduleAttr schedule) {
  return schedule.getM() / int64_t(op.getQueries().size());
}

KeyTilePlan attn::planKeyTiles(AttentionOpInterface op) {
  KeyTilePlan plan;
  Region &mask = op.getMask();
  plan.undecided = getUndecided(mask);
  MaskBounds bounds = analyzeMask(mask);
  if (needsLiveTiles(mask)) {
    plan.walk = KeyTileWalk::List;
    plan.readsCaptures = !MaskFormulas(mask).getFacts().empty();
    plan.knowsFullTiles = !op.getNormalizerOrDefault().dependsOnOrder();
    return plan;
  }
  plan.walk = bounds.limits.empty() ? KeyTileWalk::All : KeyTileWalk::Range;
  plan.knowsFullTiles = bounds.complete;
  return plan;
}

namespace {
/// The walk of one batch and head, block by block.
class TileTreatments {
public:
  TileTreatments(ImplicitLocOpBuilder &b, AttentionOpInterface op,
                 tile::ScheduleAttr schedule, const TileWalkOperands &operands)
      : b(b), op(op), schedule(schedule), o(operands), formulas(op.getMask()) {}

  LogicalResult build() {
    zero = index(0);
    one = index(1);
    m = index(getQueriesOfBlock(op, schedule));
    n = index(schedule.getN());
    blocks = arith::CeilDivSIOp::create(b, o.queries, m);
    tiles = arith::CeilDivSIOp::create(b, o.keys, n);
    bool isListed = needsLiveTiles(op.getMask());
    if (isListed)
      summarizeFacts();
    LogicalResult result = success();
    loop(zero, blocks, one, [&](Value block) {
      result = isListed ? walkList(block) : walkRange(block);
    });
    for (Value table : {rowTable, keyTable})
      if (table)
        memref::DeallocOp::create(b, table);
    return result;
  }

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value i32(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  Value treatment(TileTreatment value) {
    return arith::ConstantOp::create(b, b.getI8IntegerAttr(int8_t(value)));
  }
  Value toI32(Value value) {
    return arith::IndexCastOp::create(b, b.getI32Type(), value);
  }
  Value compare(P predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, predicate, x, y);
  }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  Value mul(Value x, Value y) { return arith::MulIOp::create(b, x, y); }
  Value min(Value x, Value y) { return arith::MinSIOp::create(b, x, y); }
  Value max(Value x, Value y) { return arith::MaxSIOp::create(b, x, y); }
  Value both(Value x, Value y) { return arith::AndIOp::create(b, x, y); }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, condition, x, y);
  }
  void loop(Value from, Value to, Value step, function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(b, from, to, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  }
  void put(Value block, Value tile, Value treatment) {
    memref::StoreOp::create(b, treatment, o.treatments,
                            ValueRange{block, tile});
  }
  RegionScalars regionScalars(ImplicitLocOpBuilder &b) {
    return RegionScalars(op, b, o.batch, o.head, [&](Value capture) {
      return o.captures.lookup(capture);
    });
  }

  //===--------------------------------------------------------------------===//
  // A range, as KeyRange.cpp gives it to the kernel
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
    Value firstRow = mul(block, m);
    Value lastRow = sub(min(add(firstRow, m), o.queries), one);
    BlockExtent extent{toI32(firstRow), toI32(lastRow), toI32(o.keys),
                       schedule.getN()};
    FailureOr<KeyRange> range = buildKeyRange(
        b, b.getLoc(), extent, analyzeMask(op.getMask()), scalars);
    if (failed(range))
      return failure();
    if (schedule.getConsumers())
      maskFirstTile(b, b.getLoc(), *range, !op.getMask().empty());
    loop(zero, tiles, one, [&](Value tile) {
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
      (fact.positions == Positions::Query ? rowFacts : keyFacts)
          .push_back(fact.value);
    rowTable = summarize(rowFacts, 2, blocks, m, o.queries);
    keyTable = summarize(keyFacts, 3, tiles, n, o.keys);
  }

  /// The least and the largest value of each fact, for each piece of `size`
  /// positions.
  Value summarize(ArrayRef<Value> facts, unsigned argument, Value pieces,
                  Value size, Value length) {
    if (facts.empty())
      return {};
    auto type = MemRefType::get(
        {ShapedType::kDynamic, int64_t(2 * facts.size())}, b.getI32Type());
    Value table = memref::AllocOp::create(b, type, pieces);
    loop(zero, pieces, one, [&](Value piece) {
      for (size_t i = 0; i < facts.size(); ++i) {
        memref::StoreOp::create(b, i32(INT32_MAX), table,
                                ValueRange{piece, index(2 * i)});
        memref::StoreOp::create(b, i32(INT32_MIN), table,
                                ValueRange{piece, index(2 * i + 1)});
      }
      Value first = mul(piece, size);
      loop(first, min(add(first, size), length), one, [&](Value position) {
        RegionScalars scalars = regionScalars(b);
        scalars.mapPosition(op.getMask().getArgument(argument), position);
        for (auto [i, fact] : llvm::enumerate(facts)) {
          auto [low, high] = encodeSummary(b, scalars.clone(b, fact));
          widen(table, piece, 2 * i, low, /*largest=*/false);
          widen(table, piece, 2 * i + 1, high, /*largest=*/true);
        }
      });
    });
    return table;
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
      bool isOfQuery = llvm::is_contained(parent.rowFacts, value);
      ArrayRef<Value> facts = isOfQuery ? parent.rowFacts : parent.keyFacts;
      int64_t number = llvm::find(facts, value) - facts.begin();
      auto end = [&](int64_t which) {
        Value bits = memref::LoadOp::create(
            b, isOfQuery ? parent.rowTable : parent.keyTable,
            ValueRange{isOfQuery ? block : tile,
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
    bool isOrdered = op.getNormalizerOrDefault().dependsOnOrder();
    // The last of the unmasked tiles, and whether any is masked.
    auto loop =
        scf::ForOp::create(b, zero, tiles, one, ValueRange{index(-1), i32(0)});
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
    if (schedule.getConsumers())
      maskFirstEntry(block, loop.getResult(0), loop.getResult(1));
    return success();
  }

  /// Masked tiles are first in a list; without one the first entry is the last
  /// unmasked tile, or tile 0 of a list that is empty.
  void maskFirstEntry(Value block, Value lastUnmasked, Value anyMasked) {
    Value wanted =
        both(compare(P::eq, anyMasked, i32(0)), compare(P::sgt, tiles, zero));
    auto branch = scf::IfOp::create(b, wanted, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    put(block, max(lastUnmasked, zero), treatment(TileTreatment::Masked));
  }

  MaskClass classify(Value block, Value tile, ImplicitLocOpBuilder entry) {
    MaskExtent extent;
    extent.firstQuery = mul(block, m);
    extent.lastQuery = sub(min(add(extent.firstQuery, m), o.queries), one);
    extent.firstKey = mul(tile, n);
    Value end = add(extent.firstKey, n);
    extent.lastKey = sub(min(end, o.keys), one);
    Scalars scalars(*this, block, tile, entry);
    MaskClass result = MaskIntervals(formulas, scalars, b, extent).classify();
    result.full = both(result.full, compare(P::sle, end, o.keys));
    return result;
  }

  ImplicitLocOpBuilder &b;
  AttentionOpInterface op;
  tile::ScheduleAttr schedule;
  const TileWalkOperands &o;
  MaskFormulas formulas;
  Value zero, one, m, n, blocks, tiles; // index
  SmallVector<Value> rowFacts, keyFacts;
  Value rowTable, keyTable; // null without such facts
};
} // namespace

LogicalResult attn::buildTileTreatments(ImplicitLocOpBuilder &b,
                                        AttentionOpInterface op,
                                        tile::ScheduleAttr schedule,
                                        const TileWalkOperands &operands) {
  return TileTreatments(b, op, schedule, operands).build();
}
