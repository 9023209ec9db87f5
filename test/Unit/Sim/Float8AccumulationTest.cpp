//===- Float8AccumulationTest.cpp - sums of wgmma with fewer bits ---------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WgmmaKernel.h"

#include <cmath>

using namespace attn::sim;
using namespace attn::sim::test;

namespace {
constexpr unsigned depth = 32;

/// Codes of e4m3 by row of A (16 of them differ) and by k.
struct Operands {
  uint8_t a[64][depth] = {}, b[8][depth] = {};
};

struct Sum {
  unsigned steps = 1; ///< wgmma with the same operands, one on the other
  unsigned stepsPerFlush = 0; ///< after which f32 takes over; 0: never
  float initial = 0;
  Float8Accumulation how = Float8Accumulation::Truncated;
};

const Tile tileA{32, false, 64, depth, 1, 0};
const Tile tileB{32, false, 8, depth, 1, 2048};

std::string multiply(bool keep) {
  return "wgmma.mma_async.sync.aligned.m64n8k32.f32.e4m3.e4m3 {" +
         list("%acc", 4) + "}, %da, %db, " + (keep ? "1" : "0") +
         ", 1, 1;\nwgmma.commit_group.sync.aligned;\n"
         "wgmma.wait_group.sync.aligned 0;\n";
}

std::string body(const Sum &sum, size_t words) {
  std::string s =
      fillShared(words) + tileA.load("%da", 0) + tileB.load("%db", 0);
  for (unsigned i = 0; i < 4; ++i)
    s += "mov.b32 %acc" + std::to_string(i) + ", " +
         std::to_string(bits(sum.initial)) + ";\nmov.b32 %acc" +
         std::to_string(i + 4) + ", 0;\n";
  for (unsigned step = 0; step < sum.steps; ++step) {
    bool isFresh = sum.stepsPerFlush && step % sum.stepsPerFlush == 0;
    s += "wgmma.fence.sync.aligned;\n" + multiply(!isFresh);
    if (sum.stepsPerFlush && (step + 1) % sum.stepsPerFlush == 0)
      for (unsigned i = 0; i < 4; ++i) {
        std::string to = "%acc" + std::to_string(i + 4);
        s += "add.f32 " + to + ", " + to + ", %acc" + std::to_string(i) + ";\n";
      }
  }
  if (sum.stepsPerFlush)
    for (unsigned i = 0; i < 4; ++i)
      s += "mov.b32 %acc" + std::to_string(i) + ", %acc" +
           std::to_string(i + 4) + ";\n";
  return s + storeAccumulators(4);
}

/// What thread 4 * row has for column 0, for rows 0 to 7.
std::vector<float> run(const Operands &operands, const Sum &sum) {
  std::vector<uint32_t> in((2048 + tileB.bytes()) / 4);
  auto put = [&](const Tile &tile, unsigned row, unsigned k, uint8_t code) {
    uint32_t at = tile.base + tile.offset(row, k);
    in[at / 4] |= uint32_t(code) << (at % 4 * 8);
  };
  for (unsigned k = 0; k < depth; ++k) {
    for (unsigned row = 0; row < 64; ++row)
      put(tileA, row, k, operands.a[row][k]);
    for (unsigned column = 0; column < 8; ++column)
      put(tileB, column, k, operands.b[column][k]);
  }
  LaunchOptions options;
  options.block.x = 128;
  options.float8Accumulation = sum.how;
  Outcome o = runWarpGroups(body(sum, in.size()), uint32_t(4 * in.size()), in,
                            128 * 4, options);
  expectClean(o);
  std::vector<float> rows;
  for (unsigned row = 0; row < 8; ++row)
    rows.push_back(real(o.out[row * 4 * 4]));
  return rows;
}

uint8_t powerCode(int exponent) { return uint8_t((exponent + 7) << 3); }
} // namespace

TEST(Float8Accumulation, ProductsKeepThirteenBits) {
  // 256 + 2^-e: the second product's bit is at 8 + e behind the leading one.
  Operands x;
  for (unsigned row = 0; row < 8; ++row) {
    x.a[row][0] = powerCode(4);
    x.a[row][1] = powerCode(-int(row));
  }
  x.b[0][0] = powerCode(4);
  x.b[0][1] = powerCode(0);
  Sum sum;
  auto got = run(x, sum);
  for (unsigned row = 0; row < 7; ++row)
    EXPECT_EQ(got[row], 256 + (row <= 5 ? std::ldexp(1.0f, -int(row)) : 0))
        << row;
  sum.how = Float8Accumulation::Float32;
  got = run(x, sum);
  for (unsigned row = 0; row < 7; ++row)
    EXPECT_EQ(got[row], 256 + std::ldexp(1.0f, -int(row))) << row;
}

TEST(Float8Accumulation, CutsOffTowardsZero) {
  Operands x;
  for (unsigned row = 0; row < 8; ++row) {
    x.a[row][0] = powerCode(4) | (row % 2 ? 0x80 : 0);
    // 31 times 0.75 * 2^-5: each is below the last bit kept.
    for (unsigned k = 1; k < depth; ++k)
      x.a[row][k] = 0x0c | (row & 2 ? 0x80 : 0);
  }
  for (unsigned k = 0; k < depth; ++k)
    x.b[0][k] = k ? powerCode(0) : powerCode(4);
  Sum sum;
  auto got = run(x, sum);
  for (unsigned row = 0; row < 4; ++row)
    EXPECT_EQ(got[row], row % 2 ? -256.0f : 256.0f);
  sum.how = Float8Accumulation::Float32;
  got = run(x, sum);
  EXPECT_EQ(got[0], 256.0f + 31 * 0.0234375f);
  EXPECT_EQ(got[1], -256.0f + 31 * 0.0234375f);
}

// 1.75 * 1.75 has two digits before the point and counts as of exponent 0.
TEST(Float8Accumulation, ProductsAreNotNormalised) {
  Operands x;
  for (unsigned row = 0; row < 8; ++row) {
    x.a[row][0] = 0x3e;
    x.a[row][1] = x.a[row][2] = powerCode(-6);
  }
  x.b[0][0] = 0x3e;             // 3.0625, of the exponent 0
  x.b[0][1] = x.b[0][2] = 0x04; // 2^-13 each, the last bit kept
  EXPECT_EQ(run(x, Sum())[0], 3.0625f + std::ldexp(1.0f, -12));
}

TEST(Float8Accumulation, AccumulatorIsAligned) {
  Operands x;
  for (unsigned row = 0; row < 8; ++row)
    x.a[row][0] = powerCode(int(row) - 6);
  x.b[0][0] = powerCode(0);
  Sum sum;
  sum.initial = 128; // its last bit kept is 2^-6
  sum.steps = 4;
  auto got = run(x, sum);
  for (unsigned row = 0; row < 8; ++row)
    EXPECT_EQ(got[row], 128 + 4 * std::ldexp(1.0f, int(row) - 6));
  sum.initial = 256;
  got = run(x, sum);
  EXPECT_EQ(got[0], 256.0f);
  EXPECT_EQ(got[1], 256.0f + 4 * 0.03125f);
  // The other bits of f32 are lost even when nothing is added.
  sum.initial = 1 + std::ldexp(1.0f, -20);
  x.b[0][0] = 0;
  EXPECT_EQ(run(x, sum)[0], 1.0f);
  sum.how = Float8Accumulation::Float32;
  EXPECT_EQ(run(x, sum)[0], sum.initial);
}

TEST(Float8Accumulation, SpecialValues) {
  Operands x;
  x.a[0][0] = 0x7f; // NaN
  x.a[1][0] = powerCode(0);
  x.b[0][0] = powerCode(0);
  Sum sum;
  auto got = run(x, sum);
  EXPECT_TRUE(std::isnan(got[0]));
  EXPECT_EQ(got[1], 1.0f);
  EXPECT_EQ(got[2], 0.0f);
  sum.initial = INFINITY;
  EXPECT_EQ(run(x, sum)[1], INFINITY);
  sum.initial = std::ldexp(1.0f, -140); // below what the model resolves
  EXPECT_EQ(run(x, sum)[2], 0.0f);
  sum.initial = std::ldexp(1.0f, 127);
  EXPECT_EQ(run(x, sum)[1], sum.initial);
}

// 4096 products of about 1.5 * 1.5: the sum outgrows the bits, and stops
// growing properly; sums of four steps that f32 adds up do not.
TEST(Float8Accumulation, TwoLevelsKeepWhatOneLoses) {
  Operands x;
  for (unsigned k = 0; k < depth; ++k) {
    for (unsigned row = 0; row < 64; ++row)
      x.a[row][k] = 0x39; // 1.125
    x.b[0][k] = 0x3b;     // 1.375
  }
  Sum sum;
  sum.steps = 128;
  double exact = 128 * 32 * 1.125 * 1.375;
  auto error = [&] { return std::fabs(run(x, sum)[0] - exact) / exact; };
  double one = error();
  sum.stepsPerFlush = 4;
  double two = error();
  sum = Sum();
  sum.steps = 128;
  sum.how = Float8Accumulation::Float32;
  EXPECT_EQ(error(), 0.0);
  EXPECT_GT(one, 5e-3);
  EXPECT_LT(two, 2e-4);
  EXPECT_GT(one, 20 * two);
}
