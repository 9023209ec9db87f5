//===- ClusterTest.cpp - CTAs that run together ---------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AsyncKernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

static const char *const meet = "barrier.cluster.arrive.aligned;\n"
                                "barrier.cluster.wait.aligned;\n";

static AsyncKernel pair(const std::string &body, uint64_t seed = 1,
                        Timing timing = Timing::Latest) {
  AsyncKernel k("mov.u32 %r20, %cluster_ctarank;\nxor.b32 %r21, %r20, 1;\n" +
                    body,
                32, timing, seed);
  k.options.grid.x = 2;
  k.options.cluster.x = 2;
  return k;
}

TEST(Cluster, SpecialRegisters) {
  AsyncKernel k(R"(
mov.u32 %r10, %clusterid.x;
mov.u32 %r11, %cluster_ctaid.x;
mov.u32 %r12, %cluster_ctaid.y;
mov.u32 %r13, %cluster_ctarank;
mov.u32 %r14, %ctaid.x;
mov.u32 %r15, %ctaid.y;
mov.u32 %r16, %nclusterid.y;
mov.u32 %r17, %cluster_nctaid.x;
mov.u32 %r18, %cluster_nctarank;
mad.lo.u32 %r19, %r15, 4, %r14;
mul.wide.u32 %d10, %r19, 32;
add.s64 %d10, %d10, %d2;
st.global.v4.u32 [%d10], {%r10, %r11, %r12, %r13};
st.global.v4.u32 [%d10+16], {%r16, %r17, %r18, 7};)",
                1);
  k.options.grid = {4, 2, 1};
  k.options.cluster = {2, 2, 1};
  auto o = k.run();
  expectClean(o);
  for (uint32_t y = 0; y < 2; ++y)
    for (uint32_t x = 0; x < 4; ++x) {
      const uint32_t *got = &o.out[(y * 4 + x) * 8];
      uint32_t want[] = {x / 2, x % 2, y, y * 2 + x % 2, 1, 2, 4, 7};
      for (unsigned i = 0; i < 8; ++i)
        EXPECT_EQ(got[i], want[i]) << x << "," << y << "," << i;
    }
}

TEST(Cluster, LaunchChecks) {
  auto with = [](Dim3 grid, Dim3 cluster, const char *directives) {
    AsyncKernel k("", 32);
    k.options.grid = grid;
    k.options.cluster = cluster;
    k.directives = directives;
    return k.run();
  };
  const char *two = ".explicitcluster\n.reqnctapercluster 2, 1, 1\n";
  expectClean(with({4, 1, 1}, {2, 1, 1}, two));
  expectClean(with({4, 1, 1}, {1, 1, 1}, two));
  expectClean(with({6, 4, 1}, {3, 2, 1}, ""));
  auto o = with({3, 1, 1}, {2, 1, 1}, "");
  ASSERT_TRUE(o.has(Hazard::BadLaunch));
  EXPECT_EQ(o.result.findings[0].message,
            "cluster 2x1x1 does not divide the grid 3x1x1");
  EXPECT_TRUE(with({3, 1, 1}, {1, 1, 1}, two).has(Hazard::BadLaunch));
  EXPECT_TRUE(with({4, 1, 1}, {4, 1, 1}, two).has(Hazard::BadLaunch));
  EXPECT_TRUE(with({32, 1, 1}, {32, 1, 1}, "").has(Hazard::BadLaunch));
  LaunchOptions old;
  old.grid.x = old.cluster.x = 2;
  EXPECT_TRUE(runText(kernel(""), old).has(Hazard::BadLaunch));
}

/// Each thread stores to the peer and loads what the peer has stored.
static Outcome exchange(const std::string &between, const std::string &end,
                        uint64_t seed) {
  return pair("mad.lo.u32 %r5, %r0, 4, %r1;\nadd.u32 %r6, %r0, %r20;\n"
              "mapa.shared::cluster.u32 %r7, %r5, %r21;\n" +
                  std::string(meet) + "st.shared::cluster.u32 [%r7], %r6;\n" +
                  between +
                  "ld.shared.u32 %r8, [%r5];\nshl.b32 %r9, %r20, 7;\n"
                  "cvt.u64.u32 %d10, %r9;\nadd.s64 %d10, %d10, %d0;\n"
                  "st.global.u32 [%d10], %r8;\n" +
                  end,
              seed)
      .run();
}

TEST(Cluster, DistributedSharedMemory) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    auto o = exchange(meet, "", seed);
    expectClean(o);
    EXPECT_EQ(o.out[3], 4u);
    EXPECT_EQ(o.out[32 + 3], 3u);
    EXPECT_TRUE(exchange("", "", seed).has(Hazard::SharedRace));
    o = exchange("barrier.cluster.arrive.relaxed.aligned;\n"
                 "barrier.cluster.wait.acquire.aligned;\n",
                 "", seed);
    EXPECT_TRUE(o.has(Hazard::SharedRace)) << o.findings();
    expectClean(exchange("fence.acq_rel.cluster;\n"
                         "barrier.cluster.arrive.relaxed.aligned;\n"
                         "barrier.cluster.wait.acquire.aligned;\n",
                         "", seed));
  }
}

TEST(Cluster, GenericAddresses) {
  auto o = pair(std::string(meet) + R"(
mov.b64 %d10, smem;
cvta.shared.u64 %d11, %d10;
mapa.u64 %d12, %d11, %r21;
@%p15 st.u32 [%d12], %r20;
)" + meet + R"(
ld.u32 %r5, [%d11];
@%p15 bra store;
ret;
store:
mul.wide.u32 %d13, %r20, 4;
add.s64 %d13, %d13, %d2;
st.global.u32 [%d13], %r5;)")
               .run();
  expectClean(o);
  EXPECT_EQ(o.out[0], 1u);
  EXPECT_EQ(o.out[1], 0u);
}

TEST(Cluster, NobodyLeavesWhileAPeerMayCome) {
  // CTA 0 reads the peer's memory, and the peer may be gone.
  auto with = [](const char *end, uint64_t seed) {
    return pair("@%p15 st.shared.u32 [%r1], 5;\n" + std::string(meet) +
                    "setp.eq.u32 %p1, %r20, 0;\n"
                    "mapa.shared::cluster.u32 %r7, %r1, %r21;\n"
                    "@%p1 ld.shared::cluster.u32 %r8, [%r7];\n" +
                    end,
                seed)
        .run();
  };
  for (uint64_t seed = 0; seed < 8; ++seed) {
    EXPECT_TRUE(with("", seed).has(Hazard::ExitedPeer));
    expectClean(with(meet, seed));
  }
}

TEST(Cluster, RemoteArrivals) {
  // The peer's threads arrive here, for data that they have left here.
  for (uint64_t seed = 0; seed < 8; ++seed) {
    auto with = [&](const std::string &first, const std::string &ready) {
      return pair(init(0, 32) + first + ready +
                      R"(mad.lo.u32 %r5, %r0, 4, %r1;
mapa.shared::cluster.u32 %r7, %r5, %r21;
mapa.shared::cluster.u32 %r8, %r2, %r21;
st.shared::cluster.u32 [%r7], %r0;
mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r8];
loop:
mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p1, [%r2], 0;
@!%p1 bra loop;
xor.b32 %r9, %r5, 4;
ld.shared.u32 %r10, [%r9];
)",
                  seed)
          .run();
    };
    expectClean(with("", meet));
    std::string relaxed = "barrier.cluster.arrive.relaxed.aligned;\n"
                          "barrier.cluster.wait.aligned;\n";
    expectClean(with("fence.mbarrier_init.release.cluster;\n", relaxed));
    EXPECT_TRUE(with("", relaxed).has(Hazard::MbarrierMisuse));
    EXPECT_FALSE(with("", "").result.clean());
  }
  auto o = pair(init(0, 1) + meet +
                "mapa.shared::cluster.u32 %r8, %r2, %r21;\n"
                "cvt.u64.u32 %d10, %r8;\ncvta.shared::cluster.u64 %d11, %d10;\n"
                "mbarrier.test_wait.parity.b64 %p1, [%d11], 1;\n" +
                meet)
               .run();
  EXPECT_TRUE(o.has(Hazard::MbarrierMisuse)) << o.findings();
}

/// CTA 0 loads a row into both.
static Outcome multicast(const std::string &mask, const std::string &waiting,
                         const std::string &end, Timing timing, uint64_t seed) {
  return pair(init(0, 1) + "@%p15 fence.mbarrier_init.release.cluster;\n" +
                  meet + "@%p15 " + expectTx(0, 128) +
                  "setp.eq.u32 %p1, %r20, 0;\nand.pred %p1, %p1, %p15;\n"
                  "mov.b16 %h1, " +
                  mask +
                  ";\n@%p1 cp.async.bulk.tensor.1d.shared::cluster.global."
                  "mbarrier::complete_tx::bytes.multicast::cluster [%r1], "
                  "[mapIn, {64}], [%r2], %h1;\n" +
                  waiting +
                  "mad.lo.u32 %r5, %r0, 4, %r1;\nld.shared.u32 %r6, [%r5];\n"
                  "shl.b32 %r9, %r20, 7;\ncvt.u64.u32 %d10, %r9;\n"
                  "add.s64 %d10, %d10, %d0;\nst.global.u32 [%d10], %r6;\n" +
                  end,
              seed, timing)
      .run();
}

TEST(Cluster, Multicast) {
  for (Timing timing : bothTimings)
    for (uint64_t seed = 0; seed < 6; ++seed) {
      auto o = multicast("3", wait(0, "0"), "", timing, seed);
      expectClean(o);
      for (unsigned i = 0; i < 64; ++i)
        EXPECT_EQ(o.out[i], (64 + i % 32) * 3 + 1);
      EXPECT_EQ(o.result.counters.global["in"].bytesRead, 128u);
      // Only one CTA gets the data: the other waits for ever.
      EXPECT_TRUE(multicast("1", wait(0, "0"), meet, timing, seed)
                      .has(Hazard::Deadlock));
      EXPECT_TRUE(multicast("4", wait(0, "0"), "", timing, seed)
                      .has(Hazard::InvalidOperand));
      // Leaving before the data has come.
      EXPECT_FALSE(multicast("3", "", "", timing, seed).result.clean());
    }
}

TEST(Cluster, MulticastNeedsAllReaders) {
  // The second load overwrites what the peer may still be reading.
  auto with = [](const std::string &between, Timing timing, uint64_t seed) {
    std::string again = between + "@%p15 " + expectTx(0, 128) +
                        "@%p1 cp.async.bulk.tensor.1d.shared::cluster.global."
                        "mbarrier::complete_tx::bytes.multicast::cluster "
                        "[%r1], [mapIn, {0}], [%r2], %h1;\n" +
                        wait(0, "1");
    return multicast("3", wait(0, "0"), again, timing, seed);
  };
  for (Timing timing : bothTimings)
    for (uint64_t seed = 0; seed < 6; ++seed) {
      expectClean(with(meet, timing, seed));
      auto o = with("bar.sync 0;\n", timing, seed);
      EXPECT_FALSE(o.result.clean());
      EXPECT_TRUE(o.has(Hazard::SharedRace) || o.has(Hazard::CopyOverlap) ||
                  o.has(Hazard::UnfinishedCopy))
          << o.findings();
    }
}

TEST(Cluster, BarrierMisuse) {
  EXPECT_TRUE(pair("barrier.cluster.arrive.aligned;\n"
                   "barrier.cluster.arrive.aligned;\n")
                  .run()
                  .has(Hazard::BarrierMisuse));
  EXPECT_TRUE(
      pair("barrier.cluster.wait.aligned;\n").run().has(Hazard::BarrierMisuse));
  EXPECT_TRUE(pair("@%p15 barrier.cluster.arrive.aligned;\n")
                  .run()
                  .has(Hazard::DivergentAligned));
  // Warps that have exited need not come.
  auto o = pair("setp.eq.u32 %p1, %r20, 1;\n@%p1 bra end;\n" +
                std::string(meet) + "end:")
               .run();
  expectClean(o);
  // CTA 0 waits for an arrival that depends on it.
  o = pair("setp.eq.u32 %p1, %r20, 1;\n@%p1 bra one;\n" + std::string(meet) +
           "one:\nbar.sync 0;\n" + meet)
          .run();
  EXPECT_FALSE(o.has(Hazard::Deadlock));
}

TEST(Cluster, DoesNotDependOnHostThreads) {
  std::string first;
  for (unsigned threads : {1u, 3u}) {
    AsyncKernel k =
        pair(std::string(meet) + "mapa.shared::cluster.u32 %r7, %r1, %r21;\n"
                                 "st.shared::cluster.u32 [%r7], %r0;\n");
    k.options.grid.x = 12;
    k.options.threads = threads;
    auto o = k.run();
    EXPECT_FALSE(o.result.findings.empty());
    if (first.empty())
      first = o.findings();
    EXPECT_EQ(o.findings(), first);
  }
}
