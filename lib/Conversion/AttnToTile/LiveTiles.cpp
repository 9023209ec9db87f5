//===- LiveTiles.cpp - lists of the tiles that a mask keeps ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Conversion/LiveTiles.h"
#include "KernelFunction.h"
#include "RegionScalars.h"
#include "attn/Conversion/TileWalk.h"
#include "attn/Dialect/Attn/Analysis/MaskBounds.h"
#include "attn/Dialect/Attn/Analysis/MaskIntervals.h"
#include "attn/Support/IntegerOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::attn;
using arith::IntegerOps;
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

bool attn::needsLiveTiles(Region &mask, Axis walked) {
  MaskBounds bounds = analyzeMask(mask, walked);
  if (bounds.complete)
    return false;
  size_t decided = 0, undecided = 0, bounding = 0;
  forEachLiteral(MaskFormulas(mask).keep(), [&](const MaskLiteral &literal) {
    ++(literal.kind == MaskLiteral::Unknown ? undecided : decided);
  });
  for (const PositionLimit &limit : bounds.limits)
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

bool attn::isWalkOrdered(AttentionOpInterface op, Axis walked) {
  return walked == Axis::Key && op.getNormalizerOrDefault().dependsOnOrder();
}

namespace {
//===----------------------------------------------------------------------===//
// Kernels that compute with scalars
//===----------------------------------------------------------------------===//

/// A kernel of one warp for each (block, head, batch), and its launch.
class WarpKernel : public IntegerOps {
public:
  WarpKernel(AttentionOpInterface op, gpu::GPUModuleOp module, StringRef name,
             ValueRange operands)
      : IntegerOps{ImplicitLocOpBuilder(op.getLoc(), op.getContext())},
        operands(operands) {
    kernel = createKernelFunction(module, op.getLoc(), name,
                                  operands.getTypes(), kWarpSize);
    b.setInsertionPointToStart(&kernel.getBody().front());
    block = gpu::BlockIdOp::create(b, gpu::Dimension::x);
    head = gpu::BlockIdOp::create(b, gpu::Dimension::y);
    batch = gpu::BlockIdOp::create(b, gpu::Dimension::z);
    narrowLane = tile::LaneOp::create(b);
    lane = toIndex(narrowLane);
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

  void onlyIf(Value condition, function_ref<void()> body) {
    auto branch = scf::IfOp::create(b, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    body();
  }
  void onFirstLane(function_ref<void()> body) {
    onlyIf(compare(P::eq, narrowLane, i32(0)), body);
  }
  Value negate(Value condition) {
    Value one = arith::ConstantOp::create(b, b.getBoolAttr(true));
    return arith::XOrIOp::create(b, condition, one);
  }

  SmallVector<Value> operands;
  gpu::GPUFuncOp kernel;
  Value block, head, batch, lane, narrowLane;
};

/// One of the two positions: its tiles, and the facts that are read by it
/// alone, with the ends that they have in each tile.
struct Side {
  Axis axis;
  int64_t size = 0;              // positions of a tile
  Value length = {}, tiles = {}; // of the host, index
  SmallVector<Value> facts = {};
  Value table = {}; // batches x heads x tiles x (2 * facts); null without facts
};

/// Everything below works for one op, on the host and in its kernels.
class LiveTiles {
public:
  LiveTiles(AttentionOpInterface op, tile::ScheduleAttr schedule,
            gpu::GPUModuleOp module, StringRef name, Axis walked)
      : op(op), schedule(schedule), module(module), name(name), walked(walked),
        host{ImplicitLocOpBuilder(op.getLoc(), op)}, formulas(op.getMask()) {}

  Value build() {
    measure();
    for (MaskFact fact : formulas.getFacts())
      sideOf(fact.axis).facts.push_back(fact.value);
    summarize(queries, "rows");
    summarize(keys, "keys");
    Value entries = host.add(sideOf(walked).tiles, host.index(kFirstTile));
    lists = allocate(blocks().tiles, entries);
    listTiles();
    return lists;
  }

private:
  Side &sideOf(Axis axis) { return axis == Axis::Query ? queries : keys; }
  Side &blocks() { return sideOf(across(walked)); }

  void measure() {
    auto dim = [&](Value memref, int64_t d) -> Value {
      return memref::DimOp::create(host.b, memref, host.index(d));
    };
    Value one = host.index(1);
    batches = formulas.dependsOn(0) ? dim(op.getQuery(), 0) : one;
    heads = formulas.dependsOn(1) ? dim(op.getQuery(), 1) : one;
    queries.length = dim(op.getQuery(), 2);
    keys.length = dim(op.getKey(), 2);
    for (Side *side : {&queries, &keys}) {
      side->size = getTileSize(op, schedule, side->axis);
      side->tiles = host.ceilDiv(side->length, host.index(side->size));
    }
    // A list has one entry at least.
    Value &tiles = sideOf(walked).tiles;
    tiles = host.maxOfSizes(tiles, one);
  }

  /// batches x heads x rows x columns of i32.
  Value allocate(Value rows, Value columns) {
    Value elements = host.index(4);
    for (Value size : {batches, heads, rows, columns})
      elements = host.mul(elements, size);
    auto bytes = MemRefType::get({ShapedType::kDynamic}, host.b.getI8Type());
    Value memory = WorkspaceOp::create(host.b, bytes, elements);
    auto type = MemRefType::get(SmallVector<int64_t>(4, ShapedType::kDynamic),
                                host.b.getI32Type());
    return memref::ViewOp::create(host.b, type, memory, host.index(0),
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

  /// The ends of the facts in each tile.
  void summarize(Side &side, StringRef what) {
    if (side.facts.empty())
      return;
    side.table = allocate(side.tiles, host.index(2 * side.facts.size()));
    WarpKernel k(op, module, (name + "_" + what).str(),
                 withCaptures({side.table, side.length}));
    Value first = k.mul(k.block, k.index(side.size));
    Value end =
        k.min(k.add(first, k.index(side.size)), k.argument(side.length));
    SmallVector<Value> ends;
    for (size_t i = 0; i < side.facts.size(); ++i) {
      ends.push_back(k.i32(INT32_MAX));
      ends.push_back(k.i32(INT32_MIN));
    }
    auto loop = scf::ForOp::create(k.b, k.add(first, k.lane), end,
                                   k.index(kWarpSize), ends);
    {
      OpBuilder::InsertionGuard guard(k.b);
      k.b.setInsertionPointToStart(loop.getBody());
      RegionScalars scalars = scalarsOf(k, k.b);
      scalars.mapPosition(argumentOf(op.getMask(), side.axis),
                          loop.getInductionVar());
      SmallVector<Value> next;
      for (auto [i, fact] : llvm::enumerate(side.facts)) {
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
            k.b, value, k.argument(side.table),
            ValueRange{k.batch, k.head, k.block, k.index(i)});
    });
    k.launch(host.b, {side.tiles, heads, batches});
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
      bool isOfQuery = llvm::is_contained(parent.queries.facts, value);
      Side &side = isOfQuery ? parent.queries : parent.keys;
      int64_t number = llvm::find(side.facts, value) - side.facts.begin();
      auto end = [&](int64_t which) -> Value {
        Value column = arith::ConstantIndexOp::create(b, 2 * number + which);
        Value bits = tile::LoadConstantOp::create(
            b, b.getI32Type(), k.argument(side.table),
            ValueRange{k.batch, k.head,
                       side.axis == parent.walked ? tile : k.block, column});
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
    SmallVector<Value> operands = {lists, queries.length, keys.length};
    for (Side *side : {&queries, &keys})
      if (side->table)
        operands.push_back(side->table);
    WarpKernel k(op, module, (name + "_tiles").str(), withCaptures(operands));
    Side &side = sideOf(walked);
    Value count = k.ceilDiv(k.argument(side.length), k.index(side.size));
    // In an order that matters there is one part: all tiles may be partial.
    bool isOrdered = isWalkOrdered(op, walked);
    Value partial =
        listPart(k, count, k.i32(0), isOrdered ? Part::Live : Part::Partial);
    Value total = isOrdered ? partial : listPart(k, count, partial, Part::Full);
    k.onFirstLane([&] {
      put(k, partial, kPartialTiles);
      put(k, total, kLiveTiles);
      k.onlyIf(k.compare(P::eq, total, k.i32(0)),
               [&] { put(k, k.i32(0), kFirstTile); });
    });
    k.launch(host.b, {blocks().tiles, heads, batches});
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
    Value wanted = k.both(exists, k.negate(empty));
    if (part != Part::Live)
      wanted = k.both(wanted, part == Part::Full ? full : k.negate(full));
    Value votes = tile::BallotOp::create(k.b, wanted);
    Value one = k.i32(1);
    Value lower = k.sub(arith::ShLIOp::create(k.b, one, k.narrowLane), one);
    Value before = math::CtPopOp::create(k.b, k.both(votes, lower));
    Value carried = loop.getRegionIterArg(0);
    k.onlyIf(wanted, [&] {
      Value entryIndex =
          k.toIndex(k.add(k.add(carried, before), k.i32(kFirstTile)));
      memref::StoreOp::create(k.b, k.toI32(tile), k.argument(lists),
                              ValueRange{k.batch, k.head, k.block, entryIndex});
    });
    scf::YieldOp::create(
        k.b, ValueRange{k.add(carried, math::CtPopOp::create(k.b, votes))});
    k.b.setInsertionPointAfter(loop);
    return loop.getResult(0);
  }

  MaskClass classify(WarpKernel &k, scf::ForOp overTiles, Value tile) {
    MaskExtent extent;
    Value length = k.argument(sideOf(walked).length), end;
    for (Side *side : {&queries, &keys}) {
      Value size = k.index(side->size);
      Value first = k.mul(side->axis == walked ? tile : k.block, size);
      Value last = k.add(first, size);
      if (side->axis == walked)
        end = last;
      last = k.min(last, k.argument(side->length));
      extent.set(side->axis, first, k.sub(last, k.index(1)));
    }
    Scalars scalars(*this, k, overTiles, tile);
    MaskClass result = MaskIntervals(formulas, scalars, k.b, extent).classify();
    // The end of the walk is a mask as well.
    result.full = k.both(result.full, k.compare(P::sle, end, length));
    return result;
  }

  AttentionOpInterface op;
  tile::ScheduleAttr schedule;
  gpu::GPUModuleOp module;
  StringRef name;
  Axis walked;
  IntegerOps host;
  MaskFormulas formulas;
  Side queries{Axis::Query}, keys{Axis::Key};
  Value batches, heads; // of the lists, index
  Value lists;
};
} // namespace

Value attn::buildLiveTiles(AttentionOpInterface op, tile::ScheduleAttr schedule,
                           gpu::GPUModuleOp module, StringRef name,
                           Axis walked) {
  return LiveTiles(op, schedule, module, name, walked).build();
}
