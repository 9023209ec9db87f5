//===- WarpSpecialisedTest.cpp - a whole producer-consumer kernel ---------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A 64 x 64 product of bf16 over k = 384 as it is written for this machine: one
// elected thread loads tiles over a ring of two stages, a warp group multiplies
// them, and one of its threads stores the result. It is clean, and whatever one
// takes out of it is found, in both timings and for any seed.
//
//===----------------------------------------------------------------------===//

#include "AsyncKernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

static constexpr unsigned depth = 384; // six tiles of 64

static std::string accumulators() {
  std::string list;
  for (int i = 0; i < 32; ++i)
    list += (i ? ", %a" : "{%a") + std::to_string(i);
  return list + "}";
}

static std::string multiply() {
  std::string text;
  for (int k = 0; k < 4; ++k) {
    std::string step = std::to_string(2 * k); // 32 bytes
    text += "add.s64 %d22, %d20, " + step + ";\nadd.s64 %d23, %d21, " + step +
            ";\nwgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 " +
            accumulators() + ", %d22, %d23, " + (k ? "1" : "%p6") +
            ", 1, 1, 0, 0;\n";
  }
  return text;
}

/// Accumulators to two boxes of 64 rows of 32 floats, dense.
static std::string spill() {
  std::string text;
  for (int i = 0; i < 32; ++i) {
    int row = 8 * (i / 2 % 2), column = 8 * (i / 4) + i % 2;
    int offset = column / 32 * 8192 + row * 128 + column % 32 * 4;
    text += "st.shared.b32 [%r46+" + std::to_string(offset) + "], %a" +
            std::to_string(i) + ";\n";
  }
  return text;
}

static std::string body() {
  return ".reg .b32 %a<32>;\n" + init(0, 1) + init(1, 1) + init(2, 128) +
         init(3, 128) + R"(
@%p15 fence.mbarrier_init.release.cluster;
bar.sync 0;
setp.ge.u32 %p1, %r0, 128;
mov.u32 %r30, 0;
@%p1 bra consumer;
setmaxnreg.dec.sync.aligned.u32 24;
setp.ne.u32 %p2, %r3, 0;
@%p2 bra done;
elect.sync _|%p3, -1;
@!%p3 bra done;
produce:
and.b32 %r31, %r30, 1;
mad.lo.u32 %r33, %r31, 8, %r2;
mad.lo.u32 %r34, %r31, 16384, %r1;
shr.u32 %r35, %r30, 1;
not.b32 %r36, %r35;
and.b32 %r36, %r36, 1;
waitEmpty:
mbarrier.try_wait.parity.shared::cta.b64 %p4, [%r33+16], %r36;
@!%p4 bra waitEmpty;
mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r33], 16384;
shl.b32 %r37, %r30, 5;
cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r34], [mapIn, {%r37, 0}], [%r33];
cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r34+8192], [mapIn, {%r37, 64}], [%r33];
add.u32 %r30, %r30, 1;
setp.lt.u32 %p5, %r30, 6;
@%p5 bra produce;
bra.uni done;
consumer:
setmaxnreg.inc.sync.aligned.u32 256;
consume:
and.b32 %r31, %r30, 1;
mad.lo.u32 %r33, %r31, 8, %r2;
mad.lo.u32 %r34, %r31, 16384, %r1;
shr.u32 %r35, %r30, 1;
and.b32 %r35, %r35, 1;
waitFull:
mbarrier.try_wait.parity.shared::cta.b64 %p4, [%r33], %r35;
@!%p4 bra waitFull;
shr.u32 %r40, %r34, 4;
cvt.u64.u32 %d20, %r40;
or.b64 %d20, %d20, 0x4000004000010000;
add.s64 %d21, %d20, 512;
setp.ne.u32 %p6, %r30, 0;
wgmma.fence.sync.aligned;
)" + multiply() +
         R"(wgmma.commit_group.sync.aligned;
wgmma.wait_group.sync.aligned 0;
mbarrier.arrive.shared::cta.b64 _, [%r33+16];
add.u32 %r30, %r30, 1;
setp.lt.u32 %p5, %r30, 6;
@%p5 bra consume;
and.b32 %r41, %r0, 31;
shr.u32 %r42, %r41, 2;
and.b32 %r43, %r41, 3;
and.b32 %r44, %r3, 3;
mad.lo.u32 %r45, %r44, 16, %r42;
mad.lo.u32 %r46, %r45, 128, %r1;
mad.lo.u32 %r46, %r43, 8, %r46;
add.u32 %r46, %r46, 32768;
)" + spill() +
         R"(
fence.proxy.async.shared::cta;
bar.sync 1, 128;
setp.ne.u32 %p7, %r0, 128;
@%p7 bra done;
cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [mapOut, {0, 0}], [%r1+32768];
cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [mapOut, {32, 0}], [%r1+40960];
cp.async.bulk.commit_group;
cp.async.bulk.wait_group.read 0;
done:)";
}

static uint16_t element(unsigned row, unsigned k) {
  static const uint16_t values[] = {0x0000, 0x3f80, 0xbf80, 0x4000, 0x3f00};
  return values[(row * 7 + k * 3 + row * k) % 5];
}

static float realElement(unsigned row, unsigned k) {
  return real(uint32_t(element(row, k)) << 16);
}

static Outcome runProduct(const std::string &text, Timing timing,
                          uint64_t seed) {
  AsyncKernel k(text, 256, timing, seed);
  k.directives = ".maxntid 256\n";
  k.options.dynamicSharedBytes = 49152;
  k.options.instructionLimit = 1 << 20;
  k.mapIn = matrixMap(depth / 2, 128, 32, 64, TensorSwizzle::B128);
  k.mapOut = matrixMap(64, 64, 32, 64);
  k.in.clear();
  for (unsigned row = 0; row < 128; ++row)
    for (unsigned column = 0; column < depth; column += 2)
      k.in.push_back(element(row, column) | uint32_t(element(row, column + 1))
                                                << 16);
  return k.run();
}

TEST(WarpSpecialised, IsCleanAndRight) {
  for (Timing timing : bothTimings)
    for (uint64_t seed = 0; seed < 12; ++seed) {
      auto o = runProduct(body(), timing, seed);
      expectClean(o);
      for (unsigned m = 0; m < 64; ++m)
        for (unsigned n = 0; n < 64; ++n) {
          float sum = 0;
          for (unsigned k = 0; k < depth; ++k)
            sum += realElement(m, k) * realElement(64 + n, k);
          ASSERT_EQ(real(o.out[m * 64 + n]), sum) << m << ", " << n;
        }
      EXPECT_EQ(o.result.counters.global["in"].bytesRead, 128u * depth * 2);
      EXPECT_EQ(o.result.counters.global["out"].bytesWritten, 64u * 64 * 4);
      EXPECT_EQ(o.result.counters.mmaFlops, 2u * 64 * 64 * depth);
    }
}

TEST(WarpSpecialised, OneArrivalForTheWarpGroup) {
  // The wait of one warp covers the operands of all four.
  std::string text = body();
  auto replace = [&](const std::string &what, const std::string &instead) {
    size_t at = text.find(what);
    ASSERT_NE(at, std::string::npos) << what;
    text.replace(at, what.size(), instead);
  };
  replace(init(2, 128), init(2, 1));
  replace(init(3, 128), init(3, 1));
  replace("mbarrier.arrive.shared::cta.b64 _, [%r33+16];",
          "setp.eq.u32 %p8, %r0, 160;\n"
          "@%p8 mbarrier.arrive.shared::cta.b64 _, [%r33+16];");
  for (Timing timing : bothTimings)
    for (uint64_t seed = 0; seed < 8; ++seed)
      expectClean(runProduct(text, timing, seed));
}

TEST(WarpSpecialised, NothingCanBeTakenOut) {
  struct Mutation {
    const char *what, *instead;
  };
  const Mutation mutations[] = {
      {"bar.sync 0;", ""},
      {"@!%p4 bra waitEmpty;", ""},
      {"@!%p4 bra waitFull;", ""},
      {"not.b32 %r36, %r35;", "mov.b32 %r36, %r35;"},
      {"_, [%r33], 16384;", "_, [%r33], 8192;"},
      {"_, [%r33], 16384;", "_, [%r33], 24576;"},
      {"mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r33], 16384;", ""},
      {"wgmma.fence.sync.aligned;", ""},
      {"wgmma.commit_group.sync.aligned;", ""},
      {"wgmma.wait_group.sync.aligned 0;", ""},
      {"wgmma.wait_group.sync.aligned 0;", "wgmma.wait_group.sync.aligned 1;"},
      {"mbarrier.arrive.shared::cta.b64 _, [%r33+16];", ""},
      {"wgmma.wait_group.sync.aligned 0;\n"
       "mbarrier.arrive.shared::cta.b64 _, [%r33+16];",
       "mbarrier.arrive.shared::cta.b64 _, [%r33+16];\n"
       "wgmma.wait_group.sync.aligned 0;"},
      {"fence.proxy.async.shared::cta;", ""},
      {"bar.sync 1, 128;", ""},
      {"fence.proxy.async.shared::cta;\nbar.sync 1, 128;",
       "bar.sync 1, 128;\nfence.proxy.async.shared::cta;"},
      {"cp.async.bulk.commit_group;", ""},
      {"cp.async.bulk.wait_group.read 0;", ""},
      {"setmaxnreg.dec.sync.aligned.u32 24;", ""},
      {"elect.sync _|%p3, -1;", "setp.eq.u32 %p3, 0, 0;"},
      {"@%p7 bra done;", ""},
  };
  for (const Mutation &m : mutations) {
    std::string text = body();
    size_t at = text.find(m.what);
    ASSERT_NE(at, std::string::npos) << m.what;
    text.replace(at, std::string(m.what).size(), m.instead);
    for (Timing timing : bothTimings)
      for (uint64_t seed = 0; seed < 4; ++seed) {
        auto o = runProduct(text, timing, seed);
        EXPECT_FALSE(o.result.clean())
            << "'" << m.what << "' -> '" << m.instead << "', timing "
            << int(timing) << ", seed " << seed;
      }
  }
}
