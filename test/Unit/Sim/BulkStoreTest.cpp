//===- BulkStoreTest.cpp - bulk copies to global memory -------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AsyncKernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

static const char *const fence = "fence.proxy.async.shared::cta;\n";
static const char *const commit = "cp.async.bulk.commit_group;\n";
static const char *const waitRead = "cp.async.bulk.wait_group.read 0;\n";
static const char *const waitAll = "cp.async.bulk.wait_group 0;\n";

/// Each of 64 threads writes a word, then thread 0 executes `storing`;
/// `between` lies between the two.
static AsyncKernel storing(const std::string &between,
                           const std::string &storing,
                           Timing timing = Timing::Latest, uint64_t seed = 1) {
  return AsyncKernel("mad.lo.u32 %r5, %r0, 4, %r1;\nadd.u32 %r6, %r0, 100;\n"
                     "st.shared.u32 [%r5], %r6;\n" +
                         between + "@!%p15 bra done;\n" + storing + "done:",
                     64, timing, seed);
}

static std::string fenced() { return std::string(fence) + "bar.sync 0;\n"; }

TEST(BulkStore, Row) {
  for (Timing timing : bothTimings)
    for (uint64_t seed = 0; seed < 4; ++seed)
      for (const char *waiting : {waitRead, waitAll}) {
        auto o = storing(fenced(),
                         store("64", 0) + store("96", 128) + commit + waiting,
                         timing, seed)
                     .run();
        expectClean(o);
        EXPECT_EQ(o.out[63], 0u);
        EXPECT_EQ(o.out[64], 100u);
        EXPECT_EQ(o.out[127], 163u);
        EXPECT_EQ(o.result.counters.global["out"].bytesWritten, 256u);
      }
}

TEST(BulkStore, EdgesAreNotWritten) {
  auto k = storing(fenced(), store("12, 3", 0, 2) + commit + waitAll);
  k.mapOut = matrixMap(16, 5, 8, 8); // columns 12 to 19, rows 3 to 10
  auto o = k.run();
  expectClean(o);
  for (unsigned i = 0; i < 200; ++i) {
    unsigned row = i / 16, column = i % 16;
    bool inside = row >= 3 && row < 5 && column >= 12;
    EXPECT_EQ(o.out[i], inside ? 100 + (row - 3) * 8 + column - 12 : 0u);
  }
  EXPECT_EQ(o.result.counters.global["out"].bytesWritten, 2u * 4 * 4);
}

TEST(BulkStore, SwizzleIsUndone) {
  auto k = storing(fenced(), store("0, 0", 0, 2) + commit + waitAll);
  k.mapOut = matrixMap(8, 8, 8, 8, TensorSwizzle::B32);
  auto o = k.run();
  expectClean(o);
  for (unsigned word = 0; word < 64; ++word) {
    unsigned line = word / 32, moved = word ^ ((line & 1) << 2);
    EXPECT_EQ(o.out[word], 100 + moved);
  }
}

TEST(BulkStore, Additions) {
  for (Timing timing : bothTimings) {
    std::string plain = "cp.reduce.async.bulk.global.shared::cta.bulk_group."
                        "add.u32 [%d2], [%r1], 128;\n";
    auto o =
        storing(fenced(),
                "cp.reduce.async.bulk.tensor.1d.global.shared::cta.add.tile."
                "bulk_group [mapOut, {0}], [%r1];\n" +
                    plain + commit + waitAll,
                timing)
            .run();
    expectClean(o);
    EXPECT_EQ(o.out[5], 2u * 105);
    // Floats: 100 to 163 as subnormals add up like integers.
    plain.replace(plain.find("u32"), 3, "f32");
    o = storing(fenced(), plain + plain + commit + waitAll, timing).run();
    expectClean(o);
    EXPECT_EQ(o.out[5], 2u * 105);
  }
}

TEST(BulkStore, HalfAdditions) {
  for (const char *type : {"f16", "bf16"}) {
    uint32_t one = type[0] == 'f' ? 0x3c003c00 : 0x3f803f80;
    uint32_t two = type[0] == 'f' ? 0x40004000 : 0x40004000;
    std::string add = "cp.reduce.async.bulk.global.shared::cta.bulk_group."
                      "add.noftz." +
                      std::string(type) + " [%d2], [%r1], 16;\n";
    auto o = storing("st.shared.u32 [%r5], " + std::to_string(one) + ";\n" +
                         fenced(),
                     add + add + commit + waitAll)
                 .run();
    expectClean(o);
    EXPECT_EQ(o.out[0], two);
  }
}

TEST(BulkStore, WritesAreFencedForTheAsyncProxy) {
  std::string rest = store("0", 0) + commit + waitRead;
  for (Timing timing : bothTimings)
    for (uint64_t seed = 0; seed < 6; ++seed) {
      expectClean(storing(fenced(), rest, timing, seed).run());
      expectClean(
          storing("fence.proxy.async;\nbar.sync 0;\n", rest, timing, seed)
              .run());
      for (const char *between :
           {"bar.sync 0;\n",
            "bar.sync 0;\nfence.proxy.async.shared::cta;\n", // too late
            "fence.proxy.async.global;\nbar.sync 0;\n",
            "@%p15 fence.proxy.async.shared::cta;\nbar.sync 0;\n"}) {
        // Word 0 is of the storing thread itself: look at the box behind it.
        std::string other = store("0", 128) + commit + waitRead;
        auto o = storing(between, other, timing, seed).run();
        EXPECT_TRUE(o.has(Hazard::UnpublishedWrite)) << between << o.findings();
      }
      // Fenced, but not ordered.
      auto o = storing(fence, store("0", 128) + commit + waitRead, timing, seed)
                   .run();
      EXPECT_FALSE(o.result.findings.empty());
    }
}

TEST(BulkStore, CopiesOfTheGenericProxyToo) {
  auto with = [](const char *between) {
    return AsyncKernel("mad.lo.u32 %r5, %r0, 16, %r1;\n"
                       "mul.wide.u32 %d5, %r0, 16;\nadd.s64 %d5, %d5, %d3;\n"
                       "cp.async.cg.shared.global [%r5], [%d5], 16;\n"
                       "cp.async.wait_all;\n" +
                       std::string(between) + "bar.sync 0;\n@%p15 " +
                       store("0", 0) + "@%p15 " + commit + waitRead)
        .run();
  };
  expectClean(with(fence));
  EXPECT_TRUE(with("").has(Hazard::UnpublishedWrite));
}

TEST(BulkStore, SourceStaysUntilItIsRead) {
  // The thread itself, and another one after a barrier.
  for (Timing timing : bothTimings) {
    std::string again = "st.shared.u32 [%r1+4], 7;\n";
    auto own = [&](const std::string &text) {
      return storing(fenced(), store("0", 0) + commit + text, timing).run();
    };
    expectClean(own(waitRead + again));
    EXPECT_TRUE(own(again + waitRead).has(Hazard::OverwrittenOperand));
    EXPECT_TRUE(own("cp.async.bulk.wait_group.read 1;\n" + again + waitRead)
                    .has(Hazard::OverwrittenOperand));
    auto other = [&](const std::string &waiting, const std::string &between) {
      return AsyncKernel("mad.lo.u32 %r5, %r0, 4, %r1;\n"
                         "st.shared.u32 [%r5], %r0;\n" +
                             fenced() + "@%p15 " + store("0", 0) + "@%p15 " +
                             commit + waiting + between +
                             "st.shared.u32 [%r5], 5;\n" + waitRead,
                         64, timing)
          .run();
    };
    auto o = other(waitRead, "bar.sync 0;\n");
    expectClean(o);
    EXPECT_EQ(o.out[9], 9u);
    o = other("", "bar.sync 0;\n");
    EXPECT_TRUE(o.has(Hazard::OverwrittenOperand)) << o.findings();
    o = other(waitRead, "");
    EXPECT_FALSE(o.result.findings.empty());
  }
}

TEST(BulkStore, LeftAloneAtTheEnd) {
  for (Timing timing : bothTimings) {
    auto with = [&](const std::string &text) {
      return storing(fenced(), store("0", 0) + text, timing).run();
    };
    EXPECT_TRUE(with("").has(Hazard::UncommittedCopy));
    EXPECT_TRUE(with(waitRead).has(Hazard::UncommittedCopy));
    EXPECT_TRUE(with(commit).has(Hazard::UnwaitedCopy));
    auto o = with(commit);
    EXPECT_EQ(o.out[3], 103u); // all the same
    expectClean(with(commit + std::string(waitRead)));
  }
}

TEST(BulkStore, GlobalMemoryIsWrittenAtTheWait) {
  for (Timing timing : bothTimings) {
    auto with = [&](const char *waiting) {
      return storing(fenced(),
                     store("0", 0) + commit + waiting +
                         "ld.global.u32 %r9, [%d2+8];\n" + waitAll,
                     timing)
          .run();
    };
    expectClean(with(waitAll));
    auto o = with(waitRead);
    EXPECT_TRUE(o.has(Hazard::GlobalRace) || o.has(Hazard::UnfinishedCopy))
        << o.findings();
    // Two stores in flight to one place.
    o = storing(fenced(), store("0", 0) + store("0", 128) + commit + waitAll,
                timing)
            .run();
    EXPECT_FALSE(o.result.clean());
  }
}

TEST(BulkStore, BadOperands) {
  auto with = [](const std::string &text) {
    return storing(fenced(), text + commit + waitAll).run();
  };
  EXPECT_TRUE(with(store("-32", 0)).has(Hazard::InvalidOperand));
  EXPECT_TRUE(with(store("0", 64)).has(Hazard::Misaligned));
  EXPECT_TRUE(with(store("0", 16384)).has(Hazard::OutOfBounds));
  EXPECT_TRUE(with(store("0", 256)).has(Hazard::Uninitialised));
  EXPECT_TRUE(with("cp.async.bulk.global.shared::cta.bulk_group [%d2+8], "
                   "[%r1], 16;\n")
                  .has(Hazard::Misaligned));
  EXPECT_TRUE(with("cp.async.bulk.global.shared::cta.bulk_group [%d2], "
                   "[%r1], 24;\n")
                  .has(Hazard::Misaligned));
  auto o = with("cp.async.bulk.global.shared::cta.bulk_group [%d2+16], "
                "[%r1+16], 32;\n");
  expectClean(o);
  EXPECT_EQ(o.out[11], 111u);
  EXPECT_EQ(o.out[12], 0u);
}

TEST(BulkStore, StoreOfWhatWasLoaded) {
  // Both are of the async proxy: a wait on the mbarrier is enough.
  for (Timing timing : bothTimings) {
    auto o =
        AsyncKernel(init(0, 1) + "bar.sync 0;\n@!%p15 bra done;\n" +
                        expectTx(0, 128) + load(0, "32", 0) + wait(0, "0") +
                        store("0", 0) + commit + waitAll + "done:",
                    64, timing)
            .run();
    expectClean(o);
    EXPECT_EQ(o.out[1], 33u * 3 + 1);
  }
}
