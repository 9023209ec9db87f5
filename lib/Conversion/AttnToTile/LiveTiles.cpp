//===- LiveTiles.cpp - lists of the tiles that a mask keeps ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LiveTiles.h"
#include "KernelFunction.h"
#include "RegionScalars.h"
#include "attn/Conversion/KeyTiles.h"
#include "attn/Dialect/Attn/Analysis/MaskBounds.h"
#include "attn/Dialect/Attn/Analysis/MaskIntervals.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace mlir::attn;
using P = arith::CmpIPredicate;

static constexpr int64_t kWarpSize = 32;

//===----------------------------------------------------------------------===//
// What the analysis knows
//===----------------------------------------------------------------------===//

static void forEachLiteral(const MaskFormula &formula,
                           function_ref<void(const MaskLiteral &)> body) {
  if (formula.kind == MaskFormula::Literal)
    body(formula.literal);
  for (const MaskFormula &child : formula.children)
    forEachLiteral(child, body);
}

bool attn::needsLiveTiles(Region &mask) {
  MaskBounds bounds = analyzeMask(mask);
  if (bounds.complete)
    return false;
  size_t decided = 0, undecided = 0, bounding = 0;
  forEachLiteral(MaskFormulas(mask).keep(), [&](const MaskLiteral &literal) {
    ++(literal.kind == MaskLiteral::Unknown ? undecided : decided);
  });
  for (const KeyLimit &limit : bounds.limits)
    bounding += limit.alternatives.size();
  return decided > bounding || undecided == 0;
}

SmallVector<Operation *> attn::getUndecided(Region &mask) {
  llvm::SetVector<Operation *> undecided;
  forEachLiteral(MaskFormulas(mask).keep(), [&](const MaskLiteral &literal) {
    if (literal.kind == MaskLiteral::Unknown)
      undecided.insert(literal.value.getDefiningOp());
  });
  return undecided.takeVector();
}

namespace {
//===----------------------------------------------------------------------===//
// Kernels that compute with scalars
//===----------------------------------------------------------------------===//

/// A kernel of one warp for each (block, head, batch), and its launch.
class WarpKernel {
public:
  WarpKernel(AttentionOpInterface op, gpu::GPUModuleOp module, StringRef name,
             ValueRange operands)
      : op(op), b(op.getLoc(), op.getContext()), operands(operands) {
    kernel = createKernelFunction(module, op.getLoc(), name,
                                  operands.getTypes(), kWarpSize);
    b.setInsertionPointToStart(&kernel.getBody().front());
    block = gpu::BlockIdOp::create(b, gpu::Dimension::x);
    head = gpu::BlockIdOp::create(b, gpu::Dimension::y);
    batch = gpu::BlockIdOp::create(b, gpu::Dimension::z);
    narrowLane = tile::LaneOp::create(b);
    lane = arith::IndexCastOp::create(b, b.getIndexType(), narrowLane);
  }

  void launch(ImplicitLocOpBuilder &host, gpu::KernelDim3 grid) {
    gpu::ReturnOp::create(b);
    createLaunch(host, host.getLoc(), kernel, grid, kWarpSize, operands);
  }

  /// The kernel's copy of an operand.
  Value argument(Value operand) {
    return kernel.getArgument(
        std::distance(operands.begin(), llvm::find(operands, operand)));
  }

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value i32(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  Value toI32(Value index) {
    return arith::IndexCastOp::create(b, b.getI32Type(), index);
  }
  Value compare(P predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, predicate, x, y);
  }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  Value mul(Value x, Value y) { return arith::MulIOp::create(b, x, y); }
  Value min(Value x, Value y) { return arith::MinSIOp::create(b, x, y); }
  Value max(Value x, Value y) { return arith::MaxSIOp::create(b, x, y); }
  void onlyIf(Value condition, function_ref<void()> body) {
    auto branch = scf::IfOp::create(b, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    body();
  }
  void onFirstLane(function_ref<void()> body) {
    onlyIf(compare(P::eq, narrowLane, i32(0)), body);
  }

  AttentionOpInterface op;
  ImplicitLocOpBuilder b;
  SmallVector<Value> operands;
  gpu::GPUFuncOp kernel;
  Value block, head, batch, lane, narrowLane;
};

//===----------------------------------------------------------------------===//
// Summaries: the least and the largest value of a block
//===----------------------------------------------------------------------===//

/// Facts of one position, and where their ends are:
/// batches x heads x blocks x (2 * facts).
struct Summary {
  SmallVector<Value> facts;
  Value table; // null without facts
};

/// Everything below works for one op, on the host and in its kernels.
class LiveTiles {
public:
  LiveTiles(AttentionOpInterface op, tile::ScheduleAttr schedule,
            gpu::GPUModuleOp module, StringRef name)
      : op(op), schedule(schedule), module(module), name(name),
        host(op.getLoc(), op), formulas(op.getMask()) {}

  Value build() {
    measure();
    for (MaskFact fact : formulas.getFacts())
      (fact.positions == Positions::Query ? byQuery : byKey)
          .facts.push_back(fact.value);
    summarize(byQuery, op.getMask().getArgument(2), queries, blocks,
              getQueriesOfBlock(op, schedule), "rows");
    summarize(byKey, op.getMask().getArgument(3), keys, tiles, schedule.getN(),
              "keys");
    lists =
        allocate(blocks, arith::AddIOp::create(host, tiles, index(kFirstTile)));
    listTiles();
    return lists;
  }

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(host, value);
  }

  void measure() {
    auto dim = [&](Value memref, int64_t d) -> Value {
      return memref::DimOp::create(host, memref, index(d));
    };
    Value one = index(1);
    batches = formulas.dependsOn(0) ? dim(op.getQuery(), 0) : one;
    heads = formulas.dependsOn(1) ? dim(op.getQuery(), 1) : one;
    queries = dim(op.getQuery(), 2);
    keys = dim(op.getKey(), 2);
    blocks = arith::CeilDivUIOp::create(host, queries,
                                        index(getQueriesOfBlock(op, schedule)));
    tiles = arith::MaxUIOp::create(
        host, arith::CeilDivUIOp::create(host, keys, index(schedule.getN())),
        one);
  }

  /// batches x heads x rows x columns of i32.
  Value allocate(Value rows, Value columns) {
    Value elements = index(4);
    for (Value size : {batches, heads, rows, columns})
      elements = arith::MulIOp::create(host, elements, size);
    auto bytes = MemRefType::get({ShapedType::kDynamic}, host.getI8Type());
    Value memory = WorkspaceOp::create(host, bytes, elements);
    auto type = MemRefType::get(SmallVector<int64_t>(4, ShapedType::kDynamic),
                                host.getI32Type());
    return memref::ViewOp::create(host, type, memory, index(0),
                                  ValueRange{batches, heads, rows, columns});
  }

  /// `b` stands where captures are brought to their range.
  RegionScalars scalarsOf(WarpKernel &k, ImplicitLocOpBuilder &b) {
    return RegionScalars(op, b, k.batch, k.head,
                         [&](Value capture) { return k.argument(capture); });
  }

  SmallVector<Value> withCaptures(ArrayRef<Value> operands) {
    SmallVector<Value> all(operands);
    llvm::append_range(all, op.getCaptures());
    return all;
  }

  //===--------------------------------------------------------------------===//
  // Summaries
  //===--------------------------------------------------------------------===//

  void summarize(Summary &summary, Value position, Value length, Value count,
                 int64_t size, StringRef what) {
    if (summary.facts.empty())
      return;
    summary.table = allocate(count, index(2 * summary.facts.size()));
    WarpKernel k(op, module, (name + "_" + what).str(),
                 withCaptures({summary.table, length}));
    Value first = k.mul(k.block, k.index(size));
    Value end = k.min(k.add(first, k.index(size)), k.argument(length));
    SmallVector<Value> ends;
    for (size_t i = 0; i < summary.facts.size(); ++i) {
      ends.push_back(k.i32(INT32_MAX));
      ends.push_back(k.i32(INT32_MIN));
    }
    auto loop = scf::ForOp::create(k.b, k.add(first, k.lane), end,
                                   k.index(kWarpSize), ends);
    {
      OpBuilder::InsertionGuard guard(k.b);
      k.b.setInsertionPointToStart(loop.getBody());
      RegionScalars scalars = scalarsOf(k, k.b);
      scalars.mapPosition(position, loop.getInductionVar());
      SmallVector<Value> next;
      for (auto [i, fact] : llvm::enumerate(summary.facts)) {
        auto [low, high] = encodeSummary(k.b, scalars.clone(k.b, fact));
        next.push_back(k.min(loop.getRegionIterArg(2 * i), low));
        next.push_back(k.max(loop.getRegionIterArg(2 * i + 1), high));
      }
      scf::YieldOp::create(k.b, next);
    }
    SmallVector<Value> reduced;
    for (auto [i, result] : llvm::enumerate(loop.getResults()))
      reduced.push_back(tile::ReduceLanesOp::create(
          k.b, i % 2 ? tile::End::Largest : tile::End::Least, result));
    k.onFirstLane([&] {
      for (auto [i, value] : llvm::enumerate(reduced))
        memref::StoreOp::create(
            k.b, value, k.argument(summary.table),
            ValueRange{k.batch, k.head, k.block, k.index(i)});
    });
    k.launch(host, {count, heads, batches});
  }

  //===--------------------------------------------------------------------===//
  // Lists
  //===--------------------------------------------------------------------===//

  /// Answers the analysis from the arguments of the kernel.
  class Scalars : public MaskScalars {
  public:
    Scalars(LiveTiles &parent, WarpKernel &kernel, scf::ForOp overTiles,
            Value tile)
        : parent(parent), k(kernel), tile(tile),
          beforeLoop(overTiles.getLoc(), overTiles),
          region(parent.scalarsOf(kernel, beforeLoop)) {}

    Value scalar(ImplicitLocOpBuilder &, Value value) override {
      return region.clone(beforeLoop, value); // the same for all tiles
    }

    MaskInterval fact(ImplicitLocOpBuilder &b, Value value) override {
      auto *query = llvm::find(parent.byQuery.facts, value);
      bool isOfQuery = query != parent.byQuery.facts.end();
      Summary &summary = isOfQuery ? parent.byQuery : parent.byKey;
      int64_t number = llvm::find(summary.facts, value) - summary.facts.begin();
      auto end = [&](int64_t which) -> Value {
        Value column = arith::ConstantIndexOp::create(b, 2 * number + which);
        Value bits = tile::LoadConstantOp::create(
            b, b.getI32Type(), k.argument(summary.table),
            ValueRange{k.batch, k.head, isOfQuery ? k.block : tile, column});
        return decodeSummary(b, value.getType(), bits);
      };
      return {end(0), end(1)};
    }

    Value load(ImplicitLocOpBuilder &b, LoadOp load,
               ValueRange indices) override {
      return region.loadInside(b, load, indices);
    }

  private:
    LiveTiles &parent;
    WarpKernel &k;
    Value tile;
    ImplicitLocOpBuilder beforeLoop;
    RegionScalars region;
  };

  void listTiles() {
    SmallVector<Value> operands = {lists, queries, keys};
    for (Summary *summary : {&byQuery, &byKey})
      if (summary->table)
        operands.push_back(summary->table);
    WarpKernel k(op, module, (name + "_tiles").str(), withCaptures(operands));
    Value count = arith::CeilDivUIOp::create(k.b, k.argument(keys),
                                             k.index(schedule.getN()));
    // In an order that matters there is one part: all tiles may be partial.
    bool isOrdered = op.getNormalizerOrDefault().dependsOnOrder();
    Value partial =
        listPart(k, count, k.i32(0), isOrdered ? Part::Live : Part::Partial);
    Value total = isOrdered ? partial : listPart(k, count, partial, Part::Full);
    k.onFirstLane([&] {
      put(k, partial, kPartialTiles);
      put(k, total, kLiveTiles);
      k.onlyIf(k.compare(P::eq, total, k.i32(0)),
               [&] { put(k, k.i32(0), kFirstTile); });
    });
    k.launch(host, {blocks, heads, batches});
  }

  void put(WarpKernel &k, Value value, int64_t entry) {
    memref::StoreOp::create(
        k.b, value, k.argument(lists),
        ValueRange{k.batch, k.head, k.block, k.index(entry)});
  }

  enum class Part { Live, Partial, Full };

  /// Appends the tiles of a part, 32 at a time; returns the new total. Tiles
  /// are classified again for the second part: where full ones begin is known
  /// only when all partial ones have been counted.
  Value listPart(WarpKernel &k, Value count, Value total, Part part) {
    auto loop = scf::ForOp::create(k.b, k.index(0), count, k.index(kWarpSize),
                                   ValueRange{total});
    k.b.setInsertionPointToStart(loop.getBody());
    Value position = k.add(loop.getInductionVar(), k.lane);
    Value tile = k.sub(k.sub(count, k.index(1)), position);
    Value exists = k.compare(P::sge, tile, k.index(0));
    tile = k.max(tile, k.index(0));

    auto [empty, full] = classify(k, loop, tile);
    Value wanted = arith::AndIOp::create(k.b, exists, negate(k, empty));
    if (part != Part::Live)
      wanted = arith::AndIOp::create(
          k.b, wanted, part == Part::Full ? full : negate(k, full));
    Value votes = tile::BallotOp::create(k.b, wanted);
    Value one = k.i32(1);
    Value lower = k.sub(arith::ShLIOp::create(k.b, one, k.narrowLane), one);
    Value before =
        math::CtPopOp::create(k.b, arith::AndIOp::create(k.b, votes, lower));
    Value carried = loop.getRegionIterArg(0);
    k.onlyIf(wanted, [&] {
      Value entryIndex = arith::IndexCastOp::create(
          k.b, k.b.getIndexType(),
          k.add(k.add(carried, before), k.i32(kFirstTile)));
      memref::StoreOp::create(k.b, k.toI32(tile), k.argument(lists),
                              ValueRange{k.batch, k.head, k.block, entryIndex});
    });
    scf::YieldOp::create(
        k.b, ValueRange{k.add(carried, math::CtPopOp::create(k.b, votes))});
    k.b.setInsertionPointAfter(loop);
    return loop.getResult(0);
  }

  static Value negate(WarpKernel &k, Value condition) {
    Value one = arith::ConstantOp::create(k.b, k.b.getBoolAttr(true));
    return arith::XOrIOp::create(k.b, condition, one);
  }

  MaskClass classify(WarpKernel &k, scf::ForOp overTiles, Value tile) {
    Value m = k.index(getQueriesOfBlock(op, schedule)),
          n = k.index(schedule.getN());
    Value one = k.index(1);
    MaskExtent extent;
    extent.firstQuery = k.mul(k.block, m);
    extent.lastQuery =
        k.sub(k.min(k.add(extent.firstQuery, m), k.argument(queries)), one);
    extent.firstKey = k.mul(tile, n);
    Value end = k.add(extent.firstKey, n);
    extent.lastKey = k.sub(k.min(end, k.argument(keys)), one);
    Scalars scalars(*this, k, overTiles, tile);
    MaskClass result = MaskIntervals(formulas, scalars, k.b, extent).classify();
    // The end of the keys is a mask as well.
    Value isWhole = k.compare(P::sle, end, k.argument(keys));
    result.full = arith::AndIOp::create(k.b, result.full, isWhole);
    return result;
  }

  AttentionOpInterface op;
  tile::ScheduleAttr schedule;
  gpu::GPUModuleOp module;
  StringRef name;
  ImplicitLocOpBuilder host;
  MaskFormulas formulas;
  Summary byQuery, byKey;
  Value batches, heads, queries, keys, blocks, tiles; // of the lists, index
  Value lists;
};
} // namespace

Value attn::buildLiveTiles(AttentionOpInterface op, tile::ScheduleAttr schedule,
                           gpu::GPUModuleOp module, StringRef name) {
  return LiveTiles(op, schedule, module, name).build();
}
