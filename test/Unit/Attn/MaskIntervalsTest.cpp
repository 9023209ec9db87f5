//===- MaskIntervalsTest.cpp - classes of tiles against brute force -------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MaskTest.h"
#include "gmock/gmock.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

namespace {
using MaskIntervalsTest = MaskTest;
} // namespace

/// ATTN_MASK_PREDICATES says how many; each has its own seed.
TEST_F(MaskIntervalsTest, RandomPredicatesAreSound) {
  const char *given = getenv("ATTN_MASK_PREDICATES");
  int predicates = given ? atoi(given) : 1000, tiles = 0, exact = 0;
  for (int seed = 0; seed < predicates; ++seed) {
    std::string mask = RandomPredicate(seed).write();
    ASSERT_NO_FATAL_FAILURE(parse(mask));
    fillCaptures(seed, /*sorted=*/seed % 2);
    bool ragged = seed % 3 == 0;
    TileCounts counts = ragged ? count(41, 37, 7, 11)
                               : count(32, 40, 8, seed % 3 == 1 ? 8 : 16);
    tiles += counts.tiles;
    exact += counts.exact;
    ASSERT_EQ(counts.unsound, 0)
        << "seed " << seed << ", " << counts.first << ":\n"
        << mask;
    ASSERT_FALSE(HasFailure()) << "seed " << seed << ":\n" << mask;
  }
  RecordProperty("tiles", tiles);
  RecordProperty("exact", exact);
  printf("%d predicates, %d tiles, class exact on %.1f %%\n", predicates, tiles,
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
    return count(2, 2, 2, 2);
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
  TileCounts counts = count(2, 2, 2, 2);
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
class NamedMaskTest : public MaskTest,
                      public testing::WithParamInterface<NamedMask> {};
} // namespace

/// Every tile of these has the class that brute force finds.
TEST_P(NamedMaskTest, ClassesAreExact) {
  constexpr int64_t kLength = 512;
  ASSERT_NO_FATAL_FAILURE(parse(GetParam().body));
  fillNamedCaptures(kLength);
  for (auto [m, n] : {std::pair(64, 64), {32, 32}, {64, 88}, {96, 64}}) {
    TileCounts counts = count(kLength, kLength, m, n);
    EXPECT_EQ(counts.unsound, 0) << counts.first;
    EXPECT_GE(counts.exact, counts.tiles - GetParam().inexact)
        << m << " x " << n;
  }
}

INSTANTIATE_TEST_SUITE_P(Masks, NamedMaskTest, testing::ValuesIn(namedMasks()),
                         [](const auto &info) { return info.param.name; });
