//===- RaceTest.cpp - races in shared and global memory -------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

/// Thread t stores to slot t and loads slot t ^ `partner`.
static Outcome exchange(unsigned partner, const std::string &between,
                        unsigned threads, uint64_t seed = 1) {
  return run(R"(
mov.u32 %r1, smem;
mad.lo.u32 %r2, %r0, 4, %r1;
xor.b32 %r3, %r0, )" +
                 std::to_string(partner) + R"(;
mad.lo.u32 %r4, %r3, 4, %r1;
st.shared.u32 [%r2], %r0;
)" + between + R"(
ld.shared.u32 %r5, [%r4];
st.global.u32 [%d0], %r5;)",
             threads, {}, 4096, seed);
}

TEST(Race, WarpsNeedABarrier) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    expectClean(exchange(32, "bar.sync 0;", 64, seed));
    EXPECT_TRUE(exchange(32, "", 64, seed).has(Hazard::SharedRace));
    EXPECT_TRUE(
        exchange(32, "bar.warp.sync -1;", 64, seed).has(Hazard::SharedRace));
  }
}

TEST(Race, LanesOfAWarpNeedASync) {
  expectClean(exchange(1, "bar.warp.sync -1;", 32));
  expectClean(exchange(1, "bar.sync 0;", 32));
  EXPECT_TRUE(exchange(1, "", 32).has(Hazard::SharedRace));
  expectClean(exchange(0, "", 32));
}

TEST(Race, WriteAfterRead) {
  auto body = [](const char *between) {
    return std::string(R"(
mov.u32 %r1, smem;
mad.lo.u32 %r2, %r0, 4, %r1;
xor.b32 %r3, %r0, 32;
mad.lo.u32 %r4, %r3, 4, %r1;
st.shared.u32 [%r2], %r0;
bar.sync 0;
ld.shared.u32 %r5, [%r4];
)") + between +
           "st.shared.u32 [%r2], %r5;";
  };
  for (uint64_t seed = 0; seed < 8; ++seed) {
    expectClean(run(body("bar.sync 0;"), 64, {}, 512, seed));
    EXPECT_TRUE(run(body(""), 64, {}, 512, seed).has(Hazard::SharedRace));
  }
}

TEST(Race, NamedBarrierOrdersItsMembersOnly) {
  // Warps 0 and 1 meet at barrier 1; warp 2 does not.
  std::string body = R"(
mov.u32 %r1, smem;
shr.u32 %r6, %r0, 5;
setp.eq.u32 %p1, %r6, 0;
setp.eq.u32 %p2, %r6, READER;
setp.lt.u32 %p3, %r6, 2;
@%p1 st.shared.u32 [%r1], 5;
@%p3 bar.sync 1, 64;
@%p2 ld.shared.u32 %r2, [%r1];)";
  auto with = [&](const char *reader) {
    std::string text = body;
    text.replace(text.find("READER"), 6, reader);
    return run(text, 96, {}, 64, 3);
  };
  expectClean(with("1"));
  EXPECT_TRUE(with("2").has(Hazard::SharedRace));
}

TEST(Race, ArriveOrdersOneWay) {
  std::string body = R"(
mov.u32 %r1, smem;
setp.lt.u32 %p1, %r0, 32;
@%p1 bra producer;
bar.sync 2, 64;
ld.shared.u32 %r2, [%r1];
bra done;
producer:
st.shared.u32 [%r1], 5;
bar.arrive 2, 64;
AFTER
done:)";
  auto with = [&](const char *after) {
    std::string text = body;
    text.replace(text.find("AFTER"), 5, after);
    return run(text, 64, {}, 64, 5);
  };
  expectClean(with(""));
  EXPECT_TRUE(with("st.shared.u32 [%r1], 6;").has(Hazard::SharedRace));
}

TEST(Race, HalfWordsOfOneWordAreSeparate) {
  expectClean(run("mov.u32 %r1, smem; mad.lo.u32 %r2, %r0, 2, %r1;"
                  "cvt.u16.u32 %h1, %r0; st.shared.b16 [%r2], %h1;",
                  64, {}, 256));
}

TEST(Race, OneInstructionMayRepeatAValue) {
  expectClean(run("mov.u32 %r1, smem; st.shared.u32 [%r1], 3;", 32, {}, 64));
  EXPECT_TRUE(run("mov.u32 %r1, smem; st.shared.u32 [%r1], %r0;", 32, {}, 64)
                  .has(Hazard::SharedRace));
}

TEST(Race, AtomicsDoNotRaceWithEachOther) {
  expectClean(run(R"(
mov.u32 %r1, smem;
setp.eq.u32 %p1, %r0, 0;
@%p1 st.shared.u32 [%r1], 0;
bar.sync 0;
atom.shared.add.u32 %r2, [%r1], 1;
bar.sync 0;
ld.shared.u32 %r3, [%r1];)",
                  64, {}, 64));
}

TEST(Race, GlobalInsideACta) {
  auto body = [](const char *between) {
    return std::string("st.global.u32 [%d0], %r0; xor.b32 %r1, %r0, 32;"
                       "mul.wide.u32 %d5, %r1, 4; add.s64 %d5, %d5, %d2;") +
           between + "ld.global.u32 %r2, [%d5];";
  };
  expectClean(run(body("bar.sync 0;"), 64));
  EXPECT_TRUE(run(body(""), 64).has(Hazard::GlobalRace));
}

TEST(Race, GlobalBetweenCtas) {
  LaunchOptions options;
  options.grid.x = 4;
  auto o = runText(kernel("mov.u32 %r1, %ctaid.x; st.global.u32 [%d2], %r1;"),
                   options);
  ASSERT_TRUE(o.has(Hazard::GlobalRace)) << o.findings();
  EXPECT_EQ(o.result.findings[0].buffer, "out");
  options.block.x = 32;
  o = runText(kernel("mov.u32 %r1, %ctaid.x; mul.wide.u32 %d5, %r1, 128;"
                     "add.s64 %d5, %d5, %d0; st.global.u32 [%d5], %r1;"),
              options);
  expectClean(o);
  EXPECT_EQ(o.out[96], 3u);
}
