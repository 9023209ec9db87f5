//===- ShuffleTest.cpp - shuffles, votes, reductions ----------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

static std::vector<uint32_t> shuffle(const std::string &mode, int b, int c) {
  auto o =
      run("add.u32 %r1, %r0, 100; shfl.sync." + mode + ".b32 %r2|%p1, %r1, " +
          std::to_string(b) + ", " + std::to_string(c) +
          ", -1; selp.b32 %r3, 1, 0, %p1; st.global.u32 [%d0], %r2;"
          "st.global.u32 [%d0+128], %r3;");
  expectClean(o);
  return o.out;
}

TEST(Shuffle, Modes) {
  auto bfly = shuffle("bfly", 1, 31);
  auto up = shuffle("up", 2, 0);
  auto down = shuffle("down", 2, 31);
  auto idx = shuffle("idx", 5, 31);
  // Segments of eight lanes: c[12:8] = 24.
  auto part = shuffle("idx", 3, (24 << 8) | 31);
  for (unsigned l = 0; l < 32; ++l) {
    EXPECT_EQ(bfly[l], 100 + (l ^ 1));
    EXPECT_EQ(up[l], 100 + (l >= 2 ? l - 2 : l));
    EXPECT_EQ(up[32 + l], l >= 2);
    EXPECT_EQ(down[l], 100 + (l < 30 ? l + 2 : l));
    EXPECT_EQ(idx[l], 105u);
    EXPECT_EQ(part[l], 100 + (l & 24) + 3);
  }
}

TEST(Shuffle, InactiveLanes) {
  EXPECT_TRUE(run("setp.lt.u32 %p1, %r0, 16;"
                  "@%p1 shfl.sync.bfly.b32 %r1, %r0, 16, 31, -1;")
                  .has(Hazard::InactiveLane));
  expectClean(run("setp.lt.u32 %p1, %r0, 16;"
                  "@%p1 shfl.sync.bfly.b32 %r1, %r0, 8, 31, 65535;"));
  EXPECT_TRUE(run("setp.lt.u32 %p1, %r0, 16;"
                  "@%p1 shfl.sync.bfly.b32 %r1, %r0, 16, 31, 65535;")
                  .has(Hazard::InactiveLane));
}

TEST(Shuffle, VotesAndReductions) {
  auto o = run(R"(
setp.lt.u32 %p1, %r0, 5;
vote.sync.ballot.b32 %r1, %p1, -1;
vote.sync.any.pred %p2, %p1, -1;
vote.sync.all.pred %p3, %p1, -1;
vote.sync.all.pred %p4, !%p3, -1;
selp.b32 %r2, 1, 0, %p2;
selp.b32 %r3, 1, 0, %p3;
selp.b32 %r5, 2, 0, %p4;
or.b32 %r3, %r3, %r5;
redux.sync.add.s32 %r4, %r0, -1;
redux.sync.max.u32 %r6, %r0, -1;
add.u32 %r4, %r4, %r6;
mul.wide.u32 %d5, %r0, 16;
add.s64 %d5, %d5, %d2;
st.global.v4.u32 [%d5], {%r1, %r2, %r3, %r4};)");
  expectClean(o);
  EXPECT_EQ(o.out[0], 31u);
  EXPECT_EQ(o.out[1], 1u);
  EXPECT_EQ(o.out[2], 2u);
  EXPECT_EQ(o.out[3], 496u + 31);
}

TEST(Shuffle, PoisonTravels) {
  auto o =
      run("setp.eq.u32 %p1, %r0, 3; @!%p1 mov.u32 %r1, 0;"
          "shfl.sync.idx.b32 %r2, %r1, 3, 31, -1; st.global.u32 [%d0], %r2;");
  EXPECT_TRUE(o.has(Hazard::Uninitialised)) << o.findings();
}
