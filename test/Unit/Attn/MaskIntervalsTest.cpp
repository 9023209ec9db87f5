//===- MaskIntervalsTest.cpp - classes of tiles against brute force -------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/Analysis/MaskIntervals.h"
#include "RandomPredicate.h"
#include "RegionInterpreter.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "gmock/gmock.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

namespace {
enum class Kept { None, Some, All };

struct TileCounts {
  int tiles = 0, exact = 0, unsound = 0;
  std::string first; // unsound one
};

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

class MaskIntervalsTest : public testing::Test {
protected:
  MaskIntervalsTest() {
    context.loadDialect<AttnDialect, arith::ArithDialect, func::FuncDialect,
                        math::MathDialect, memref::MemRefDialect,
                        scf::SCFDialect>();
  }

  /// A function with a mask region of this body.
  void parse(const std::string &mask) {
    std::string text =
        std::string("!t = memref<1x1x4x16xf32>\n"
                    "func.func @f(%q: !t, ") +
        kPredicateCaptures +
        ") {\n attn.attention query(%q : !t) key(%q : !t) value(%q : !t) "
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

  void fillCaptures(uint64_t seed, bool sorted) {
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

  /// Compares the class of every tile with the kept positions.
  TileCounts classify(int64_t queries, int64_t keys, int64_t m, int64_t n) {
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
    TileCounts counts;
    for (int64_t i = 0; i < queries; i += m)
      for (int64_t j = 0; j < keys; j += n) {
        int64_t i1 = std::min(i + m, queries), j1 = std::min(j + n, keys);
        Kept truth = keptOf(kept, keys, i, i1, j, j1);
        for (auto [value, fact] : scalars.facts)
          setFact(value, fact, formulas.getPositions(value), i, i1, j, j1);
        interpreter.set(extent.firstQuery, i);
        interpreter.set(extent.lastQuery, i1 - 1);
        interpreter.set(extent.firstKey, j);
        interpreter.set(extent.lastKey, j1 - 1);
        interpreter.restart();
        bool empty = interpreter.get(found.empty).integer,
             full = interpreter.get(found.full).integer;
        Kept proved = empty ? Kept::None : full ? Kept::All : Kept::Some;
        ++counts.tiles;
        counts.exact += proved == truth;
        bool isSound =
            (!empty || truth == Kept::None) && (!full || truth == Kept::All);
        if (!isSound && !counts.unsound++)
          counts.first = "queries " + std::to_string(i) + " to " +
                         std::to_string(i1 - 1) + ", keys " +
                         std::to_string(j) + " to " + std::to_string(j1 - 1);
      }
    interpreter = std::move(before);
    block.dropAllReferences();
    return counts;
  }

  bool evaluate(Value value, int64_t i, int64_t j, Scalar *result = nullptr) {
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

  std::vector<bool> evaluateAll(int64_t queries, int64_t keys) {
    Value value = region->front().getTerminator()->getOperand(0);
    std::vector<bool> kept;
    for (int64_t i = 0; i < queries; ++i)
      for (int64_t j = 0; j < keys; ++j)
        kept.push_back(evaluate(value, i, j));
    return kept;
  }

  static Kept keptOf(const std::vector<bool> &kept, int64_t keys, int64_t i0,
                     int64_t i1, int64_t j0, int64_t j1) {
    bool any = false, all = true;
    for (int64_t i = i0; i < i1; ++i)
      for (int64_t j = j0; j < j1; ++j) {
        any |= kept[i * keys + j];
        all &= kept[i * keys + j];
      }
    return all ? Kept::All : any ? Kept::Some : Kept::None;
  }

  /// As the kernel that reads captures makes them.
  void setFact(Value value, MaskInterval fact, Positions positions, int64_t i0,
               int64_t i1, int64_t j0, int64_t j1) {
    bool byQuery = positions == Positions::Query;
    int64_t first = byQuery ? i0 : j0, end = byQuery ? i1 : j1;
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

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
  AttentionOp attention;
  Region *region = nullptr;
  RegionInterpreter interpreter;
  int64_t tableSize = kTableSize; // of tables that are read by both positions
};
} // namespace

/// ATTN_MASK_PREDICATES says how many; each has its own seed.
TEST_F(MaskIntervalsTest, RandomPredicatesAreSound) {
  const char *given = getenv("ATTN_MASK_PREDICATES");
  int count = given ? atoi(given) : 1000, tiles = 0, exact = 0;
  for (int seed = 0; seed < count; ++seed) {
    std::string mask = RandomPredicate(seed).write();
    ASSERT_NO_FATAL_FAILURE(parse(mask));
    fillCaptures(seed, /*sorted=*/seed % 2);
    bool ragged = seed % 3 == 0;
    TileCounts counts = ragged ? classify(41, 37, 7, 11)
                               : classify(32, 40, 8, seed % 3 == 1 ? 8 : 16);
    tiles += counts.tiles;
    exact += counts.exact;
    ASSERT_EQ(counts.unsound, 0)
        << "seed " << seed << ", " << counts.first << ":\n"
        << mask;
    ASSERT_FALSE(HasFailure()) << "seed " << seed << ":\n" << mask;
  }
  RecordProperty("tiles", tiles);
  RecordProperty("exact", exact);
  printf("%d predicates, %d tiles, class exact on %.1f %%\n", count, tiles,
         100.0 * exact / tiles);
}

/// What random numbers seldom meet.
class EdgeTest : public MaskIntervalsTest {
protected:
  /// One query row and one key, read from the first two places of a table.
  TileCounts classifyPair(const std::string &mask, unsigned argument, Scalar x,
                          Scalar y, Scalar level = {}) {
    parse(mask);
    interpreter.set(function.getArgument(3), level);
    // Queries read place i, keys place j + 2.
    interpreter.setTable(function.getArgument(argument), {{4}, {x, x, y, y}});
    return classify(2, 2, 2, 2);
  }

  static std::string compared(const char *table, const char *type,
                              const std::string &ops) {
    std::string load = std::string("attn.load ") + table;
    std::string kind = std::string("] : memref<?x") + type + ">\n";
    return "%two = arith.constant 2 : index\n"
           "%p = arith.addi %j, %two : index\n%x = " +
           load + "[%i" + kind + "%y = " + load + "[%p" + kind + ops +
           "attn.yield %m : i1";
  }
};

/// A value that does not fit its summary is above one that just does.
TEST_F(EdgeTest, WideFactsProveNothing) {
  std::string mask =
      compared("%ids64", "i64", "%m = arith.cmpi sgt, %x, %y : i64\n");
  TileCounts counts =
      classifyPair(mask, 5, {int64_t(1) << 50, 0}, {INT32_MAX, 0});
  EXPECT_EQ(counts.unsound, 0) << counts.first;
}

/// inf - inf is NaN, which is below everything for an unordered comparison.
TEST_F(EdgeTest, InfiniteSumsProveNothing) {
  std::string mask = compared("%heights", "f32",
                              "%s = arith.addf %x, %y : f32\n"
                              "%m = arith.cmpf ult, %s, %level : f32\n");
  parse(mask);
  interpreter.set(function.getArgument(3), {0, -INFINITY});
  interpreter.setTable(
      function.getArgument(8),
      {{4}, {{0, -5}, {0, INFINITY}, {0, -INFINITY}, {0, INFINITY}}});
  TileCounts counts = classify(2, 2, 2, 2);
  EXPECT_EQ(counts.unsound, 0) << counts.first;
}

/// Every comparison, and its negation, at the values that it turns at.
TEST_F(EdgeTest, FloatsAreComparedExactly) {
  for (const char *predicate : {"oge", "ogt", "ole", "olt", "oeq", "one", "uge",
                                "ugt", "ule", "ult", "ueq", "une"})
    for (bool negated : {false, true})
      for (double y : {1.0, 2.0, 3.0, double(NAN)}) {
        std::string ops =
            std::string("%c = arith.cmpf ") + predicate +
            ", %x, %y : f32\n%one = arith.constant true\n"
            "%zero = arith.constant false\n%m = arith.xori %c, %" +
            (negated ? "one" : "zero") + " : i1\n";
        TileCounts counts =
            classifyPair(compared("%heights", "f32", ops), 8, {0, 2}, {0, y});
        EXPECT_EQ(counts.unsound, 0) << predicate << negated << " " << y;
        if (!std::isnan(y)) {
          EXPECT_EQ(counts.exact, 1) << predicate << negated << " " << y;
        }
      }
}

namespace {
struct NamedMask {
  const char *name, *body;
  int inexact = 0; // tiles that are called partial and are not, at most
};

/// Captures: %width = 100, %ids sorted documents, %starts where the document of
/// a position begins, %flags global tokens (one in a hundred).
const NamedMask kNamedMasks[] = {
    {"causal", "%m = attn.causal %i, %j\nattn.yield %m : i1"},
    {"causal_offset",
     "%m = attn.causal %i, %j offset %width\nattn.yield %m : i1"},
    {"window", "%m = attn.window %i, %j left %width\n"
               "%c = attn.causal %i, %j\n"
               "%r = arith.andi %m, %c : i1\nattn.yield %r : i1"},
    {"symmetric_window", "%m = attn.window %i, %j left %width right %width\n"
                         "attn.yield %m : i1"},
    {"window_by_distance", "%d = arith.subi %i, %j : index\n"
                           "%a = math.absi %d : index\n"
                           "%m = arith.cmpi sle, %a, %width : index\n"
                           "attn.yield %m : i1"},
    {"prefix", "%m = attn.prefix_lm %i, %j, %width\n"
               "attn.yield %m : i1"},
    {"document", "%a = attn.load %ids[%i] : memref<?xi32>\n"
                 "%b0 = attn.load %ids[%j] : memref<?xi32>\n"
                 "%m = attn.same_document %a, %b0 : i32\n"
                 "attn.yield %m : i1"},
    {"causal_document", "%a = attn.load %ids[%i] : memref<?xi32>\n"
                        "%b0 = attn.load %ids[%j] : memref<?xi32>\n"
                        "%d = attn.same_document %a, %b0 : i32\n"
                        "%c = attn.causal %i, %j\n"
                        "%m = arith.andi %d, %c : i1\nattn.yield %m : i1"},
    {"packed", "%a = attn.load %starts[%i] : memref<?xindex>\n"
               "%d = arith.cmpi sge, %j, %a : index\n"
               "%c = attn.causal %i, %j\n"
               "%m = arith.andi %d, %c : i1\nattn.yield %m : i1"},
    {"chunked", "%m = attn.chunked %i, %j, %width\nattn.yield %m : i1"},
    {"chunked_causal", "%d = attn.chunked %i, %j, %width\n"
                       "%c = attn.causal %i, %j\n"
                       "%m = arith.andi %d, %c : i1\nattn.yield %m : i1"},
    {"chunked_by_division",
     "%x = arith.floordivsi %i, %width : index\n"
     "%y = arith.floordivsi %j, %width : index\n"
     "%m = arith.cmpi eq, %x, %y : index\nattn.yield %m : i1"},
    {"strided", "%m = attn.sparse_strided %i, %j, %width\n"
                "attn.yield %m : i1"},
    {"only_strides", "%d = arith.subi %i, %j : index\n"
                     "%z = arith.constant 0 : index\n"
                     "%r = arith.remsi %d, %width : index\n"
                     "%e = arith.cmpi eq, %r, %z : index\n"
                     "%c = attn.causal %i, %j\n"
                     "%m = arith.andi %e, %c : i1\nattn.yield %m : i1"},
    {"fixed",
     "%n = arith.constant 8 : index\n"
     "%m = attn.sparse_fixed %i, %j, %width, %n\n"
     "attn.yield %m : i1",
     // Where the diagonal cuts a tile, its summaries may lie above.
     4},
    {"dilated", "%n = arith.constant 7 : index\n"
                "%m = attn.dilated_window %i, %j, %width, %n\n"
                "attn.yield %m : i1"},
    {"local_global", "%n = arith.constant 20 : index\n"
                     "%m = attn.longformer %i, %j, %width "
                     "global %n\nattn.yield %m : i1"},
    {"local_global_flags", "%x = attn.load %flags[%i] : memref<?xi1>\n"
                           "%y = attn.load %flags[%j] : memref<?xi1>\n"
                           "%m = attn.longformer %i, %j, %width "
                           "flags %x, %y\nattn.yield %m : i1"},
    {"sink_window", "%n = arith.constant 4 : index\n"
                    "%m = attn.streaming %i, %j, %n, %width\n"
                    "attn.yield %m : i1"},
    {"blocks", "%n = arith.constant 32 : index\n"
               "%x = arith.floordivsi %i, %n : index\n"
               "%y = arith.floordivsi %j, %n : index\n"
               "%m = attn.load %blocks[%x, %y] : memref<?x?xi1>\n"
               "attn.yield %m : i1"},
};

class NamedMaskTest : public MaskIntervalsTest,
                      public testing::WithParamInterface<NamedMask> {};
} // namespace

/// Every tile of these has the class that brute force finds.
TEST_P(NamedMaskTest, ClassesAreExact) {
  constexpr int64_t kLength = 512;
  ASSERT_NO_FATAL_FAILURE(parse(GetParam().body));
  std::mt19937_64 random(1);
  interpreter.set(function.getArgument(1), 100);
  Table ids{{kLength}, {}}, starts = ids, flags = ids,
                            blocks{{kLength / 32, kLength / 32}, {}};
  for (int64_t p = 0, start = 0; p < kLength; ++p) {
    if (random() % 90 == 0)
      start = p;
    starts.elements.push_back({start, 0});
    ids.elements.push_back({start / 3, 0});
    flags.elements.push_back({random() % 100 == 0, 0});
  }
  for (int64_t p = 0; p < kLength / 32 * kLength / 32; ++p)
    blocks.elements.push_back({random() % 3 == 0, 0});
  tableSize = kLength / 32;
  interpreter.setTable(function.getArgument(4), ids);
  interpreter.setTable(function.getArgument(6), starts);
  interpreter.setTable(function.getArgument(7), flags);
  interpreter.setTable(function.getArgument(9), blocks);
  for (auto [m, n] : {std::pair(64, 64), {32, 32}, {64, 88}, {96, 64}}) {
    TileCounts counts = classify(kLength, kLength, m, n);
    EXPECT_EQ(counts.unsound, 0) << counts.first;
    EXPECT_GE(counts.exact, counts.tiles - GetParam().inexact)
        << m << " x " << n;
  }
}

INSTANTIATE_TEST_SUITE_P(Masks, NamedMaskTest, testing::ValuesIn(kNamedMasks),
                         [](const auto &info) { return info.param.name; });
