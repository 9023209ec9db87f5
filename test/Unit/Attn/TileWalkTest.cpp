//===- TileWalkTest.cpp - walks along both positions, by brute force ------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Walk.h"
#include "attn/Dialect/Attn/Analysis/TileRange.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "gmock/gmock.h"

using namespace mlir;
using namespace mlir::attn;

namespace {
constexpr Axis kAxes[] = {Axis::Query, Axis::Key};

const char *nameOf(Axis axis) {
  return axis == Axis::Query ? "queries" : "keys";
}

const char *nameOf(TileWalk walk) {
  const char *kNames[] = {"all", "range", "list"};
  return kNames[int(walk)];
}

class TileWalkTest : public WalkTest {
protected:
  TileWalkPlan plan(Axis walked) {
    return planTileWalk(cast<AttentionOpInterface>(attention.getOperation()),
                        walked);
  }

  Walk walk(Axis walked, const TileClasses &classes, int64_t m, int64_t n) {
    return plan(walked).walk == TileWalk::List
               ? walkList(walked, classes, m, n)
               : walkRange(walked, classes, m, n);
  }

  /// The closed bounds of each block, computed by the code that computes them
  /// in kernels.
  Walk walkRange(Axis walked, const TileClasses &classes, int64_t m,
                 int64_t n) {
    bool isByKey = walked == Axis::Key;
    int64_t queries = classes.tiles.back().i1, keys = classes.tiles.back().j1,
            length = isByKey ? keys : queries, tile = isByKey ? n : m;
    Block block;
    Location loc = attention.getLoc();
    Type i32 = IntegerType::get(&context, 32);
    OpBuilder b(&context);
    b.setInsertionPointToStart(&block);
    BlockExtent extent{block.addArgument(i32, loc), block.addArgument(i32, loc),
                       block.addArgument(i32, loc), tile};
    FailureOr<TileRange> range = buildTileRange(
        b, loc, extent, analyzeMask(*region, walked), [&](Value term) -> Value {
          return arith::IndexCastOp::create(b, loc, i32, term);
        });
    Walk walk{std::vector<bool>(classes.tiles.size()),
              std::vector<bool>(classes.tiles.size())};
    if (failed(range)) {
      ADD_FAILURE() << "no range";
      return walk;
    }
    RegionInterpreter before = interpreter;
    interpreter.set(extent.length, length);
    int64_t blocks = isByKey ? classes.rows : classes.columns;
    for (int64_t number = 0; number < blocks; ++number) {
      const Rectangle &at =
          classes.tiles[isByKey ? number * classes.columns : number];
      interpreter.set(extent.first, isByKey ? at.i0 : at.j0);
      interpreter.set(extent.last, (isByKey ? at.i1 : at.j1) - 1);
      interpreter.restart();
      auto get = [&](Value value) { return interpreter.get(value).integer; };
      checkEnd(walked, classes, at, get(range->end), length);
      for (int64_t t = 0, count = get(range->count); t < count; ++t) {
        int64_t position = get(range->last) - t;
        if (position < 0 || position * tile >= length) {
          ADD_FAILURE() << "tile " << position << " of " << length;
          continue;
        }
        int64_t place = isByKey ? number * classes.columns + position
                                : position * classes.columns + number;
        walk.visited[place] = true;
        walk.unmasked[place] = range->fullBegin && t >= get(range->fullBegin) &&
                               (!range->fullEnd || t < get(range->fullEnd));
        EXPECT_TRUE(!walk.unmasked[place] || (position + 1) * tile <= length)
            << "a tile past the end is unmasked";
      }
    }
    interpreter = std::move(before);
    block.dropAllReferences();
    return walk;
  }

  /// No position from `end` on is kept in the block.
  static void checkEnd(Axis walked, const TileClasses &classes, Rectangle at,
                       int64_t end, int64_t length) {
    ASSERT_GE(end, 0);
    (walked == Axis::Key ? at.j0 : at.i0) = end;
    (walked == Axis::Key ? at.j1 : at.i1) = length;
    if (end < length)
      EXPECT_EQ(keptOf(classes.kept, classes.tiles.back().j1, at), Kept::None)
          << at.str() << " lie past the end";
  }

  void checkRandom(llvm::function_ref<std::string(RandomPredicate)> write);

  static void checkSound(const Walk &walk, const TileClasses &classes) {
    for (auto [i, at] : llvm::enumerate(classes.tiles)) {
      Kept truth = classes.truth[i];
      EXPECT_TRUE(walk.visited[i] || truth == Kept::None)
          << at.str() << " are not visited";
      EXPECT_TRUE(!walk.unmasked[i] || truth == Kept::All)
          << at.str() << " are not masked";
    }
  }
};
} // namespace

/// ATTN_MASK_PREDICATES says how many; each has its own seed.
void TileWalkTest::checkRandom(
    llvm::function_ref<std::string(RandomPredicate)> write) {
  const char *given = getenv("ATTN_MASK_PREDICATES");
  int predicates = given ? atoi(given) : 1000;
  int64_t walks[2][3] = {}, visited[2] = {}, live = 0, tiles = 0;
  for (int seed = 0; seed < predicates; ++seed) {
    std::string mask = write(RandomPredicate(seed));
    ASSERT_NO_FATAL_FAILURE(parse(mask));
    fillCaptures(seed, /*sorted=*/seed % 2);
    bool ragged = seed % 3 == 0;
    int64_t m = ragged ? 7 : 8, n = ragged ? 11 : seed % 3 == 1 ? 8 : 16;
    TileClasses classes =
        ragged ? classify(41, 37, m, n) : classify(32, 40, m, n);
    live += countLive(classes);
    tiles += classes.tiles.size();
    for (Axis walked : kAxes) {
      ++walks[int(walked)][int(plan(walked).walk)];
      Walk found = walk(walked, classes, m, n);
      visited[int(walked)] += found.count();
      checkSound(found, classes);
      ASSERT_FALSE(HasFailure())
          << "seed " << seed << ", along the " << nameOf(walked) << ":\n"
          << mask;
    }
  }
  for (Axis walked : kAxes)
    printf("%d predicates along the %s: %ld all, %ld ranges, %ld lists; %ld of "
           "%ld tiles visited, %ld kept\n",
           predicates, nameOf(walked), long(walks[int(walked)][0]),
           long(walks[int(walked)][1]), long(walks[int(walked)][2]),
           long(visited[int(walked)]), long(tiles), long(live));
}

TEST_F(TileWalkTest, RandomPredicatesAreSound) {
  checkRandom([](RandomPredicate predicate) { return predicate.write(); });
}

/// Mostly closed bounds.
TEST_F(TileWalkTest, RandomLimitsAreSound) {
  checkRandom(
      [](RandomPredicate predicate) { return predicate.writeLimits(); });
}

/// A key tile of a causal mask is first seen by the query of its first key, in
/// tile floor(n * tile / m).
TEST_F(TileWalkTest, CausalQueriesBeginAtTheDiagonal) {
  parse("%m = attn.causal %i, %j\nattn.yield %m : i1");
  constexpr int64_t kLength = 500, m = 64, n = 48;
  TileClasses classes = classify(kLength, kLength, m, n);
  Walk found = walkRange(Axis::Query, classes, m, n);
  for (int64_t column = 0; column < classes.columns; ++column)
    for (int64_t row = 0; row < classes.rows; ++row)
      EXPECT_EQ(found.visited[row * classes.columns + column],
                row >= n * column / m)
          << row << ", " << column;
}

namespace {
class NamedWalkTest : public TileWalkTest,
                      public testing::WithParamInterface<NamedMask> {};
} // namespace

/// Along both positions the tiles that are visited are those that are not
/// empty, and what is unmasked is what is full and not past an end.
TEST_P(NamedWalkTest, VisitsWhatIsKept) {
  constexpr int64_t kLength = 512;
  ASSERT_NO_FATAL_FAILURE(parse(GetParam().body));
  fillNamedCaptures(kLength);
  EXPECT_STREQ(nameOf(plan(Axis::Key).walk), GetParam().alongKeys);
  EXPECT_STREQ(nameOf(plan(Axis::Query).walk), GetParam().alongQueries);
  struct Shape {
    int64_t queries, keys, m, n;
  };
  for (auto [queries, keys, m, n] : {Shape{512, 512, 64, 64},
                                     {300, 512, 64, 88},
                                     {512, 211, 96, 64},
                                     {200, 333, 64, 64},
                                     {333, 200, 64, 64}}) {
    TileClasses classes = classify(queries, keys, m, n);
    for (Axis walked : kAxes) {
      SCOPED_TRACE(std::string("along the ") + nameOf(walked));
      Walk found = walk(walked, classes, m, n);
      checkSound(found, classes);
      EXPECT_LE(found.count(), countLive(classes) + GetParam().inexact);
      int64_t unmasked = 0;
      for (auto [at, truth] : llvm::zip(classes.tiles, classes.truth))
        unmasked +=
            truth == Kept::All &&
            (walked == Axis::Key ? at.j1 - at.j0 == n : at.i1 - at.i0 == m);
      EXPECT_GE(llvm::count(found.unmasked, true),
                unmasked - GetParam().inexact);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Masks, NamedWalkTest, testing::ValuesIn(namedMasks()),
                         [](const auto &info) { return info.param.name; });
