//===- BarrierTest.cpp - barriers, deadlock and limits --------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

TEST(Barrier, DeadlockSaysWhoWaitsForWhat) {
  auto o = run("setp.lt.u32 %p1, %r0, 32; @%p1 bar.sync 3, 64;", 64);
  ASSERT_TRUE(o.has(Hazard::Deadlock)) << o.findings();
  EXPECT_FALSE(o.result.completed);
  EXPECT_NE(o.findings().find("warp 0 waits at barrier 3"), std::string::npos);
  EXPECT_NE(o.findings().find("1 of 2"), std::string::npos);
}

TEST(Barrier, DivergentWarp) {
  auto o = run("setp.lt.u32 %p1, %r0, 16; @%p1 bar.sync 0;");
  EXPECT_TRUE(o.has(Hazard::DivergentAligned)) << o.findings();
}

TEST(Barrier, ExitedLanes) {
  auto o = run("setp.lt.u32 %p1, %r0, 16; @%p1 exit; bar.sync 0;");
  EXPECT_TRUE(o.has(Hazard::DivergentAligned)) << o.findings();
}

TEST(Barrier, CountsMustAgree) {
  auto o = run("shr.u32 %r1, %r0, 5; setp.eq.u32 %p1, %r1, 0;"
               "@%p1 bar.sync 1, 64; @!%p1 bar.sync 1, 96;",
               96);
  EXPECT_TRUE(o.has(Hazard::BarrierMisuse)) << o.findings();
}

TEST(Barrier, ArrivingTwice) {
  auto o = run("shr.u32 %r1, %r0, 5; setp.eq.u32 %p1, %r1, 0;"
               "@%p1 bar.arrive 1, 96; @%p1 bar.arrive 1, 96;",
               96);
  EXPECT_TRUE(o.has(Hazard::BarrierMisuse)) << o.findings();
}

TEST(Barrier, RunTimeNumber) {
  EXPECT_TRUE(run("mov.b32 %r1, 16; bar.sync %r1;").has(Hazard::BarrierMisuse));
  expectClean(run("mov.b32 %r1, 15; barrier.sync.aligned %r1;", 64));
}

TEST(Barrier, WarpSyncMembers) {
  expectClean(run("bar.warp.sync -1;"));
  EXPECT_TRUE(run("setp.lt.u32 %p1, %r0, 4; @%p1 bar.warp.sync -1;")
                  .has(Hazard::InactiveLane));
  EXPECT_TRUE(run("bar.warp.sync 1;").has(Hazard::InactiveLane));
}

TEST(Barrier, RunawayIsStopped) {
  LaunchOptions options;
  options.instructionLimit = 1000;
  auto o = runText(kernel("loop: bra loop;"), options);
  EXPECT_TRUE(o.has(Hazard::InstructionLimit)) << o.findings();
  EXPECT_FALSE(o.result.completed);
}

TEST(Barrier, Trap) {
  auto o = run("setp.eq.u32 %p1, %r0, 7; @%p1 trap;");
  ASSERT_TRUE(o.has(Hazard::Trap));
  EXPECT_EQ(o.result.findings[0].lane, 7);
}
