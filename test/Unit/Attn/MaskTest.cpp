//===- MaskTest.cpp - masks and what they keep, by brute force ------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MaskTest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Parser/Parser.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

namespace {
/// The values of region and captures are themselves what the interpreter starts
/// from; ends of facts are arguments of a block of their own.
class TestScalars : public MaskScalars {
public:
  TestScalars(Block &block, int64_t tableSize)
      : tableSize(tableSize), block(block) {}
  Value scalar(ImplicitLocOpBuilder &, Value value) override { return value; }
  MaskInterval fact(ImplicitLocOpBuilder &b, Value value) override {
    auto [it, isNew] = facts.try_emplace(value);
    if (isNew) {
      Type type = isa<FloatType>(value.getType()) ? Type(b.getF32Type())
                                                  : Type(b.getIndexType());
      it->second = {block.addArgument(type, value.getLoc()),
                    block.addArgument(type, value.getLoc())};
    }
    return it->second;
  }
  Value load(ImplicitLocOpBuilder &b, LoadOp load,
             ValueRange indices) override {
    SmallVector<Value> inside;
    for (Value index : indices) {
      Value last = arith::ConstantIndexOp::create(b, tableSize - 1);
      Value zero = arith::ConstantIndexOp::create(b, 0);
      inside.push_back(arith::MaxSIOp::create(
          b, arith::MinSIOp::create(b, index, last), zero));
    }
    return LoadOp::create(b, load.getType(), load.getCapture(), inside);
  }
  int64_t tableSize;
  llvm::DenseMap<Value, MaskInterval> facts;

private:
  Block &block;
};
} // namespace

std::string Rectangle::str() const {
  return "queries " + std::to_string(i0) + " to " + std::to_string(i1 - 1) +
         ", keys " + std::to_string(j0) + " to " + std::to_string(j1 - 1);
}

TileCounts countTiles(const TileClasses &classes) {
  TileCounts counts;
  for (auto [tile, proved, truth] :
       llvm::zip(classes.tiles, classes.proved, classes.truth)) {
    ++counts.tiles;
    counts.exact += proved == truth;
    if (proved != Kept::Some && proved != truth && !counts.unsound++)
      counts.first = tile.str();
  }
  return counts;
}

MaskTest::MaskTest() {
  context
      .loadDialect<AttnDialect, arith::ArithDialect, func::FuncDialect,
                   math::MathDialect, memref::MemRefDialect, scf::SCFDialect>();
}

void MaskTest::parse(const std::string &mask) {
  std::string text =
      std::string("!t = memref<1x1x?x16xf16>\nfunc.func @f(%q: !t, ") +
      kPredicateCaptures +
      ", %k: !t) {\n attn.attention query(%q : !t) key(%k : !t) value(%k : !t) "
      "outs(%q : !t) mask {\n^bb0(%b: index, %h: index, %i: index, "
      "%j: index):\n" +
      mask + "}\n return }";
  module = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(module) << text;
  // Values of the module before may have had the addresses of this one's.
  interpreter = RegionInterpreter();
  function = *module->getOps<func::FuncOp>().begin();
  function.walk([&](AttentionOp op) { attention = op; });
  region = &attention.getMask();
  region->walk([](ScoreOpInterface op) {
    OpBuilder builder(op);
    op->getResult(0).replaceAllUsesWith(op.expand(builder));
    op->erase();
  });
}

void MaskTest::fillCaptures(uint64_t seed, bool sorted) {
  std::mt19937_64 random(seed);
  auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  auto argument = [&](unsigned i) { return function.getArgument(i); };
  interpreter.set(argument(1), pick(1, 20));
  interpreter.set(argument(2), pick(0, 3) == 0 ? int64_t(1) << 50 : 3);
  interpreter.set(argument(3), {0, double(pick(-3, 3))});
  auto fill = [&](unsigned i, std::vector<int64_t> shape, auto element) {
    Table table{shape, {}};
    int64_t size = 1;
    for (int64_t s : shape)
      size *= s;
    for (int64_t k = 0; k < size; ++k)
      table.elements.push_back(element());
    if (sorted && shape.size() == 1)
      llvm::sort(table.elements,
                 [](Scalar x, Scalar y) { return x.integer < y.integer; });
    interpreter.setTable(argument(i), table);
  };
  constexpr int64_t n = kTableSize;
  fill(4, {n}, [&] { return Scalar{pick(0, 6), 0}; });
  fill(5, {n}, [&] {
    return Scalar{pick(0, 20) == 0 ? int64_t(1) << 50 : pick(0, 6), 0};
  });
  fill(6, {n}, [&] { return Scalar{pick(0, n), 0}; });
  fill(7, {n}, [&] { return Scalar{pick(0, 4) == 0, 0}; });
  fill(8, {n}, [&] {
    int64_t kind = pick(0, 30);
    double special = kind == 0 ? NAN : kind == 1 ? INFINITY : -INFINITY;
    return Scalar{0, kind < 3 ? special : double(pick(-4, 4))};
  });
  fill(9, {n, n}, [&] { return Scalar{pick(0, 2) == 0, 0}; });
  fill(10, {n, n}, [&] { return Scalar{pick(0, 4), 0}; });
}

TileClasses MaskTest::classify(int64_t queries, int64_t keys, int64_t m,
                               int64_t n) {
  MaskFormulas formulas(*region);
  Block block;
  Location loc = attention.getLoc();
  Type index = IndexType::get(&context);
  MaskExtent extent{
      block.addArgument(index, loc), block.addArgument(index, loc),
      block.addArgument(index, loc), block.addArgument(index, loc)};
  ImplicitLocOpBuilder b(loc, &context);
  b.setInsertionPointToStart(&block);
  TestScalars scalars(block, tableSize);
  MaskClass found = MaskIntervals(formulas, scalars, b, extent).classify();
  std::vector<bool> kept = evaluateAll(queries, keys);
  // What is known of values of the block must not outlive it.
  RegionInterpreter before = interpreter;
  TileClasses classes{
      (queries + m - 1) / m, (keys + n - 1) / n, {}, {}, {}, {}};
  for (int64_t i = 0; i < queries; i += m)
    for (int64_t j = 0; j < keys; j += n) {
      Rectangle at{i, std::min(i + m, queries), j, std::min(j + n, keys)};
      for (auto [value, fact] : scalars.facts)
        setFact(value, fact, formulas.getPositions(value), at);
      interpreter.set(extent.firstQuery, at.i0);
      interpreter.set(extent.lastQuery, at.i1 - 1);
      interpreter.set(extent.firstKey, at.j0);
      interpreter.set(extent.lastKey, at.j1 - 1);
      interpreter.restart();
      bool empty = interpreter.get(found.empty).integer,
           full = interpreter.get(found.full).integer;
      EXPECT_FALSE(empty && full) << at.str();
      classes.tiles.push_back(at);
      classes.proved.push_back(empty  ? Kept::None
                               : full ? Kept::All
                                      : Kept::Some);
      classes.truth.push_back(keptOf(kept, keys, at));
    }
  classes.kept = std::move(kept);
  interpreter = std::move(before);
  block.dropAllReferences();
  return classes;
}

bool MaskTest::evaluate(Value value, int64_t i, int64_t j, Scalar *result) {
  interpreter.set(region->getArgument(0), 1);
  interpreter.set(region->getArgument(1), 2);
  interpreter.set(region->getArgument(2), i);
  interpreter.set(region->getArgument(3), j);
  interpreter.restart();
  Scalar scalar = interpreter.get(value);
  if (result)
    *result = scalar;
  return scalar.integer;
}

std::vector<bool> MaskTest::evaluateAll(int64_t queries, int64_t keys) {
  Value value = region->front().getTerminator()->getOperand(0);
  std::vector<bool> kept;
  for (int64_t i = 0; i < queries; ++i)
    for (int64_t j = 0; j < keys; ++j)
      kept.push_back(evaluate(value, i, j));
  return kept;
}

Kept MaskTest::keptOf(const std::vector<bool> &kept, int64_t keys,
                      const Rectangle &at) {
  bool any = false, all = true;
  for (int64_t i = at.i0; i < at.i1; ++i)
    for (int64_t j = at.j0; j < at.j1; ++j) {
      any |= kept[i * keys + j];
      all &= kept[i * keys + j];
    }
  return all ? Kept::All : any ? Kept::Some : Kept::None;
}

/// As the kernel that reads captures makes them.
void MaskTest::setFact(Value value, MaskInterval fact, Positions positions,
                       const Rectangle &at) {
  bool byQuery = positions == Positions::Query;
  int64_t first = byQuery ? at.i0 : at.j0, end = byQuery ? at.i1 : at.j1;
  Scalar low{INT32_MAX, INFINITY}, high{INT32_MIN, -INFINITY};
  bool isUnfit = false;
  for (int64_t p = first; p < end; ++p) {
    Scalar s;
    evaluate(value, byQuery ? p : 0, byQuery ? 0 : p, &s);
    isUnfit |= std::isnan(s.real) || s.integer != int32_t(s.integer);
    low = {std::min(low.integer, s.integer), std::min(low.real, s.real)};
    high = {std::max(high.integer, s.integer), std::max(high.real, s.real)};
  }
  if (isUnfit)
    low = {INT32_MIN, NAN}, high = {INT32_MAX, NAN};
  interpreter.set(fact.low, low);
  interpreter.set(fact.high, high);
}
