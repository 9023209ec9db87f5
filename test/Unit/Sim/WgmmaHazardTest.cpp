//===- WgmmaHazardTest.cpp - what can be wrong around wgmma ---------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WgmmaKernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

namespace {
const Tile tileA{0, false, 64, 16, 2, 0};
const Tile tileB{0, false, 8, 16, 2, 2048};
constexpr uint32_t sharedBytes = 4096;

const std::string Fence = "wgmma.fence.sync.aligned;\n";
const std::string Commit = "wgmma.commit_group.sync.aligned;\n";
const std::string Wait = "wgmma.wait_group.sync.aligned 0;\n";
const std::string WaitOne = "wgmma.wait_group.sync.aligned 1;\n";

std::string multiply(const std::string &d, const std::string &a,
                     unsigned n = 8) {
  bool registers = a[0] == '{';
  return "wgmma.mma_async.sync.aligned.m64n" + std::to_string(n) +
         "k16.f32.bf16.bf16 {" + d + "}, " + a + ", %db, 1, 1, 1" +
         (registers ? "" : ", 0") + ", 0;\n";
}
const std::string Mma = multiply(list("%acc", 4), "%da");
const std::string MmaOther = multiply("%acc4, %acc5, %acc6, %acc7", "%da");
const std::string MmaRegisters =
    multiply(list("%acc", 4), "{" + list("%a", 4) + "}");

/// %acc0 to %acc15 and %a0 to %a7 are 0, %da and %db are descriptors, %r7 is
/// the warp. A and B are ones.
Outcome judge(const std::string &text, Timing timing = Timing::Latest,
              uint64_t seed = 1, unsigned threads = 128) {
  std::string body = fillShared(sharedBytes / 4);
  for (unsigned i = 0; i < 16; ++i)
    body += "mov.b32 %acc" + std::to_string(i) + ", 0;\n";
  for (unsigned i = 0; i < 8; ++i)
    body += "mov.b32 %a" + std::to_string(i) + ", 0;\n";
  body += tileA.load("%da", 0) + tileB.load("%db", 0) +
          "shr.u32 %r7, %r0, 5;\n" + text;
  std::vector<uint32_t> in(sharedBytes / 4, 0x3f803f80);
  return runWarpGroups(body, sharedBytes, in, 128 * 8, timing, seed, threads);
}

void expectOnly(const Outcome &o, Hazard hazard) {
  EXPECT_FALSE(o.result.findings.empty()) << "nothing found";
  for (const Finding &f : o.result.findings)
    EXPECT_EQ(f.hazard, hazard) << f.str();
}
} // namespace

TEST(WgmmaHazard, RightOrderIsClean) {
  for (Timing timing : {Timing::Latest, Timing::Earliest})
    for (uint64_t seed = 0; seed < 20; ++seed) {
      Outcome o =
          judge(Fence + Mma + Mma + Commit + Wait + storeAccumulators(4),
                timing, seed);
      expectClean(o);
      EXPECT_EQ(real(o.out[0]), 32.0f);
      EXPECT_EQ(real(o.out[511]), 32.0f);
    }
}

TEST(WgmmaHazard, AccumulatorInFlight) {
  for (Timing timing : {Timing::Latest, Timing::Earliest})
    for (const char *access :
         {"mov.b32 %r20, %acc1;\n", "mov.b32 %acc1, 0;\n",
          "add.f32 %r20, %acc3, %acc3;\n", "cvt.rn.bf16.f32 %h1, %acc0;\n",
          "selp.b32 %r20, %acc2, %r0, %p1;\n",
          "st.shared.b32 [%r4], %acc2;\n"}) {
      expectOnly(judge(Fence + Mma + Commit + access + Wait, timing),
                 Hazard::WgmmaAccumulatorInFlight);
      expectOnly(judge(Fence + Mma + access + Commit + Wait, timing),
                 Hazard::WgmmaAccumulatorInFlight);
      expectOnly(judge(Fence + Mma + Commit + WaitOne + access + Wait, timing),
                 Hazard::WgmmaAccumulatorInFlight);
    }
  // A wait does not cover what was not committed.
  expectOnly(
      judge(Fence + Mma + Wait + "mov.b32 %r20, %acc1;\n" + Commit + Wait),
      Hazard::WgmmaAccumulatorInFlight);
}

TEST(WgmmaHazard, NamesBothLines) {
  Outcome o = judge(Fence + Mma + "mov.b32 %r20, %acc1;\n" + Commit + Wait);
  ASSERT_EQ(o.result.findings.size(), 1u) << o.findings();
  const Finding &f = o.result.findings[0];
  EXPECT_EQ(f.ptxText, "mov.b32 %r20, %acc1;");
  EXPECT_NE(
      f.message.find("the wgmma at line " + std::to_string(f.ptxLine - 1)),
      std::string::npos)
      << f.message;
}

TEST(WgmmaHazard, WaitLeavesTheNewestGroups) {
  std::string start = Fence + Mma + Commit + MmaOther + Commit + WaitOne;
  expectClean(judge(start + "mov.b32 %r20, %acc3;\n" + Wait));
  expectOnly(judge(start + "mov.b32 %r20, %acc4;\n" + Wait),
             Hazard::WgmmaAccumulatorInFlight);
}

TEST(WgmmaHazard, OperandRegisters) {
  std::string start = Fence + MmaRegisters + Commit;
  expectClean(judge(start + "mov.b32 %r20, %a0;\n" + Wait));
  expectOnly(judge(start + "mov.b32 %a3, 0;\n" + Wait),
             Hazard::WgmmaOperandOverwritten);
  expectClean(judge(start + Wait + "mov.b32 %a3, 0;\n"));
  // Another wgmma that accumulates where this one reads.
  expectOnly(
      judge(start + multiply("%a0, %a1, %a2, %a3", "%da") + Commit + Wait),
      Hazard::WgmmaOperandOverwritten);
  // Accumulators that become A of the next one.
  expectOnly(judge(Fence + Mma + Commit + Fence +
                   multiply("%acc4, %acc5, %acc6, %acc7",
                            "{" + list("%acc", 4) + "}") +
                   Commit + Wait),
             Hazard::WgmmaAccumulatorInFlight);
}

TEST(WgmmaHazard, MissingFence) {
  std::string end = Commit + Wait;
  expectOnly(judge(Mma + end), Hazard::MissingWgmmaFence);
  // Also when nobody has touched the registers.
  std::string fresh = "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 "
                      "{%acc20, %acc21, %acc22, %acc23}, %da, %db, 0, 1, 1, 0, "
                      "0;\n";
  expectOnly(judge(fresh + end), Hazard::MissingWgmmaFence);
  expectClean(judge(Fence + fresh + end));
  expectOnly(judge(Fence + "mov.b32 %acc2, 0;\n" + Mma + end),
             Hazard::MissingWgmmaFence);
  expectOnly(judge(Fence + "mov.b32 %r20, %acc2;\n" + Mma + end),
             Hazard::MissingWgmmaFence);
  expectOnly(judge(Fence + "mov.b32 %a2, 0;\n" + MmaRegisters + end),
             Hazard::MissingWgmmaFence);
  std::string read = "mov.b32 %r20, %acc0;\n";
  expectOnly(judge(Fence + Mma + end + read + Mma + end),
             Hazard::MissingWgmmaFence);
  expectClean(judge(Fence + Mma + end + read + Fence + Mma + end));
  std::string fromAccumulators =
      multiply("%acc4, %acc5, %acc6, %acc7", "{" + list("%acc", 4) + "}");
  expectOnly(judge(Fence + Mma + end + fromAccumulators + end),
             Hazard::MissingWgmmaFence);
  expectClean(judge(Fence + Mma + end + Fence + fromAccumulators + end));
  // Reading A needs none, and neither does going on with the same accumulators.
  expectClean(judge(Fence + "mov.b32 %r20, %a2;\n" + MmaRegisters + end));
  expectClean(judge(Fence + Mma + end + Mma + end));
}

TEST(WgmmaHazard, AnotherShapeOnTheSameAccumulators) {
  std::string wide = multiply(list("%acc", 8), "%da", 16);
  std::string end = Commit + Wait;
  expectOnly(judge(Fence + Mma + Fence + wide + end),
             Hazard::WgmmaAccumulatorInFlight);
  expectOnly(judge(Fence + wide + Mma + end), Hazard::WgmmaAccumulatorInFlight);
  // A shape includes K.
  expectOnly(judge(Fence + Mma +
                   "wgmma.mma_async.sync.aligned.m64n8k32.f32.e4m3.e4m3 {" +
                   list("%acc", 4) + "}, %da, %db, 1, 1, 1;\n" + end),
             Hazard::WgmmaAccumulatorInFlight);
  expectOnly(judge(Fence + Mma + end + wide + end), Hazard::MissingWgmmaFence);
  expectClean(judge(Fence + Mma + end + Fence + wide + end));
  // The same registers in another order are other accumulators.
  expectOnly(
      judge(Fence + Mma + multiply("%acc1, %acc0, %acc2, %acc3", "%da") + end),
      Hazard::WgmmaAccumulatorInFlight);
}

TEST(WgmmaHazard, LeftAloneAtTheEnd) {
  expectOnly(judge(Fence + Mma + Commit), Hazard::UnwaitedWgmma);
  expectOnly(judge(Fence + Mma + Commit + WaitOne), Hazard::UnwaitedWgmma);
  expectOnly(judge(Fence + Mma + Wait), Hazard::UnwaitedWgmma);
}

TEST(WgmmaHazard, DivergentWarpGroup) {
  std::string all = Fence + Mma + Commit + Wait;
  struct Row {
    const char *what;
    std::string text;
  } rows[] = {
      {"one warp ends first", "setp.eq.u32 %p1, %r7, 2;\n@%p1 ret;\n" + all},
      {"one warp skips the wgmma", Fence + "setp.eq.u32 %p1, %r7, 1;\n" +
                                       "@%p1 bra over;\n" + Mma + "over:\n" +
                                       Commit + Wait},
      {"one warp waits twice",
       all + "setp.eq.u32 %p1, %r7, 3;\n@!%p1 bra over;\n" + Wait + "over:\n"},
      {"two copies of the instruction",
       Fence + "setp.eq.u32 %p1, %r7, 1;\n@%p1 bra one;\n" + Mma +
           "bra over;\none:\n" + Mma + "over:\n" + Commit + Wait},
      {"another descriptor", "setp.eq.u32 %p1, %r7, 1;\n"
                             "@%p1 add.s64 %db, %db, 8;\n" +
                                 all},
      {"another scale-d",
       "setp.eq.u32 %p2, %r7, 1;\n" + Fence +
           "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {" +
           list("%acc", 4) + "}, %da, %db, %p2, 1, 1, 0, 0;\n" + Commit + Wait},
  };
  for (const Row &row : rows)
    for (uint64_t seed = 0; seed < 8; ++seed) {
      Outcome o = judge(row.text, Timing::Latest, seed);
      EXPECT_TRUE(o.has(Hazard::DivergentWarpGroup))
          << row.what << ": " << o.findings();
      EXPECT_FALSE(o.result.completed);
    }
  EXPECT_TRUE(
      judge(all, Timing::Latest, 1, 96).has(Hazard::DivergentWarpGroup));
  expectClean(judge(all, Timing::Latest, 1, 256));
}

TEST(WgmmaHazard, NeedsTheWholeWarp) {
  std::string half = "and.b32 %r20, %r0, 16; setp.eq.u32 %p1, %r20, 0;\n"
                     "@!%p1 bra over;\n";
  EXPECT_TRUE(judge(half + Fence + Mma + Commit + Wait + "over:\n")
                  .has(Hazard::DivergentAligned));
  EXPECT_TRUE(judge(Fence + half + Mma + "over:\n" + Commit + Wait)
                  .has(Hazard::DivergentAligned));
}

TEST(WgmmaHazard, WaitNeedsTheOtherWarps) {
  // Warp 1 issues after warp 0 has waited: it cannot have.
  Outcome o = judge("setp.eq.u32 %p1, %r7, 1;\n@!%p1 bra go;\n"
                    "bar.sync 1, 64;\ngo:\n" +
                    Fence + Mma + Commit + Wait +
                    "setp.eq.u32 %p1, %r7, 0;\n@!%p1 bra over;\n"
                    "bar.arrive 1, 64;\nover:\n");
  EXPECT_TRUE(o.has(Hazard::Deadlock)) << o.findings();
  EXPECT_NE(o.findings().find("warp group"), std::string::npos) << o.findings();
}

TEST(WgmmaHazard, OneWaitSpeaksForTheWarpGroup) {
  // Warp 0 alone says that the operands may be overwritten, as the signalling
  // thread of a pipeline does it: the wgmma has ended for all four.
  std::string text = "setp.ge.u32 %p1, %r7, 4;\n@%p1 bra producer;\n" + Fence +
                     Mma + Commit + Wait +
                     "setp.ne.u32 %p2, %r7, 0;\n@%p2 bra store;\n"
                     "bar.arrive 1, 64;\nstore:\n" +
                     storeAccumulators(4) +
                     "bra over;\nproducer:\nsetp.ne.u32 %p2, %r7, 4;\n"
                     "@%p2 bra over;\nbar.sync 1, 64;\n"
                     "mov.u32 %r20, smem; st.shared.u32 [%r20+2048], 0;\n"
                     "over:\n";
  for (Timing timing : {Timing::Latest, Timing::Earliest})
    for (uint64_t seed = 0; seed < 30; ++seed) {
      Outcome o = judge(text, timing, seed, 256);
      expectClean(o);
      EXPECT_EQ(real(o.out[0]), 16.0f);
      EXPECT_EQ(real(o.out[511]), 16.0f);
    }
}

TEST(WgmmaHazard, TimingDecidesWhatIsRead) {
  // Overwritten between issue and wait; a barrier puts the store after all
  // issues and before all waits.
  std::string text = Fence + Mma + Commit +
                     "bar.sync 0;\nmov.u32 %r20, smem;\n"
                     "setp.eq.u32 %p1, %r0, 0;\n"
                     "@%p1 st.shared.u32 [%r20+2048], 0;\nbar.sync 0;\n" +
                     Wait + storeAccumulators(4);
  Outcome late = judge(text), early = judge(text, Timing::Earliest);
  EXPECT_EQ(real(late.out[0]), 14.0f); // two elements of column 0 are gone
  EXPECT_EQ(real(early.out[0]), 16.0f);
  EXPECT_TRUE(late.has(Hazard::OverwrittenOperand)) << late.findings();
  EXPECT_TRUE(early.has(Hazard::OverwrittenOperand)) << early.findings();
}

TEST(WgmmaHazard, OperandsMustBePublished) {
  std::string all = Fence + Mma + Commit + Wait;
  std::string proxyFence = "fence.proxy.async.shared::cta;\n";
  std::string barrier = "bar.sync 0;\n";
  // Thread 40 writes to B.
  std::string store = "mov.u32 %r20, smem; setp.eq.u32 %p1, %r0, 40;\n"
                      "@%p1 st.shared.u32 [%r20+2048], 0;\n";
  for (uint64_t seed = 0; seed < 8; ++seed) {
    auto run = [&](const std::string &text) {
      return judge(store + text + all, Timing::Latest, seed);
    };
    expectClean(run(proxyFence + barrier));
    expectOnly(run(barrier), Hazard::UnpublishedWrite);
    expectOnly(run(barrier + proxyFence), Hazard::UnpublishedWrite);
    // Before or after the warp that reads has issued, as it happens.
    Outcome o = run(proxyFence);
    EXPECT_TRUE(o.has(Hazard::SharedRace) || o.has(Hazard::OverwrittenOperand))
        << o.findings();
  }
}

TEST(WgmmaHazard, AWarpAnswersForItsRowsOfA) {
  // Lane 0 of each warp writes to the first of the warp's rows, or of
  // another's.
  for (unsigned other : {0u, 1u}) {
    Outcome o =
        judge("add.u32 %r20, %r7, " + std::to_string(other) +
              "; and.b32 %r20, %r20, 3; mov.u32 %r21, smem;\n"
              "mad.lo.u32 %r21, %r20, " +
              std::to_string(tileA.offset(16, 0)) +
              ", %r21; and.b32 %r20, %r0, 31; setp.eq.u32 %p1, %r20, 0;\n"
              "@%p1 st.shared.u32 [%r21], 0;\nfence.proxy.async.shared::cta;\n"
              "bar.warp.sync -1;\n" +
              Fence + Mma + Commit + Wait);
    EXPECT_EQ(o.has(Hazard::SharedRace), other == 1) << o.findings();
  }
}

TEST(WgmmaHazard, Descriptors) {
  std::string all = Fence + Mma + Commit + Wait;
  for (const char *change :
       {"or.b64 %db, %db, 562949953421312;\n", // base offset 1
        "or.b64 %da, %da, 16384;\n",           // bit 14
        // 32-byte swizzle, start in the second row of the pattern.
        "or.b64 %db, %db, -4611686018427387904; add.s64 %db, %db, 2;\n",
        // 32-byte swizzle, groups of A 256 bytes apart are right; 272 not.
        "or.b64 %da, %da, -4611686018427387904; add.s64 %da, %da, "
        "4294967296;\n",
        // Another one in each lane.
        "cvt.u64.u32 %d8, %r0; add.s64 %db, %db, %d8;\n"}) {
    Outcome o = judge(change + all);
    EXPECT_TRUE(o.has(Hazard::InvalidOperand)) << change << o.findings();
  }
  // M-major A of four 32-byte blocks: 128 bytes from one to the next cut the
  // swizzle pattern, 256 do not.
  std::string major = "or.b64 %da, %da, -4611686018427387904;\n";
  std::string wider = "add.s64 %da, %da, 524288;\n";
  std::string transposed =
      Fence + "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {" +
      list("%acc", 4) + "}, %da, %db, 1, 1, 1, 1, 0;\n" + Commit + Wait;
  EXPECT_TRUE(judge(major + transposed).has(Hazard::InvalidOperand));
  expectClean(judge(major + wider + transposed));
}

TEST(WgmmaHazard, OperandsOutOfBounds) {
  // Far outside, with the last bytes only, and before the first byte.
  for (const char *change :
       {"add.s64 %da, %da, 4096;\n", "add.s64 %da, %da, 129;\n",
        "add.s64 %da, %da, -1;\n", "add.s64 %db, %db, 4096;\n",
        "add.s64 %db, %db, 113;\n", "add.s64 %db, %db, -129;\n"}) {
    SCOPED_TRACE(change);
    expectOnly(judge(change + Fence + Mma + Commit + Wait),
               Hazard::OutOfBounds);
  }
}

TEST(WgmmaHazard, ScaleMustBeUniform) {
  std::string text = "setp.lt.u32 %p2, %r0, 5;\n" + Fence +
                     "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {" +
                     list("%acc", 4) + "}, %da, %db, %p2, 1, 1, 0, 0;\n";
  EXPECT_TRUE(judge(text).has(Hazard::InvalidOperand));
}

TEST(WgmmaHazard, RegisterBudget) {
  // 64 accumulators of an m64n128, with as many registers as the warps have.
  const Tile b{0, false, 128, 16, 2, 2048};
  std::string start = fillShared((2048 + b.bytes()) / 4);
  for (unsigned i = 0; i < 64; ++i)
    start += "mov.b32 %acc" + std::to_string(i) + ", 0;\n";
  for (unsigned i = 0; i < 4; ++i)
    start += "mov.b32 %a" + std::to_string(i) + ", 0;\n";
  start += tileA.load("%da", 0) + b.load("%db", 0) + Fence;
  auto runWith = [&](unsigned registers, const std::string &a = "%da") {
    std::string body =
        start + multiply(list("%acc", 64), a, 128) + Commit + Wait;
    LaunchOptions options;
    options.block.x = 128;
    options.registersPerThread = registers;
    return runWarpGroups(body, 2048 + b.bytes(),
                         std::vector<uint32_t>((2048 + b.bytes()) / 4), 16,
                         options);
  };
  expectClean(runWith(96));
  expectOnly(runWith(88), Hazard::RegisterBudget);
  // A from registers takes four more.
  const std::string words = "{%a0, %a1, %a2, %a3}";
  expectClean(runWith(104, words));
  expectOnly(runWith(96, words), Hazard::RegisterBudget);
}

TEST(WgmmaHazard, PoisonSpreadsToWhatItFeeds) {
  std::string words = "{%a0, %r40, %a2, %a3}"; // %r40 is rows 8 to 15
  std::string start = Fence + multiply(list("%acc", 4), words) + Commit + Wait;
  expectClean(judge(start + "st.global.b32 [%d0], %acc1;\n"));
  EXPECT_TRUE(judge(start + "st.global.b32 [%d0], %acc2;\n")
                  .has(Hazard::Uninitialised));
  // An old accumulator matters only when it is added to.
  std::string fresh = "{%acc0, %acc1, %acc2, %r41}, %da, %db, ";
  for (const char *scale : {"0", "1"}) {
    Outcome o =
        judge(Fence + "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 " +
              fresh + scale + ", 1, 1, 0, 0;\n" + Commit + Wait +
              "st.global.b32 [%d0], %r41;\n");
    EXPECT_EQ(o.has(Hazard::Uninitialised), *scale == '1') << o.findings();
  }
}

TEST(WgmmaHazard, UnwrittenOperands) {
  // The last 16 bytes of the second tile are not written: column 7 of B, or row
  // 63 of A.
  auto store = [](bool isLastB, const std::string &which,
                  const std::string &accumulator) {
    Tile a = tileA, b = tileB;
    (isLastB ? a : b).base = 0;
    (isLastB ? b : a).base = 2048;
    uint32_t bytes = 2048 + (isLastB ? b : a).bytes() - 16;
    std::string body =
        fillShared(bytes / 4) + a.load("%da", 0) + b.load("%db", 0) + Fence +
        "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {" +
        list("%acc", 4) + "}, %da, %db, 0, 1, 1, 0, 0;\n" + Commit + Wait +
        which + "@%p1 st.global.b32 [%d0], " + accumulator + ";\n";
    Outcome o =
        runWarpGroups(body, 4096, std::vector<uint32_t>(bytes / 4), 128);
    EXPECT_TRUE(o.result.completed);
    return o.has(Hazard::Uninitialised);
  };
  std::string q = "and.b32 %r20, %r0, 3; setp.eq.u32 %p1, %r20, 3;\n";
  std::string notQ = "and.b32 %r20, %r0, 3; setp.ne.u32 %p1, %r20, 3;\n";
  EXPECT_TRUE(store(true, q, "%acc1"));
  EXPECT_TRUE(store(true, q, "%acc3"));
  EXPECT_FALSE(store(true, q, "%acc0"));
  EXPECT_FALSE(store(true, notQ, "%acc1"));
  std::string last = "setp.ge.u32 %p1, %r0, 124;\n";
  std::string others = "setp.lt.u32 %p1, %r0, 124;\n";
  EXPECT_TRUE(store(false, last, "%acc2"));
  EXPECT_TRUE(store(false, last, "%acc3"));
  EXPECT_FALSE(store(false, last, "%acc0"));
  EXPECT_FALSE(store(false, others, "%acc2"));
}
