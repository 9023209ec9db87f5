//===- MbarrierTest.cpp - mbarriers by themselves -------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AsyncKernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

static Outcome run2(const std::string &body, unsigned threads = 64,
                    uint64_t seed = 1) {
  return AsyncKernel(body, threads, Timing::Latest, seed).run();
}

/// Warp 0 stores, all of its lanes arrive; warp 1 waits and loads.
static Outcome handOver(const std::string &before, const std::string &arrival,
                        const std::string &waiting, unsigned count,
                        uint64_t seed = 1) {
  return run2(init(0, count) + "bar.sync 0;\n" + before +
                  "setp.ge.u32 %p1, %r0, 32;\n@%p1 bra consumer;\n"
                  "mad.lo.u32 %r5, %r0, 4, %r1;\nst.shared.u32 [%r5], %r0;\n" +
                  arrival + "bra done;\nconsumer:\n" + waiting +
                  "mad.lo.u32 %r5, %r0, 4, %r1;\n"
                  "ld.shared.u32 %r6, [%r5+-128];\n"
                  "st.global.u32 [%d0], %r6;\ndone:",
              64, seed);
}

TEST(Mbarrier, ArrivalsOrderWaiters) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    auto o = handOver("", arrive(0), wait(0, "0"), 32, seed);
    expectClean(o);
    EXPECT_EQ(o.out[40], 8u);
    EXPECT_TRUE(handOver("", "", "", 32, seed).has(Hazard::SharedRace));
    o = handOver("", "mbarrier.arrive.relaxed.cta.shared::cta.b64 _, [%r2];",
                 wait(0, "0"), 32, seed);
    EXPECT_TRUE(o.has(Hazard::SharedRace)) << o.findings();
  }
}

TEST(Mbarrier, OneLaneSpeaksForItself) {
  // Without bar.warp.sync an arrival of lane 0 says nothing of the others.
  std::string one = "@%p15 " + arrive(0);
  expectClean(handOver("", "bar.warp.sync -1;" + one, wait(0, "0"), 1));
  auto o = handOver("", one, wait(0, "0"), 1);
  EXPECT_TRUE(o.has(Hazard::SharedRace)) << o.findings();
  // The same for a wait.
  std::string single =
      "setp.eq.u32 %p2, %r0, 32;\n@!%p2 bra skip;\n" + wait(0, "0") + "skip:\n";
  o = handOver("", arrive(0), single + "bar.warp.sync -1;", 32);
  expectClean(o);
  o = handOver("", arrive(0), single, 32);
  EXPECT_TRUE(o.has(Hazard::SharedRace)) << o.findings();
}

TEST(Mbarrier, LoopAsLlvmPrintsIt) {
  auto o = handOver("", arrive(0), R"(
loop:
mbarrier.try_wait.parity.acquire.cta.shared.b64 %p3, [%r2], 0;
@!%p3 bra loop;
)",
                    32);
  expectClean(o);
  o = handOver("mov.b64 %d10, bars; cvta.shared.u64 %d11, %d10;", R"(
mbarrier.arrive.release.cta.b64 %d12, [%d11], 1;)",
               R"(
loop:
mbarrier.test_wait.parity.b64 %p3, [%d11], 0;
selp.b32 %r9, 1, 0, %p3;
setp.ne.s32 %p4, %r9, 0;
@%p4 bra out;
bra loop;
out:
)",
               32);
  expectClean(o);
}

TEST(Mbarrier, WaitsMayFail) {
  // No loop: the first wait for a phase that has not ended returns false.
  // It is right by luck only, when the producer comes first.
  unsigned races = 0;
  for (uint64_t seed = 0; seed < 16; ++seed)
    races += handOver("", arrive(0),
                      "mbarrier.try_wait.parity.shared::cta.b64 %p3, [%r2], 0;",
                      32, seed)
                 .has(Hazard::SharedRace);
  EXPECT_GT(races, 2u);
}

TEST(Mbarrier, FreshBarrierHasPassedParityOne) {
  expectClean(run2(init(0, 1) + "bar.sync 0;" + wait(0, "1")));
  auto o = run2(init(0, 1) + "bar.sync 0;" + wait(0, "0"));
  ASSERT_TRUE(o.has(Hazard::Deadlock)) << o.findings();
  EXPECT_NE(o.findings().find("waits at mbarrier bars+0 for the end of phase "
                              "0, parity 0"),
            std::string::npos)
      << o.findings();
  EXPECT_NE(o.findings().find("1 of 1 arrivals pending, 0 bytes outstanding"),
            std::string::npos);
}

TEST(Mbarrier, StatesNamePhases) {
  std::string body = init(0, 64) + "bar.sync 0;" + R"(
mbarrier.arrive.shared::cta.b64 %d10, [%r2];
loop:
mbarrier.try_wait.shared::cta.b64 %p1, [%r2], %d10;
@!%p1 bra loop;
st.global.u64 [%d2], %d10;)";
  auto o = run2("setp.ne.u32 %p14, %r0, 99;" + body);
  EXPECT_FALSE(o.has(Hazard::Deadlock)) << o.findings();
  EXPECT_FALSE(o.has(Hazard::MbarrierMisuse)) << o.findings();
  EXPECT_EQ(o.out[0], 0u);
}

TEST(Mbarrier, Misuse) {
  auto misuse = [](const std::string &body) {
    auto o = run2(body, 32);
    return o.has(Hazard::MbarrierMisuse);
  };
  std::string start = init(0, 1) + "bar.sync 0;";
  EXPECT_TRUE(misuse("@%p15 " + arrive(0))); // never initialised
  EXPECT_TRUE(misuse(start + init(0, 1)));
  EXPECT_FALSE(misuse(start + "@%p15 mbarrier.inval.shared::cta.b64 [%r2];" +
                      init(0, 1)));
  EXPECT_TRUE(misuse(start +
                     "@%p15 mbarrier.inval.shared::cta.b64 [%r2];"
                     "@%p15 " +
                     arrive(0)));
  EXPECT_TRUE(misuse(start + "ld.shared.u64 %d10, [%r2];"));
  EXPECT_TRUE(misuse(start + "st.shared.u32 [%r2+4], 0;"));
  EXPECT_FALSE(misuse(start + "st.shared.u32 [%r2+8], 0;"));
  // More arrivals than are expected.
  EXPECT_TRUE(misuse(start + "@%p15 mbarrier.arrive.shared::cta.b64 _, [%r2], "
                             "3;"));
  // Bytes that never come.
  EXPECT_TRUE(misuse(start + "@%p15 " + expectTx(0, 64)));
  EXPECT_TRUE(misuse(start + "@%p15 mbarrier.expect_tx.relaxed.cta.shared::cta"
                             ".b64 [%r2], 1048575;"
                             "@%p15 mbarrier.expect_tx.relaxed.cta.shared::cta"
                             ".b64 [%r2], 1;"));
  EXPECT_TRUE(run2("@%p15 mbarrier.init.shared.b64 [%r2], 0;")
                  .has(Hazard::InvalidOperand));
  EXPECT_TRUE(run2("@%p15 mbarrier.init.shared.b64 [%r2+4], 1;")
                  .has(Hazard::Misaligned));
}

TEST(Mbarrier, SomebodyWaitsForEachPhase) {
  // Two arrivals where one is expected are two phases; the end of the first has
  // to be seen, by any warp, before the second arrival.
  std::string start = init(0, 1) + "bar.sync 0;@%p15 " + arrive(0);
  auto o = run2(start + "@%p15 " + arrive(0), 32);
  EXPECT_TRUE(o.has(Hazard::MbarrierMisuse)) << o.findings();
  EXPECT_NE(o.findings().find("arrives in phase 1, but no wait has seen the "
                              "end of phase 0 yet"),
            std::string::npos)
      << o.findings();
  expectClean(run2(start + wait(0, "0") + "@%p15 " + arrive(0), 32));
  // A wait that failed has seen nothing.
  std::string poll = "mbarrier.test_wait.parity.shared::cta.b64 %p1, [%r2], ";
  o = run2(start + poll + "1;@%p15 " + arrive(0), 32);
  EXPECT_TRUE(o.has(Hazard::MbarrierMisuse)) << o.findings();
  expectClean(run2(start + poll + "0;@%p15 " + arrive(0), 32));
}

TEST(Mbarrier, UseIsOrderedAfterInit) {
  std::string use = "setp.eq.u32 %p1, %r0, 32; @%p1 " + arrive(0);
  for (uint64_t seed = 0; seed < 8; ++seed) {
    auto o = run2(init(0, 1) + use, 64, seed);
    EXPECT_TRUE(o.has(Hazard::MbarrierMisuse)) << o.findings();
    expectClean(run2(init(0, 1) + "bar.sync 0;" + use, 64, seed));
  }
}

TEST(Mbarrier, PhaseOverrun) {
  // Warp 1 has seen phase 0; then two more end before it asks again.
  std::string body = init(0, 1) + init(1, 1) + "bar.sync 0;" + R"(
setp.ge.u32 %p1, %r0, 32;
@%p1 bra waiter;
@%p15 )" + arrive(0) +
                     "bar.sync 1, 64;\n@%p15 " + arrive(0) + "@%p15 " +
                     arrive(0) + R"(
bar.sync 1, 64;
bra done;
waiter:
)" + wait(0, "0") + "bar.sync 1, 64;\nbar.sync 1, 64;\n" +
                     wait(0, "1") + "done:";
  auto o = run2(body);
  EXPECT_TRUE(o.has(Hazard::PhaseOverrun)) << o.findings();
  EXPECT_NE(o.findings().find("waits for phase 1 of the mbarrier, but phase 2"),
            std::string::npos)
      << o.findings();
}

TEST(Mbarrier, ALoopOfPhasesIsClean) {
  // Producer and consumer over two stages, each waiting for the other.
  std::string body = init(0, 32) + init(1, 32) + init(2, 32) + init(3, 32) + R"(
bar.sync 0;
mov.u32 %r10, 0;
mov.u32 %r11, 0;
setp.ge.u32 %p1, %r0, 32;
loop:
and.b32 %r12, %r10, 1;
shl.b32 %r13, %r12, 3;
add.u32 %r14, %r2, %r13;
shl.b32 %r15, %r12, 7;
add.u32 %r16, %r1, %r15;
and.b32 %r17, %r0, 31;
mad.lo.u32 %r18, %r17, 4, %r16;
shr.u32 %r19, %r10, 1;
and.b32 %r20, %r19, 1;
@%p1 bra consumer;
xor.b32 %r21, %r20, 1;
empty:
mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r14+16], %r21;
@!%p2 bra empty;
st.shared.u32 [%r18], %r10;
mbarrier.arrive.shared::cta.b64 _, [%r14];
bra next;
consumer:
full:
mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r14], %r20;
@!%p2 bra full;
ld.shared.u32 %r22, [%r18];
ARRIVE
add.u32 %r11, %r11, %r22;
next:
add.u32 %r10, %r10, 1;
setp.lt.u32 %p3, %r10, 9;
@%p3 bra loop;
@%p1 st.global.u32 [%d0], %r11;)";
  auto with = [&](const std::string &release, uint64_t seed) {
    std::string text = body;
    text.replace(text.find("ARRIVE"), 6, release);
    return run2(text, 64, seed);
  };
  for (uint64_t seed = 0; seed < 10; ++seed) {
    auto o = with("mbarrier.arrive.shared::cta.b64 _, [%r14+16];", seed);
    expectClean(o);
    EXPECT_EQ(o.out[33], 36u);
    EXPECT_TRUE(with("", seed).has(Hazard::Deadlock));
  }
}

TEST(Mbarrier, CopiesArrive) {
  for (Timing timing : bothTimings)
    for (uint64_t seed = 0; seed < 4; ++seed) {
      auto kernel = [&](const std::string &signal, unsigned count,
                        const std::string &waiting) {
        return AsyncKernel(init(0, count) + R"(
bar.sync 0;
setp.ge.u32 %p1, %r0, 32;
@%p1 bra consumer;
mad.lo.u32 %r5, %r0, 16, %r1;
mul.wide.u32 %d5, %r0, 16;
add.s64 %d5, %d5, %d3;
cp.async.cg.shared.global [%r5], [%d5], 16;
)" + signal + R"(
bra done;
consumer:
)" + waiting + R"(
add.u32 %r6, %r0, -32;
mad.lo.u32 %r5, %r6, 16, %r1;
ld.shared.u32 %r7, [%r5];
st.global.u32 [%d0], %r7;
done:)",
                           64, timing, seed)
            .run();
      };
      const char *noinc = "cp.async.mbarrier.arrive.noinc.shared::cta.b64 "
                          "[%r2];";
      auto o = kernel(noinc, 32, wait(0, "0"));
      expectClean(o);
      EXPECT_EQ(o.out[35], 3u * 12 + 1);
      o = kernel("cp.async.mbarrier.arrive.shared::cta.b64 [%r2];" + arrive(0),
                 32, wait(0, "0"));
      expectClean(o);
      o = kernel(noinc, 32, "");
      EXPECT_FALSE(o.result.findings.empty());
      // An ordinary arrival does not wait for the copies.
      o = kernel(arrive(0) + "cp.async.wait_all;", 32, wait(0, "0"));
      EXPECT_FALSE(o.result.findings.empty());
    }
}

TEST(Mbarrier, OldTargetsHaveLess) {
  auto parses = [](const std::string &body, const char *target) {
    Diagnostic error;
    return parseModule(kernel(body, target), error) != nullptr;
  };
  EXPECT_TRUE(parses("mbarrier.arrive.shared.b64 %d1, [%r1];", "sm_80"));
  EXPECT_FALSE(parses("mbarrier.arrive.shared.b64 %d1, [%r1], 2;", "sm_80"));
  EXPECT_TRUE(parses("mbarrier.arrive.shared.b64 %d1, [%r1], 2;", "sm_90"));
  EXPECT_FALSE(
      parses("mbarrier.try_wait.parity.shared.b64 %p1, [%r1], 0;", "sm_80"));
  EXPECT_TRUE(
      parses("mbarrier.test_wait.parity.shared.b64 %p1, [%r1], 0;", "sm_80"));
  EXPECT_FALSE(
      parses("mbarrier.arrive.shared::cluster.b64 %d1, [%r1];", "sm_90"));
  EXPECT_FALSE(parses("mbarrier.arrive_drop.shared.b64 %d1, [%r1];", "sm_90"));
}
