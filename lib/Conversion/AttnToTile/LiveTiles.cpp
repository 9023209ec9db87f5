//===- LiveTiles.cpp - lists of the tiles that a mask keeps ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LiveTiles.h"
#include "Forward.h"
#include "LiftedRegion.h"
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

static void collectLiterals(const MaskFormula &formula,
                            SmallVectorImpl<const MaskLiteral *> &literals) {
  if (formula.kind == MaskFormula::Literal)
    literals.push_back(&formula.literal);
  for (const MaskFormula &child : formula.children)
    collectLiterals(child, literals);
}

bool attn::needsLiveTiles(Region &mask) {
  MaskBounds bounds = analyzeMask(mask);
  if (bounds.complete)
    return false;
  MaskFormulas formulas(mask);
  MaskFormula keep = formulas.keep();
  SmallVector<const MaskLiteral *> literals;
  collectLiterals(keep, literals);
  size_t decided = llvm::count_if(literals, [](const MaskLiteral *literal) {
    return literal->kind != MaskLiteral::Unknown;
  });
  size_t bounding = 0;
  for (const KeyLimit &limit : bounds.limits)
    bounding += limit.alternatives.size();
  return decided > bounding || literals.empty();
}

SmallVector<Operation *> attn::getUndecided(Region &mask) {
  SmallVector<Operation *> undecided;
  MaskFormulas formulas(mask);
  MaskFormula keep = formulas.keep();
  SmallVector<const MaskLiteral *> literals;
  collectLiterals(keep, literals);
  for (const MaskLiteral *literal : literals)
    if (literal->kind == MaskLiteral::Unknown)
      if (Operation *op = literal->value.getDefiningOp();
          op && !llvm::is_contained(undecided, op))
        undecided.push_back(op);
  return undecided;
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
    b.setInsertionPointToEnd(module.getBody());
    kernel = gpu::GPUFuncOp::create(b, name,
                                    b.getFunctionType(operands.getTypes(), {}));
    kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
    kernel.setKnownBlockSizeAttr(
        b.getDenseI32ArrayAttr({int32_t(kWarpSize), 1, 1}));
    b.setInsertionPointToStart(&kernel.getBody().front());
    block = gpu::BlockIdOp::create(b, gpu::Dimension::x);
    head = gpu::BlockIdOp::create(b, gpu::Dimension::y);
    batch = gpu::BlockIdOp::create(b, gpu::Dimension::z);
    narrowLane = tile::LaneOp::create(b);
    lane = arith::IndexCastOp::create(b, b.getIndexType(), narrowLane);
  }

  void launch(ImplicitLocOpBuilder &host, gpu::KernelDim3 grid) {
    gpu::ReturnOp::create(b);
    Value one = arith::ConstantIndexOp::create(host, 1);
    Value warp = arith::ConstantIndexOp::create(host, kWarpSize);
    gpu::LaunchFuncOp::create(host, kernel, grid, {warp, one, one}, Value(),
                              operands);
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

/// Copies scalar ops of a mask region into a kernel.
class RegionScalars {
public:
  RegionScalars(AttentionOpInterface op, WarpKernel &kernel) {
    map.map(op.getMask().getArgument(0), kernel.batch);
    map.map(op.getMask().getArgument(1), kernel.head);
    for (Value capture : op.getCaptures()) {
      Value argument = kernel.argument(capture);
      map.map(capture, capture.getType().isIndex() ? clamped(kernel.b, argument)
                                                   : argument);
    }
  }

  void mapPosition(Value argument, Value position) {
    map.map(argument, position);
  }

  /// `value` of the region, where `b` stands.
  Value clone(ImplicitLocOpBuilder &b, Value value) {
    if (Value known = map.lookupOrNull(value))
      return known;
    Operation *op = value.getDefiningOp();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(clone(b, operand));
    Value result;
    if (isa<LoadOp>(op))
      result = load(b, operands.front(), ArrayRef(operands).drop_front());
    else
      result =
          b.clone(*op, map)->getResult(cast<OpResult>(value).getResultNumber());
    map.map(value, result);
    return result;
  }

  static Value load(ImplicitLocOpBuilder &b, Value source, ValueRange indices) {
    Value element = memref::LoadOp::create(b, source, indices);
    return element.getType().isIndex() ? clamped(b, element) : element;
  }

  Value capture(Value value) const { return map.lookup(value); }

private:
  /// As the kernels do that compute with them in 32 bits.
  static Value clamped(ImplicitLocOpBuilder &b, Value index) {
    return arith::IndexCastOp::create(b, b.getIndexType(),
                                      narrowIndex(b, b.getLoc(), index));
  }

  IRMapping map;
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

/// The bits of an f32 as an integer that is ordered like it, and back.
Value orderedBits(ImplicitLocOpBuilder &b, Value bits) {
  Value shift = arith::ConstantOp::create(b, b.getI32IntegerAttr(31));
  Value mask = arith::ConstantOp::create(b, b.getI32IntegerAttr(INT32_MAX));
  Value sign = arith::ShRSIOp::create(b, bits, shift);
  return arith::XOrIOp::create(b, bits, arith::AndIOp::create(b, sign, mask));
}

/// One value as the ends of a 32-bit interval. What has no place there, NaN or
/// more than 32 bits, is everything.
std::pair<Value, Value> encode(ImplicitLocOpBuilder &b, Value value) {
  auto i32 = [&](int64_t constant) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(constant));
  };
  Value unfit, encoded;
  if (auto type = dyn_cast<FloatType>(value.getType())) {
    if (!type.isF32())
      value = arith::ExtFOp::create(b, b.getF32Type(), value);
    unfit = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, value, value);
    encoded =
        orderedBits(b, arith::BitcastOp::create(b, b.getI32Type(), value));
  } else if (value.getType().isIndex()) { // has been clamped, or is a position
    encoded = arith::IndexCastOp::create(b, b.getI32Type(), value);
  } else if (unsigned width = value.getType().getIntOrFloatBitWidth();
             width > 32) {
    encoded = arith::TruncIOp::create(b, b.getI32Type(), value);
    Value back = arith::ExtSIOp::create(b, value.getType(), encoded);
    unfit = arith::CmpIOp::create(b, P::ne, back, value);
  } else if (width == 1) {
    encoded = arith::ExtUIOp::create(b, b.getI32Type(), value);
  } else {
    encoded = width == 32
                  ? value
                  : Value(arith::ExtSIOp::create(b, b.getI32Type(), value));
  }
  if (!unfit)
    return {encoded, encoded};
  return {arith::SelectOp::create(b, unfit, i32(INT32_MIN), encoded),
          arith::SelectOp::create(b, unfit, i32(INT32_MAX), encoded)};
}

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
              getRowsOfBlock(op, schedule), "rows");
    summarize(byKey, op.getMask().getArgument(3), keys, tiles, schedule.getN(),
              "keys");
    lists = allocate(
        tiles,
        [&](Value n) { return arith::AddIOp::create(host, n, index(2)); },
        blocks);
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
                                        index(getRowsOfBlock(op, schedule)));
    tiles = arith::MaxUIOp::create(
        host, arith::CeilDivUIOp::create(host, keys, index(schedule.getN())),
        one);
  }

  /// batches x heads x rows x columns of i32.
  Value allocate(Value count, function_ref<Value(Value)> columnsOf,
                 Value rows) {
    Value columns = columnsOf(count);
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
    summary.table = allocate(
        count, [&](Value) { return index(2 * summary.facts.size()); }, count);
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
      RegionScalars scalars(op, k);
      scalars.mapPosition(position, loop.getInductionVar());
      SmallVector<Value> next;
      for (auto [i, fact] : llvm::enumerate(summary.facts)) {
        auto [low, high] = encode(k.b, scalars.clone(k.b, fact));
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
    Scalars(LiveTiles &parent, WarpKernel &kernel, Value tile)
        : parent(parent), k(kernel), tile(tile), entry(kernel.b),
          region(parent.op, kernel) {}

    /// In the kernel's first block: it is the same for all tiles.
    Value scalar(ImplicitLocOpBuilder &, Value value) override {
      return region.clone(entry, value);
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
        if (isa<FloatType>(value.getType()))
          return arith::BitcastOp::create(b, b.getF32Type(),
                                          orderedBits(b, bits));
        return arith::IndexCastOp::create(b, b.getIndexType(), bits);
      };
      return {end(0), end(1)};
    }

    Value load(ImplicitLocOpBuilder &b, LoadOp load,
               ValueRange indices) override {
      Value source = region.capture(load.getCapture());
      SmallVector<Value> inside;
      for (auto [d, index] : llvm::enumerate(indices)) {
        Value size = memref::DimOp::create(
            b, source, arith::ConstantIndexOp::create(b, d));
        Value one = arith::ConstantIndexOp::create(b, 1);
        Value zero = arith::ConstantIndexOp::create(b, 0);
        Value last = arith::SubIOp::create(b, size, one);
        inside.push_back(arith::MaxSIOp::create(
            b, arith::MinSIOp::create(b, index, last), zero));
      }
      return RegionScalars::load(b, source, inside);
    }

  private:
    LiveTiles &parent;
    WarpKernel &k;
    Value tile;
    ImplicitLocOpBuilder entry;
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
    Value total = k.i32(0);
    total = listPart(k, count, total, /*full=*/false, isOrdered);
    Value partial = total;
    if (!isOrdered)
      total = listPart(k, count, total, /*full=*/true, isOrdered);
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

  /// Appends the partial or the full tiles, 32 at a time; returns the new
  /// total.
  Value listPart(WarpKernel &k, Value count, Value total, bool full,
                 bool anyClass) {
    auto loop = scf::ForOp::create(k.b, k.index(0), count, k.index(kWarpSize),
                                   ValueRange{total});
    // Scalars of the region go before the loop.
    WarpKernel entry = k;
    entry.b.setInsertionPoint(loop);
    k.b.setInsertionPointToStart(loop.getBody());
    Value position = k.add(loop.getInductionVar(), k.lane);
    Value tile = k.sub(k.sub(count, k.index(1)), position);
    Value exists = k.compare(P::sge, tile, k.index(0));
    tile = k.max(tile, k.index(0));

    Value wanted = exists;
    auto [empty, isFull] = classify(k, entry, tile);
    wanted = arith::AndIOp::create(k.b, wanted, negate(k, empty));
    if (!anyClass)
      wanted =
          arith::AndIOp::create(k.b, wanted, full ? isFull : negate(k, isFull));
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

  MaskClass classify(WarpKernel &k, WarpKernel &entry, Value tile) {
    Value m = k.index(getRowsOfBlock(op, schedule)),
          n = k.index(schedule.getN());
    Value one = k.index(1);
    MaskExtent extent;
    extent.firstQuery = k.mul(k.block, m);
    extent.lastQuery =
        k.sub(k.min(k.add(extent.firstQuery, m), k.argument(queries)), one);
    extent.firstKey = k.mul(tile, n);
    Value end = k.add(extent.firstKey, n);
    extent.lastKey = k.sub(k.min(end, k.argument(keys)), one);
    Scalars scalars(*this, entry, tile);
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
