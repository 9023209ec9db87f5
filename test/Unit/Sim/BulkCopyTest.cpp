//===- BulkCopyTest.cpp - bulk and tensor copies --------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AsyncKernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

/// Thread 0 loads one box, all wait, and each thread copies words of shared
/// memory to `out`.
static std::string loadAndDump(const std::string &loading, unsigned bytes) {
  std::string words = std::to_string(bytes / 4);
  return init(0, 1) + "bar.sync 0;\n@!%p15 bra loaded;\n" + expectTx(0, bytes) +
         loading + "loaded:\n" + wait(0, "0") + R"(
mov.u32 %r10, %r0;
dump:
setp.ge.u32 %p1, %r10, )" +
         words + R"(;
@%p1 bra end;
mad.lo.u32 %r11, %r10, 4, %r1;
ld.shared.u32 %r12, [%r11];
mul.wide.u32 %d10, %r10, 4;
add.s64 %d10, %d10, %d2;
st.global.u32 [%d10], %r12;
add.u32 %r10, %r10, 64;
bra dump;
end:)";
}

TEST(BulkCopy, Row) {
  for (Timing timing : bothTimings)
    for (uint64_t seed = 0; seed < 4; ++seed) {
      auto o = AsyncKernel(loadAndDump(load(0, "96", 0), 128), 64, timing, seed)
                   .run();
      expectClean(o);
      for (unsigned i = 0; i < 32; ++i)
        EXPECT_EQ(o.out[i], (96 + i) * 3 + 1);
      EXPECT_EQ(o.result.counters.global["in"].bytesRead, 128u);
      EXPECT_EQ(o.result.counters.global["in"].sectorsRead, 4u);
    }
}

TEST(BulkCopy, EdgesAreZeroAndCountInFull) {
  // A box of 8 rows of 16 words whose corner lies at column 52 of 60, row -3.
  AsyncKernel k(loadAndDump(
      "mov.b32 %r4, 52; mov.b32 %r5, -3;" + load(0, "%r4, %r5", 0, 2), 512));
  k.mapIn = matrixMap(60, 10, 16, 8);
  auto o = k.run();
  expectClean(o);
  for (int row = 0; row < 8; ++row)
    for (int column = 0; column < 16; ++column) {
      int y = row - 3, x = 52 + column;
      uint32_t expected = y >= 0 && x < 60 ? uint32_t(y * 60 + x) * 3 + 1 : 0;
      EXPECT_EQ(o.out[size_t(row * 16 + column)], expected);
    }
  EXPECT_EQ(o.result.counters.global["in"].bytesRead, 5u * 8 * 4);
}

TEST(BulkCopy, NaNFill) {
  AsyncKernel k(loadAndDump(load(0, "-1, 0", 0, 2), 512));
  k.mapIn = matrixMap(64, 8, 16, 8);
  k.mapIn.type = TensorType::F32;
  k.mapIn.fill = TensorFill::NaN;
  auto o = k.run();
  expectClean(o);
  EXPECT_EQ(o.out[0], 0x7fffffffu);
  EXPECT_EQ(o.out[1], 1u);
}

TEST(BulkCopy, Swizzles) {
  for (TensorSwizzle swizzle :
       {TensorSwizzle::B32, TensorSwizzle::B64, TensorSwizzle::B128}) {
    unsigned width = 4u << unsigned(swizzle); // words of a row
    AsyncKernel k(loadAndDump(load(0, "0, 0", 0, 2), 4096).replace(0, 0, ""));
    k.mapIn = matrixMap(width, 4096 / 4 / width, width, 1024 / width, swizzle);
    k.mapIn.box[1] = std::min(k.mapIn.box[1], 256u);
    unsigned words = width * k.mapIn.box[1];
    k.body = loadAndDump(load(0, "0, 0", 0, 2), words * 4);
    auto o = k.run();
    expectClean(o);
    for (unsigned word = 0; word < words; ++word) {
      // In terms of rows, as the manual draws it.
      unsigned byte = word * 4, line = byte / 128, chunk = byte / 16 % 8;
      unsigned low = (1u << unsigned(swizzle)) - 1;
      unsigned moved = line * 128 + (chunk ^ (line & low)) * 16 + byte % 16;
      EXPECT_EQ(o.out[moved / 4], word * 3 + 1);
    }
  }
}

TEST(BulkCopy, HigherRanksAndElementStrides) {
  AsyncKernel k(loadAndDump(load(0, "4, 1, 1, 0, 1", 0, 5), 256));
  k.mapIn.type = TensorType::U32;
  k.mapIn.rank = 5;
  uint64_t dims[] = {8, 4, 4, 2, 2}, stride = 32;
  uint32_t box[] = {4, 4, 2, 2, 1};
  for (unsigned i = 0; i < 5; ++i) {
    k.mapIn.dims[i] = dims[i];
    k.mapIn.box[i] = box[i];
    if (i) {
      k.mapIn.strides[i - 1] = stride;
      stride *= dims[i];
    }
  }
  // Every second row of dimension 1: two of the box's four, at 1 and 3.
  k.mapIn.elementStrides[1] = 2;
  k.body = loadAndDump(load(0, "4, 1, 1, 0, 1", 0, 5), 4 * 2 * 2 * 2 * 4);
  auto o = k.run();
  expectClean(o);
  unsigned i = 0;
  for (unsigned d = 0; d < 2; ++d)
    for (unsigned c = 1; c < 3; ++c)
      for (unsigned b = 1; b < 4; b += 2)
        for (unsigned a = 4; a < 8; ++a)
          EXPECT_EQ(o.out[i++],
                    (((((1 * 2 + d) * 4 + c) * 4 + b) * 8) + a) * 3 + 1);
}

TEST(BulkCopy, PlainLoad) {
  std::string text = "cp.async.bulk.shared::cluster.global.mbarrier::"
                     "complete_tx::bytes.L2::cache_hint [%r1], [%d3+64], 48, "
                     "[%r2], %d9;\n";
  for (Timing timing : bothTimings) {
    AsyncKernel k("createpolicy.fractional.L2::evict_first.b64 %d9, 1.0;\n" +
                      loadAndDump(text, 48),
                  64, timing);
    auto o = k.run();
    expectClean(o);
    EXPECT_EQ(o.out[11], 27u * 3 + 1);
    EXPECT_EQ(o.out[12], 0u);
  }
}

TEST(BulkCopy, MapsAreParameters) {
  auto with = [](const std::string &start, const std::string &operand) {
    std::string text = "cp.async.bulk.tensor.1d.shared::cluster.global."
                       "mbarrier::complete_tx::bytes [%r1], [" +
                       operand + ", {0}], [%r2];\n";
    return AsyncKernel(start + loadAndDump(text, 128)).run();
  };
  expectClean(with("mov.b64 %d8, mapIn; cvta.param.u64 %d9, %d8;"
                   "prefetch.tensormap [%d9]; prefetch.param.tensormap [%d8];",
                   "%d9"));
  expectClean(with("mov.b64 %d8, mapIn;", "%d8"));
  EXPECT_TRUE(with(".local .align 64 .b8 l[128]; mov.b64 %d8, l;"
                   "cvta.local.u64 %d9, %d8;",
                   "%d9")
                  .has(Hazard::WrongSpace));
  EXPECT_TRUE(with("", "%d3").has(Hazard::InvalidOperand));
  EXPECT_TRUE(with("add.s64 %d8, %d3, 16;", "%d8").has(Hazard::Misaligned));
}

TEST(BulkCopy, BadPlaces) {
  auto with = [](unsigned offset, TensorSwizzle swizzle) {
    AsyncKernel k(loadAndDump(load(0, "0, 0", offset, 2), 1024));
    k.mapIn = matrixMap(32, 32, 32, 8, swizzle);
    return k.run();
  };
  EXPECT_TRUE(with(64, TensorSwizzle::None).has(Hazard::Misaligned));
  EXPECT_FALSE(with(128, TensorSwizzle::None).has(Hazard::Misaligned));
  EXPECT_TRUE(with(128, TensorSwizzle::B128).has(Hazard::Misaligned));
  EXPECT_TRUE(with(16384, TensorSwizzle::B128).has(Hazard::OutOfBounds));
  AsyncKernel k(loadAndDump(load(0, "0", 0), 128));
  k.mapIn = matrixMap(32, 32, 32, 8);
  EXPECT_TRUE(k.run().has(Hazard::InvalidOperand)); // rank 1 and 2
  k = AsyncKernel(loadAndDump(load(0, "0, 0", 0, 2), 1024));
  k.mapIn = matrixMap(32, 1000, 32, 8); // beyond the allocation in part
  k.in.resize(100);
  EXPECT_TRUE(k.run().has(Hazard::OutOfBounds));
}

//===-- what a load demands -----------------------------------------------===//

/// Two boxes one after the other into one place. `between` is executed by all
/// threads after they have read the first.
static Outcome reuse(const std::string &between, Timing timing, uint64_t seed) {
  return AsyncKernel(init(0, 1) + init(1, 64) + "bar.sync 0;\n@%p15 " +
                         expectTx(0, 128) + "@%p15 " + load(0, "0", 0) +
                         wait(0, "0") +
                         "and.b32 %r5, %r0, 31;\nmad.lo.u32 %r6, %r5, 4, %r1;\n"
                         "ld.shared.u32 %r7, [%r6];\n" +
                         between + "@%p15 " + expectTx(0, 128) + "@%p15 " +
                         load(0, "32", 0) + wait(0, "1") +
                         "ld.shared.u32 %r8, [%r6];\nadd.u32 %r8, %r8, %r7;\n"
                         "st.global.u32 [%d0], %r8;",
                     64, timing, seed)
      .run();
}

TEST(BulkCopy, ReuseNeedsTheReadersRelease) {
  for (Timing timing : bothTimings)
    for (uint64_t seed = 0; seed < 6; ++seed) {
      auto o = reuse(arrive(1) + "@!%p15 bra skip;" + wait(1, "0") + "skip:\n",
                     timing, seed);
      expectClean(o);
      EXPECT_EQ(o.out[33], 3u + 1 + 33 * 3 + 1);
      expectClean(reuse("bar.sync 0;\n", timing, seed));
      o = reuse("", timing, seed);
      EXPECT_TRUE(o.has(Hazard::SharedRace)) << o.findings();
    }
}

TEST(BulkCopy, StoresBeforeNeedAProxyFence) {
  auto with = [](const std::string &between) {
    return AsyncKernel(init(0, 1) +
                       "mad.lo.u32 %r5, %r0, 4, %r1;\n"
                       "st.shared.u32 [%r5], 0;\n" +
                       between + "bar.sync 0;\n@%p15 " + expectTx(0, 128) +
                       "@%p15 " + load(0, "0", 128) + wait(0, "0"))
        .run();
  };
  expectClean(with("fence.proxy.async.shared::cta;\n"));
  EXPECT_TRUE(with("").has(Hazard::UnpublishedWrite));
}

TEST(BulkCopy, LoadsAreWaitedFor) {
  std::string start = init(0, 1) + "bar.sync 0;\n@%p15 " + expectTx(0, 128) +
                      "@%p15 " + load(0, "0", 0) + "bar.sync 0;\n";
  for (Timing timing : bothTimings) {
    auto o = AsyncKernel(start + "ld.shared.u32 %r5, [%r1+4];" + wait(0, "0"),
                         64, timing)
                 .run();
    EXPECT_TRUE(o.has(Hazard::UnfinishedCopy)) << o.findings();
    EXPECT_EQ(o.result.findings[0].buffer, "smem+4");
    o = AsyncKernel(start + "@%p15 st.shared.u32 [%r1+4], 5;" + wait(0, "0"),
                    64, timing)
            .run();
    EXPECT_TRUE(o.has(Hazard::UnfinishedCopy)) << o.findings();
    o = AsyncKernel(start, 64, timing).run();
    EXPECT_TRUE(o.has(Hazard::UnwaitedCopy)) << o.findings();
    // One warp waits, the other reads without.
    o = AsyncKernel(start + "setp.lt.u32 %p1, %r0, 32; @!%p1 bra skip;\n" +
                        wait(0, "0") + "skip: ld.shared.u32 %r5, [%r1+4];",
                    64, timing)
            .run();
    EXPECT_TRUE(o.has(Hazard::UnfinishedCopy)) << o.findings();
    // A second copy to one place.
    o = AsyncKernel(init(1, 1) + start + "@%p15 " + expectTx(1, 128) +
                        "@%p15 " + load(1, "32", 0) + wait(0, "0") +
                        wait(1, "0"),
                    64, timing)
            .run();
    EXPECT_TRUE(o.has(Hazard::CopyOverlap)) << o.findings();
  }
}

TEST(BulkCopy, TransactionCounts) {
  auto with = [](unsigned expected, Timing timing) {
    return AsyncKernel(init(0, 1) + "bar.sync 0;\n@%p15 " +
                           expectTx(0, expected) + "@%p15 " + load(0, "0", 0) +
                           "@%p15 " + load(0, "32", 128) + wait(0, "0"),
                       64, timing)
        .run();
  };
  for (Timing timing : bothTimings) {
    expectClean(with(256, timing));
    auto o = with(384, timing);
    EXPECT_TRUE(o.has(Hazard::Deadlock)) << o.findings();
    EXPECT_NE(o.findings().find("128 bytes outstanding"), std::string::npos);
    o = with(128, timing); // the phase ends after the first copy
    EXPECT_FALSE(o.result.clean());
  }
  EXPECT_TRUE(with(128, Timing::Latest).has(Hazard::MbarrierMisuse));
  // The copies may come before what expects them.
  for (Timing timing : bothTimings)
    expectClean(AsyncKernel(init(0, 1) + "bar.sync 0;\n@%p15 " +
                                load(0, "0", 0) + "@%p15 " + expectTx(0, 128) +
                                wait(0, "0"),
                            64, timing)
                    .run());
}

TEST(BulkCopy, EveryThreadThatIssuesCopies) {
  auto o = AsyncKernel(init(0, 1) + "bar.sync 0;\n@%p15 " + expectTx(0, 128) +
                       "setp.lt.u32 %p1, %r0, 2;\n@%p1 " + load(0, "0", 0) +
                       wait(0, "0"))
               .run();
  EXPECT_TRUE(o.has(Hazard::CopyOverlap)) << o.findings();
}

TEST(BulkCopy, ElectedThread) {
  auto o = AsyncKernel(init(0, 1) + R"(bar.sync 0;
setp.ne.u32 %p1, %r3, 0;
@%p1 bra rest;
elect.sync %r9|%p2, -1;
@!%p2 bra rest;
)" + expectTx(0, 128) + load(0, "0", 0) +
                       wait(0, "0") +
                       "ld.shared.u32 %r5, [%r1];\n"
                       "st.global.v2.u32 [%d2], {%r5, %r0};\nrest:")
               .run();
  expectClean(o);
  EXPECT_EQ(o.out[0], 1u);
  EXPECT_EQ(o.out[1], 31u); // not the lane that one would guess
}

TEST(BulkCopy, LeaderOrder) {
  // The leader of a warp waits alone: the others need bar.warp.sync.
  auto with = [](const std::string &between) {
    return AsyncKernel(init(0, 1) + "bar.sync 0;\n@%p15 " + expectTx(0, 128) +
                           "@%p15 " + load(0, "0", 0) + "@!%p15 bra skip;\n" +
                           wait(0, "0") + "skip:\n" + between +
                           "mad.lo.u32 %r6, %r0, 4, %r1;\n"
                           "ld.shared.u32 %r5, [%r6];",
                       32)
        .run();
  };
  expectClean(with("bar.warp.sync -1;"));
  EXPECT_TRUE(with("").has(Hazard::UnfinishedCopy));
}

//===-- parsing -----------------------------------------------------------===//

TEST(BulkCopy, Refused) {
  const char *texts[] = {
      "cp.async.bulk.tensor.6d.global.shared::cta.bulk_group [%d1, {%r1}], "
      "[%r1];",
      "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%d1, {%r1}], "
      "[%r1];",
      "cp.async.bulk.tensor.1d.global.shared::cta [%d1, {%r1}], [%r1];",
      "cp.async.bulk.tensor.1d.global.shared::cta.im2col.bulk_group [%d1, "
      "{%r1}], [%r1];",
      "cp.async.bulk.tensor.1d.shared::cluster.global [%r1], [%d1, {%r1}];",
      "cp.async.bulk.tensor.1d.shared::cluster.global.mbarrier::complete_tx::"
      "bytes.multicast::cluster [%r1], [%d1, {%r1}], [%r1];",
      "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes "
      "[%r1], [%r1], 16, [%r1];",
      "cp.reduce.async.bulk.tensor.1d.global.shared::cta.min.bulk_group [%d1, "
      "{%r1}], [%r1];",
      "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f16 [%d1], "
      "[%r1], 16;",
      "cp.async.bulk.wait_group %r1;",
      "ld.global.u32 %r1, [%d1, {%r1}];",
      "fence.proxy.tensormap::generic.release.gpu;",
      "fence.proxy.alias;",
  };
  for (const char *text : texts) {
    Diagnostic error;
    EXPECT_FALSE(parseModule(kernel(text, "sm_90a"), error)) << text;
  }
  Diagnostic error;
  EXPECT_FALSE(
      parseModule(kernel("cp.async.bulk.commit_group;", "sm_80"), error));
  EXPECT_TRUE(
      parseModule(kernel("cp.async.bulk.commit_group;", "sm_90"), error));
}
