//===- StmatrixTest.cpp - stmatrix ----------------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

static Outcome runSm90(const std::string &body) {
  LaunchOptions options;
  options.block.x = 32;
  options.dynamicSharedBytes = 1024;
  return runText(
      kernel(body, "sm_90", ".extern .shared .align 1024 .b8 smem[];"), options,
      {}, 1024);
}

/// %r10 to %r13 hold, as a pair of halves, 100 * word + lane and that plus 50;
/// %r1 is the address of row %tid.x at `pitch` bytes.
static std::string prologue(unsigned pitch = 16) {
  std::string s = "mov.u32 %r1, smem; mad.lo.u32 %r1, %r0, " +
                  std::to_string(pitch) + ", %r1;\n";
  for (int w = 0; w < 4; ++w) {
    std::string r = "%r1" + std::to_string(w);
    s += "add.u32 " + r + ", %r0, " + std::to_string(100 * w) +
         "; add.u32 %r9, " + r + ", 50; shl.b32 %r9, %r9, 16; or.b32 " + r +
         ", " + r + ", %r9;\n";
  }
  return s;
}

/// Copies the 32 rows of 16 bytes to `out`.
static const char *const readBack =
    "bar.warp.sync -1;\n"
    "ld.shared.v4.b32 {%r20, %r21, %r22, %r23}, [%r1];\n"
    "mul.wide.u32 %d6, %r0, 16; add.s64 %d5, %d2, %d6;\n"
    "st.global.v4.b32 [%d5], {%r20, %r21, %r22, %r23};\n";

static uint32_t element(const Outcome &o, unsigned row, unsigned column) {
  return o.out[row * 4 + column / 2] >> (column % 2 * 16) & 0xffff;
}

TEST(Stmatrix, FourMatrices) {
  for (bool transposed : {false, true}) {
    Outcome o =
        runSm90(prologue() + "stmatrix.sync.aligned.m8n8.x4" +
                (transposed ? ".trans" : "") +
                ".shared.b16 [%r1], {%r10, %r11, %r12, %r13};\n" + readBack);
    expectClean(o);
    for (unsigned matrix = 0; matrix < 4; ++matrix)
      for (unsigned lane = 0; lane < 32; ++lane)
        for (unsigned half = 0; half < 2; ++half) {
          unsigned g = lane / 4, pair = lane % 4 * 2 + half;
          unsigned row = 8 * matrix + (transposed ? pair : g);
          EXPECT_EQ(element(o, row, transposed ? g : pair),
                    100 * matrix + lane + 50 * half)
              << matrix << " " << lane << " " << half;
        }
  }
}

TEST(Stmatrix, InverseOfLdmatrix) {
  for (const char *form : {"x4", "x4.trans", "x2", "x1.trans"}) {
    std::string f = form;
    std::string stored = f[1] == '4'   ? "{%r10, %r11, %r12, %r13}"
                         : f[1] == '2' ? "{%r10, %r11}"
                                       : "{%r10}";
    std::string loaded = f[1] == '4'   ? "{%r20, %r21, %r22, %r23}"
                         : f[1] == '2' ? "{%r20, %r21}"
                                       : "{%r20}";
    Outcome o =
        runSm90(prologue() + "stmatrix.sync.aligned.m8n8." + f +
                ".shared::cta.b16 [%r1], " + stored + ";\nbar.warp.sync -1;\n" +
                "ldmatrix.sync.aligned.m8n8." + f + ".shared.b16 " + loaded +
                ", [%r1];\nst.global.u32 [%d0], %r2" +
                std::to_string(f[1] == '4'   ? 3
                               : f[1] == '2' ? 1
                                             : 0) +
                ";\n");
    expectClean(o);
    uint32_t last = (unsigned(f[1] - '0') - 1) * 100;
    for (unsigned lane = 0; lane < 32; ++lane)
      EXPECT_EQ(o.out[lane], (last + lane) | (last + lane + 50) << 16) << f;
  }
}

TEST(Stmatrix, OnlySuppliersNeedAnAddress) {
  std::string store = "stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r1], {%r10};";
  // Lanes from 8 on point outside.
  std::string wild = "setp.ge.u32 %p1, %r0, 8; @%p1 mov.u32 %r1, 4;\n";
  expectClean(runSm90(prologue() + wild + store));
  EXPECT_TRUE(runSm90(prologue() + "mov.u32 %r1, 4096;\n" + store)
                  .has(Hazard::OutOfBounds));
  EXPECT_TRUE(runSm90(prologue() + "add.u32 %r1, %r1, 8;\n" + store)
                  .has(Hazard::Misaligned));
}

TEST(Stmatrix, GenericAddress) {
  Outcome o = runSm90(prologue() +
                      "cvt.u64.u32 %d7, %r1;\n"
                      "cvta.shared.u64 %d7, %d7;\n"
                      "stmatrix.sync.aligned.m8n8.x4.b16 [%d7], "
                      "{%r10, %r11, %r12, %r13};\n" +
                      readBack);
  expectClean(o);
  EXPECT_EQ(element(o, 8, 0), 100u);
  EXPECT_TRUE(
      runSm90(prologue() + "stmatrix.sync.aligned.m8n8.x1.b16 [%d2], {%r10};")
          .has(Hazard::WrongSpace));
}

TEST(Stmatrix, Races) {
  std::string store = "stmatrix.sync.aligned.m8n8.x4.shared.b16 [%r1], "
                      "{%r10, %r11, %r12, %r13};\n";
  EXPECT_TRUE(runSm90(prologue() + store + "ld.shared.u32 %r20, [%r1];\n")
                  .has(Hazard::SharedRace));
  EXPECT_TRUE(runSm90(prologue() + "st.shared.u32 [%r1], 0;\n" + store)
                  .has(Hazard::SharedRace));
  expectClean(runSm90(prologue() +
                      "st.shared.u32 [%r1], 0;\n"
                      "bar.warp.sync -1;\n" +
                      store));
  // All rows to one place: other values are a race, the same are not.
  std::string one = "mov.u32 %r1, smem;\n";
  EXPECT_TRUE(runSm90(prologue() + one + store).has(Hazard::SharedRace));
  expectClean(runSm90(prologue() + one +
                      "mov.u32 %r10, 0; mov.u32 %r11, 0;\n"
                      "mov.u32 %r12, 0; mov.u32 %r13, 0;\n" +
                      store));
}

TEST(Stmatrix, UninitialisedElements) {
  std::string store = "stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r1], {%r40};"
                      "bar.warp.sync -1;\n";
  std::string load = "setp.lt.u32 %p1, %r0, 8;\n"
                     "@%p1 ld.shared.b16 %h1, [%r1];\n"
                     "cvt.u32.u16 %r20, %h1;\n"
                     "@%p1 st.global.u32 [%d0], %r20;\n";
  EXPECT_TRUE(runSm90(prologue() + store + load).has(Hazard::Uninitialised));
  // Only lane 5 has no value: columns 2 and 3 of row 1.
  std::string some = "setp.ne.u32 %p2, %r0, 5; @%p2 mov.u32 %r40, 7;\n";
  expectClean(runSm90(prologue() + some + store + load));
  EXPECT_TRUE(
      runSm90(prologue() + some + store + "add.u32 %r1, %r1, 6;\n" + load)
          .has(Hazard::Uninitialised));
}

TEST(Stmatrix, Counters) {
  auto counters = [](unsigned pitch) {
    Outcome o = runSm90(prologue(pitch) +
                        "stmatrix.sync.aligned.m8n8.x2.shared.b16 [%r1], "
                        "{%r10, %r11};\n");
    expectClean(o);
    EXPECT_EQ(o.result.counters.sharedStores.instructions, 0u);
    EXPECT_EQ(o.result.counters.ldmatrix.instructions, 0u);
    EXPECT_EQ(o.result.counters.instructionsByClass.at("stmatrix"), 1u);
    return o.result.counters.stmatrix;
  };
  SharedCounters dense = counters(16);
  EXPECT_EQ(dense.instructions, 1u);
  EXPECT_EQ(dense.wavefronts, 2u);
  EXPECT_EQ(dense.conflicts, 0u);
  SharedCounters strided = counters(32); // two rows a bank group
  EXPECT_EQ(strided.wavefronts, 4u);
  EXPECT_EQ(strided.conflicts, 2u);
}

TEST(Stmatrix, NeedsTheWholeWarpAndItsTarget) {
  EXPECT_TRUE(runSm90(prologue() +
                      "setp.lt.u32 %p1, %r0, 16;\n@%p1 "
                      "stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r1], {%r10};")
                  .has(Hazard::DivergentAligned));
  Diagnostic error;
  std::string text = "stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r1], {%r10};";
  EXPECT_TRUE(parseModule(kernel(text, "sm_90"), error)) << error.message;
  EXPECT_FALSE(parseModule(kernel(text, "sm_80"), error));
}
