//===- FloatTest.cpp - floating-point instructions ------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

#include <cmath>

using namespace attn::sim::test;

TEST(Float, Arithmetic) {
  auto f = [](const char *text, float a, float b = 0, float c = 0) {
    return real(evaluate(text, bits(a), bits(b), bits(c)));
  };
  EXPECT_EQ(f("add.f32 %r10, %r1, %r2;", 1.5f, 2), 3.5f);
  EXPECT_EQ(f("sub.rn.f32 %r10, %r1, %r2;", 1.5f, 2), -0.5f);
  EXPECT_EQ(f("mul.f32 %r10, %r1, 0f40000000;", 1.5f), 3.0f);
  EXPECT_EQ(f("div.rn.f32 %r10, %r1, %r2;", 1, 3), 1.0f / 3);
  EXPECT_EQ(f("neg.f32 %r10, %r1;", 1), -1.0f);
  EXPECT_EQ(f("abs.ftz.f32 %r10, %r1;", -2), 2.0f);
  EXPECT_EQ(f("rcp.rn.f32 %r10, %r1;", 3), 1.0f / 3);
  EXPECT_EQ(f("sqrt.rn.f32 %r10, %r1;", 2), std::sqrt(2.0f));
  EXPECT_NEAR(f("rsqrt.approx.f32 %r10, %r1;", 2), 0.70710678f, 1e-7);
  EXPECT_NEAR(f("lg2.approx.f32 %r10, %r1;", 10), 3.3219281f, 1e-6);
  EXPECT_NEAR(f("tanh.approx.f32 %r10, %r1;", 0.5f), 0.46211716f, 1e-4);
  EXPECT_NEAR(f("sin.approx.f32 %r10, %r1;", 0.5f), 0.47942554f, 1e-6);
  EXPECT_EQ(f("add.sat.f32 %r10, %r1, %r2;", 0.75f, 2), 1.0f);
  // One rounding: the product's low bits survive the cancellation.
  float a = 1 + std::ldexp(1.0f, -12);
  EXPECT_EQ(
      f("fma.rn.f32 %r10, %r1, %r1, %r3;", a, 0, -1 - std::ldexp(1.0f, -11)),
      std::ldexp(1.0f, -24));
}

TEST(Float, MulAndAddAreNotFused) {
  float a = 1 + std::ldexp(1.0f, -12), c = -1 - std::ldexp(1.0f, -11);
  EXPECT_EQ(real(evaluate("mul.f32 %r4, %r1, %r1; add.f32 %r10, %r4, %r3;",
                          bits(a), 0, bits(c))),
            0.0f);
}

TEST(Float, MinMaxAndNaN) {
  uint32_t nan = 0x7fc00000;
  EXPECT_EQ(evaluate("max.f32 %r10, %r1, %r2;", nan, bits(1)), bits(1));
  EXPECT_EQ(evaluate("max.NaN.f32 %r10, %r1, %r2;", nan, bits(1)), 0x7fffffffu);
  EXPECT_EQ(evaluate("min.f32 %r10, %r1, %r2;", bits(-0.0f), bits(0)),
            bits(-0.0f));
  EXPECT_EQ(evaluate("max.f32 %r10, %r1, %r2;", bits(-0.0f), bits(0)), 0u);
  EXPECT_EQ(evaluate("setp.lt.f32 %p1, %r1, %r2;", nan, bits(1)), 0u);
  EXPECT_EQ(evaluate("setp.ltu.f32 %p1, %r1, %r2;", nan, bits(1)), 1u);
  EXPECT_EQ(evaluate("setp.neu.f32 %p1, %r1, %r2;", nan, nan), 1u);
  EXPECT_EQ(evaluate("setp.ne.f32 %p1, %r1, %r2;", nan, nan), 0u);
  EXPECT_EQ(evaluate("setp.nan.f32 %p1, %r1, %r2;", nan, 0), 1u);
}

TEST(Float, FlushToZero) {
  EXPECT_EQ(evaluate("mul.f32 %r10, %r1, %r2;", 1, bits(1)), 1u);
  EXPECT_EQ(evaluate("mul.ftz.f32 %r10, %r1, %r2;", 1, bits(1)), 0u);
  EXPECT_EQ(evaluate("fma.rn.ftz.f32 %r10, %r1, %r2, %r3;", 0x80000001, bits(1),
                     0x80000000),
            0x80000000u);
  EXPECT_EQ(evaluate("setp.gt.ftz.f32 %p1, %r1, %r2;", 1, 0), 0u);
  EXPECT_EQ(evaluate("setp.gt.f32 %p1, %r1, %r2;", 1, 0), 1u);
}

TEST(Float, Exp2IsWithinTwoUlp) {
  std::string body;
  std::vector<uint32_t> in;
  for (int i = 0; i < 1024; ++i)
    in.push_back(bits(-150 + 0.2741f * float(i)));
  auto o = run("ld.global.f32 %r1, [%d1]; ex2.approx.f32 %r2, %r1;"
               "st.global.f32 [%d0], %r2;",
               1024, in);
  expectClean(o);
  for (int i = 0; i < 1024; ++i) {
    float expected = std::exp2(real(in[i])), got = real(o.out[i]);
    if (std::isinf(expected))
      EXPECT_EQ(got, expected);
    else
      EXPECT_LE(std::abs(int64_t(bits(expected)) - int64_t(bits(got))), 2)
          << real(in[i]);
  }
}

TEST(Float, Exp2Specials) {
  auto ex2 = [](uint32_t a) {
    return evaluate("ex2.approx.f32 %r10, %r1;", a);
  };
  EXPECT_EQ(ex2(0xff800000), 0u);
  EXPECT_EQ(ex2(0x7f800000), 0x7f800000u);
  EXPECT_EQ(ex2(0x80000000), bits(1));
  EXPECT_EQ(ex2(bits(-149)), 1u);
  EXPECT_EQ(evaluate("ex2.approx.ftz.f32 %r10, %r1;", bits(-149)), 0u);
  EXPECT_TRUE(std::isnan(real(ex2(0x7fc00000))));
}

TEST(Float, HalfTypes) {
  // 1.5 and 2 in f16 and bf16.
  EXPECT_EQ(evaluate("add.f16 %h10, %h1, %h2;", 0x3e00, 0x4000), 0x4300u);
  EXPECT_EQ(evaluate("mul.f16x2 %r10, %r1, %r2;", 0x3e004000, 0x40004000),
            0x42004400u);
  EXPECT_EQ(evaluate("fma.rn.bf16x2 %r10, %r1, %r2, %r3;", 0x3fc04000,
                     0x40004000, 0x3f803f80),
            0x408040a0u);
  EXPECT_EQ(evaluate("fma.rn.bf16 %h10, %h1, %h2, %h3;", 0x3fc0, 0x4000, 0),
            0x4040u);
  EXPECT_EQ(evaluate("max.bf16x2 %r10, %r1, %r2;", 0x3fc04000, 0x40003fc0),
            0x40004000u);
  EXPECT_EQ(evaluate("neg.bf16x2 %r10, %r1;", 0x3fc0c000), 0xbfc04000u);
  EXPECT_EQ(evaluate("ex2.approx.f16 %h10, %h1;", 0x4000), 0x4400u);
  EXPECT_EQ(evaluate("setp.gt.f16 %p1, %h1, %h2;", 0x3e00, 0x4000), 0u);
}

TEST(Float, Double) {
  double a = 1.25, b = 3;
  uint64_t ua, ub;
  std::memcpy(&ua, &a, 8);
  std::memcpy(&ub, &b, 8);
  uint64_t got =
      evaluate("fma.rn.f64 %d10, %d11, %d12, 0d3FF0000000000000;", ua, ub);
  double expected = 4.75;
  EXPECT_EQ(std::memcmp(&got, &expected, 8), 0);
}
