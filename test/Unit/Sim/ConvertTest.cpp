//===- ConvertTest.cpp - cvt ----------------------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

#include <cmath>

using namespace attn::sim::test;

TEST(Convert, FirstSourceOfAPackIsTheHighHalf) {
  EXPECT_EQ(evaluate("cvt.rn.bf16x2.f32 %r10, %r1, %r2;", bits(1), bits(2)),
            0x3f804000u);
  EXPECT_EQ(evaluate("cvt.rn.f16x2.f32 %r10, %r1, %r2;", bits(1), bits(2)),
            0x3c004000u);
  EXPECT_EQ(
      evaluate("cvt.rn.relu.bf16x2.f32 %r10, %r1, %r2;", bits(-1), bits(2)),
      0x00004000u);
}

TEST(Convert, RoundsToNearestEven) {
  // 1 + 2^-8 is half way between two bf16; 1 + 3 * 2^-8 too.
  EXPECT_EQ(evaluate("cvt.rn.bf16.f32 %h10, %r1;", bits(1 + 1.0f / 256)),
            0x3f80u);
  EXPECT_EQ(evaluate("cvt.rn.bf16.f32 %h10, %r1;", bits(1 + 3.0f / 256)),
            0x3f82u);
  EXPECT_EQ(evaluate("cvt.rz.bf16.f32 %h10, %r1;", bits(1 + 3.0f / 256)),
            0x3f81u);
  EXPECT_EQ(evaluate("cvt.rn.f16.f32 %h10, %r1;", bits(65520)), 0x7c00u);
  EXPECT_EQ(evaluate("cvt.rn.f16.f32 %h10, %r1;", bits(65519)), 0x7bffu);
  EXPECT_EQ(evaluate("cvt.rn.f16.f32 %h10, %r1;", bits(std::ldexp(1.0f, -24))),
            1u);
  EXPECT_EQ(evaluate("cvt.rn.f16.f32 %h10, %r1;", bits(std::ldexp(1.0f, -25))),
            0u);
}

TEST(Convert, EveryHalfSurvivesARoundTrip) {
  for (const char *type : {"f16", "bf16"}) {
    std::string t = type;
    auto o = run(R"(
mov.u32 %r5, 0;
loop:
mad.lo.s32 %r6, %r5, 1024, %r0;
cvt.u16.u32 %h1, %r6;
cvt.f32.)" + t + R"( %r1, %h1;
cvt.rn.)" + t + R"(.f32 %h2, %r1;
cvt.u32.u16 %r2, %h2;
cvt.u32.u16 %r3, %h1;
setp.ne.b32 %p1, %r2, %r3;
setp.nan.f32 %p2, %r1, %r1;
and.pred %p1, %p1, !%p2;
@%p1 st.global.u32 [%d0], %r3;
@%p1 trap;
add.s32 %r5, %r5, 1;
setp.lt.s32 %p3, %r5, 64;
@%p3 bra loop;
)",
                 1024);
    expectClean(o);
  }
}

TEST(Convert, FloatToInteger) {
  auto to = [](const char *text, float v) {
    return uint32_t(evaluate(text, bits(v)));
  };
  EXPECT_EQ(to("cvt.rzi.s32.f32 %r10, %r1;", -2.7f), uint32_t(-2));
  EXPECT_EQ(to("cvt.rni.s32.f32 %r10, %r1;", 2.5f), 2u);
  EXPECT_EQ(to("cvt.rmi.s32.f32 %r10, %r1;", -2.1f), uint32_t(-3));
  EXPECT_EQ(to("cvt.rpi.s32.f32 %r10, %r1;", 2.1f), 3u);
  EXPECT_EQ(to("cvt.rzi.s32.f32 %r10, %r1;", 1e20f), 0x7fffffffu);
  EXPECT_EQ(to("cvt.rzi.u32.f32 %r10, %r1;", -5), 0u);
  EXPECT_EQ(to("cvt.rni.f32.f32 %r10, %r1;", 2.5f), bits(2));
  EXPECT_EQ(to("cvt.sat.f32.f32 %r10, %r1;", 2.5f), bits(1));
}

TEST(Convert, Integers) {
  EXPECT_EQ(evaluate("cvt.s64.s32 %d10, %r1;", 0xffffffff), ~0ull);
  EXPECT_EQ(evaluate("cvt.u64.u32 %d10, %r1;", 0xffffffff), 0xffffffffull);
  EXPECT_EQ(evaluate("cvt.s32.s8 %r10, %r1;", 0x80), 0xffffff80u);
  EXPECT_EQ(evaluate("cvt.u32.u8 %r10, %r1;", 0x180), 0x80u);
  EXPECT_EQ(evaluate("cvt.sat.s8.s32 %r10, %r1;", 1000), 127u);
  EXPECT_EQ(evaluate("cvt.rn.f32.s32 %r10, %r1;", 0xffffffff), bits(-1));
  EXPECT_EQ(evaluate("cvt.rn.f32.u32 %r10, %r1;", 0xffffffff),
            bits(4294967296.0f));
  EXPECT_EQ(evaluate("cvt.rn.f32.u64 %r10, %d11;", (1ull << 40) + 1),
            bits(std::ldexp(1.0f, 40)));
}

TEST(Convert, Bytes) {
  for (int v = -128; v < 128; ++v) {
    EXPECT_EQ(evaluate("cvt.rn.f32.s8 %r10, %r1;", uint8_t(v)), bits(float(v)));
    EXPECT_EQ(evaluate("cvt.rn.f32.u8 %r10, %r1;", uint8_t(v)),
              bits(float(uint8_t(v))));
    EXPECT_EQ(evaluate("cvt.rni.sat.s8.f32 %r10, %r1;", bits(float(v))),
              uint32_t(v));
  }
  auto rounded = [](float v) {
    return int32_t(evaluate("cvt.rni.sat.s8.f32 %r10, %r1;", bits(v)));
  };
  EXPECT_EQ(rounded(2.5f), 2);
  EXPECT_EQ(rounded(-3.5f), -4);
  EXPECT_EQ(rounded(127.5f), 127);
  EXPECT_EQ(rounded(-1e9f), -128);
  EXPECT_EQ(rounded(NAN), 0);
  EXPECT_EQ(evaluate("cvt.rni.sat.u8.f32 %r10, %r1;", bits(300)), 255u);
  EXPECT_EQ(evaluate("cvt.rni.sat.u8.f32 %r10, %r1;", bits(-1)), 0u);
}

TEST(Convert, Tf32TiesGoAwayFromZero) {
  EXPECT_EQ(evaluate("cvt.rna.tf32.f32 %r10, %r1;", 0x3f801000), 0x3f802000u);
  EXPECT_EQ(evaluate("cvt.rna.tf32.f32 %r10, %r1;", 0x3f800fff), 0x3f800000u);
}

// LLVM reads the low half of a 64-bit register by a 32-bit conversion; every
// lane has its own.
TEST(Convert, LowPartOfAWideRegister) {
  Outcome o = run("sub.s32 %r1, %r0, 5;"
                  "cvt.u64.u32 %d10, %r1;"
                  "cvt.s64.s32 %d11, %d10;"
                  "sub.s64 %d12, %d11, %d10;"
                  "shr.u64 %d12, %d12, 32;"
                  "cvt.u32.u64 %r2, %d12;"
                  "cvt.s64.s16 %d13, %d10;"
                  "cvt.u32.u64 %r3, %d13;"
                  "xor.b32 %r3, %r3, %r1;"
                  "or.b32 %r2, %r2, %r3;"
                  "st.global.u32 [%d0], %r2;");
  expectClean(o);
  for (unsigned lane = 0; lane < 32; ++lane)
    EXPECT_EQ(o.out[lane], lane < 5 ? 0xffffffffu : 0u) << lane;
}
