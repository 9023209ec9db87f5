//===- HalfFloatTest.cpp - rounding to 16 bits ----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Runtime/HalfFloat.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>
#include <limits>

using namespace attn::runtime;

static constexpr double infinity = std::numeric_limits<double>::infinity();

/// Every finite value comes back, and every midpoint of two neighbours goes to
/// the even one, whatever lies a hair to its sides.
static void checkAllNeighbours(uint16_t (*round)(double),
                               float (*widen)(uint16_t), uint16_t largest) {
  for (uint32_t bits = 0; bits < largest; ++bits) {
    const double low = widen(bits), high = widen(bits + 1);
    const double middle = (low + high) / 2;
    const uint32_t even = bits & 1 ? bits + 1 : bits;
    ASSERT_EQ(round(low), bits);
    ASSERT_EQ(round(middle), even) << bits;
    ASSERT_EQ(round(std::nextafter(middle, -infinity)), bits);
    ASSERT_EQ(round(std::nextafter(middle, infinity)), bits + 1);
    ASSERT_EQ(round(-middle), 0x8000 | even) << bits;
  }
}

TEST(HalfFloat, HalfRoundsToNearestEven) {
  checkAllNeighbours(roundToHalf, halfToFloat, 0x7bff);
}

TEST(HalfFloat, BFloatRoundsToNearestEven) {
  checkAllNeighbours(roundToBFloat, bfloatToFloat, 0x7f7f);
}

TEST(HalfFloat, EndsOfTheRange) {
  EXPECT_EQ(roundToHalf(65504), 0x7bff);
  EXPECT_EQ(roundToHalf(65519.999), 0x7bff);
  EXPECT_EQ(roundToHalf(65520), 0x7c00);
  EXPECT_EQ(roundToHalf(1e300), 0x7c00);
  EXPECT_EQ(roundToHalf(-infinity), 0xfc00);
  EXPECT_EQ(roundToHalf(1e-300), 0);
  EXPECT_EQ(roundToHalf(-0.0), 0x8000);
  EXPECT_EQ(roundToHalf(std::numeric_limits<double>::denorm_min()), 0);
  EXPECT_EQ(roundToBFloat(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_EQ(roundToBFloat(infinity), 0x7f80);
  EXPECT_EQ(halfToFloat(0xfc00), -infinity);
  EXPECT_EQ(halfToFloat(0x0001), 0x1p-24f);
}

TEST(HalfFloat, NanStaysNan) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(halfToFloat(roundToHalf(nan))));
  EXPECT_TRUE(std::isnan(bfloatToFloat(roundToBFloat(nan))));
  // A payload that would be cut off must not turn it into an infinity.
  uint64_t bits = 0x7ff0000000000001;
  double signalling;
  std::memcpy(&signalling, &bits, sizeof(bits));
  EXPECT_TRUE(std::isnan(halfToFloat(roundToHalf(signalling))));
}

TEST(HalfFloat, RoundsOnce) {
  // Above the midpoint of 1 and 1 + 2^-10 by less than float32 can tell: going
  // through float would make it a tie and give 1.
  EXPECT_EQ(roundToHalf(1 + 0x1p-11 + 0x1p-40), 0x3c01);
  EXPECT_EQ(roundToBFloat(1 + 0x1p-8 + 0x1p-40), 0x3f81);
}
