//===- ControlTest.cpp - divergence and reconvergence ---------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

TEST(Control, IfElseMeetsAgain) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    auto o = run(R"(
setp.lt.u32 %p1, %r0, 10;
@%p1 bra small;
mov.u32 %r1, 100;
bra meet;
small:
mov.u32 %r1, 200;
meet:
activemask.b32 %r2;
add.u32 %r1, %r1, %r0;
st.global.u32 [%d0], %r1;
st.global.u32 [%d0+128], %r2;)",
                 32, {}, 0, seed);
    expectClean(o);
    EXPECT_EQ(o.out[9], 209u);
    EXPECT_EQ(o.out[10], 110u);
    EXPECT_EQ(o.out[32], ~0u);
  }
}

TEST(Control, LoopThatLanesLeaveOneByOne) {
  auto o = run(R"(
mov.u32 %r1, 0;
mov.u32 %r2, 0;
loop:
add.u32 %r2, %r2, %r1;
add.u32 %r1, %r1, 1;
setp.le.u32 %p1, %r1, %r0;
@%p1 bra loop;
activemask.b32 %r3;
st.global.u32 [%d0], %r2;
st.global.u32 [%d0+128], %r3;)");
  expectClean(o);
  for (unsigned i = 0; i < 32; ++i)
    EXPECT_EQ(o.out[i], i * (i + 1) / 2);
  EXPECT_EQ(o.out[32], ~0u);
}

TEST(Control, NestedLoopsWithEarlyExit) {
  auto o = run(R"(
mov.u32 %r1, 0;
mov.u32 %r2, 0;
outer:
mov.u32 %r3, 0;
inner:
add.u32 %r2, %r2, 1;
add.u32 %r3, %r3, 1;
setp.lt.u32 %p1, %r3, %r0;
@%p1 bra inner;
st.global.u32 [%d0], %r2;
setp.gt.u32 %p2, %r2, 40;
@%p2 exit;
add.u32 %r1, %r1, 1;
setp.lt.u32 %p3, %r1, 3;
@%p3 bra outer;
activemask.b32 %r4;
st.global.u32 [%d0+128], %r4;)");
  expectClean(o);
  for (unsigned i = 0; i < 32; ++i) {
    unsigned turn = i ? i : 1, sum = 0;
    for (int k = 0; k < 3 && sum <= 40; ++k)
      sum += turn;
    EXPECT_EQ(o.out[i], sum);
  }
  EXPECT_EQ(o.out[32], 0x3fffu); // 3 * 13 = 39
}

TEST(Control, BranchTable) {
  auto o = run(R"(
and.b32 %r1, %r0, 3;
table: .branchtargets zero, one, two, one;
brx.idx %r1, table;
zero: mov.u32 %r2, 10; bra meet;
one: mov.u32 %r2, 11; bra meet;
two: mov.u32 %r2, 12;
meet:
st.global.u32 [%d0], %r2;)");
  expectClean(o);
  EXPECT_EQ(o.out[4], 10u);
  EXPECT_EQ(o.out[5], 11u);
  EXPECT_EQ(o.out[6], 12u);
  EXPECT_EQ(o.out[7], 11u);
}

TEST(Control, ScopesShadowRegistersAndLabels) {
  auto o = run(R"(
mov.u32 %r1, 1;
{ .reg .b32 %r1; .reg .pred P1; mov.u32 %r1, 5; setp.eq.u32 P1, %r1, 5; @P1 bra DONE; trap; DONE: }
{ .reg .pred P1; setp.eq.u32 P1, %r1, 1; @P1 bra DONE; trap; DONE: }
st.global.u32 [%d0], %r1;)");
  expectClean(o);
  EXPECT_EQ(o.out[0], 1u);
}

TEST(Control, UniformBranchMustBeUniform) {
  EXPECT_TRUE(run("setp.lt.u32 %p1, %r0, 4; @%p1 bra.uni out; out2: out:")
                  .has(Hazard::DivergentAligned));
}

TEST(Control, SpecialRegisters) {
  LaunchOptions options;
  options.block = {8, 4, 2};
  options.grid = {1, 1, 1};
  auto o = runText(kernel(R"(
mov.u32 %r1, %tid.y; mov.u32 %r2, %tid.z; mov.u32 %r3, %laneid;
mov.u32 %r5, %ntid.x; mov.u32 %r6, %ntid.y; mov.u32 %r7, %lanemask_lt;
mad.lo.u32 %r4, %r2, %r6, %r1; mad.lo.u32 %r4, %r4, %r5, %r0;
mul.wide.u32 %d5, %r4, 8; add.s64 %d5, %d5, %d2;
st.global.v2.u32 [%d5], {%r3, %r7};)"),
                   options);
  expectClean(o);
  EXPECT_EQ(o.out[2 * 37], 5u);
  EXPECT_EQ(o.out[2 * 37 + 1], 31u);
}
