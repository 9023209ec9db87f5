//===- CountersTest.cpp - counters against closed formulas ----------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

TEST(Counters, GlobalBytesAndSectors) {
  auto o = run("ld.global.u32 %r1, [%d1]; st.global.u32 [%d0], %r1;"
               "mul.wide.u32 %d5, %r0, 32; add.s64 %d5, %d5, %d2;"
               "st.global.u32 [%d5], %r1;",
               64, std::vector<uint32_t>(64));
  const Counters &c = o.result.counters;
  EXPECT_EQ(c.global.at("in").bytesRead, 256u);
  EXPECT_EQ(c.global.at("in").sectorsRead, 8u);
  EXPECT_EQ(c.global.at("out").bytesWritten, 512u);
  EXPECT_EQ(c.global.at("out").sectorsWritten, 8u + 64);
  EXPECT_EQ(c.global.at("out").bytesRead, 0u);
  EXPECT_EQ(c.warps, 2u);
}

/// Wavefronts of one warp-wide load at %r2 = smem + stride * lane.
static SharedCounters load(unsigned stride, const std::string &instruction) {
  auto o = run("mov.u32 %r1, smem; mad.lo.u32 %r2, %r0, " +
                   std::to_string(stride) + ", %r1; " + instruction,
               32, {}, 8192);
  expectClean(o);
  return o.result.counters.sharedLoads;
}

TEST(Counters, BankConflicts) {
  const char *b32 = "ld.shared.b32 %r3, [%r2];";
  EXPECT_EQ(load(4, b32).wavefronts, 1u);
  EXPECT_EQ(load(0, b32).wavefronts, 1u); // broadcast
  EXPECT_EQ(load(8, b32).wavefronts, 2u);
  EXPECT_EQ(load(128, b32).wavefronts, 32u);
  EXPECT_EQ(load(128, b32).conflicts, 31u);
  EXPECT_EQ(load(132, b32).conflicts, 0u);
  const char *v2 = "ld.shared.v2.b32 {%r3, %r4}, [%r2];";
  EXPECT_EQ(load(8, v2).wavefronts, 2u);
  EXPECT_EQ(load(8, v2).conflicts, 0u);
  const char *v4 = "ld.shared.v4.b32 {%r3, %r4, %r5, %r6}, [%r2];";
  EXPECT_EQ(load(16, v4).wavefronts, 4u);
  EXPECT_EQ(load(16, v4).conflicts, 0u);
  EXPECT_EQ(load(128, v4).wavefronts, 32u);
  EXPECT_EQ(load(128, v4).conflicts, 28u);
}

TEST(Counters, LdmatrixConflicts) {
  auto conflicts = [](unsigned stride) {
    auto o =
        run("mov.u32 %r1, smem; and.b32 %r3, %r0, 7; mad.lo.u32 %r2, %r3, " +
                std::to_string(stride) +
                ", %r1;"
                "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r4,%r5,%r6,%r7}, "
                "[%r2];",
            32, {}, 8192);
    expectClean(o);
    EXPECT_EQ(o.result.counters.ldmatrix.instructions, 1u);
    return o.result.counters.ldmatrix.conflicts;
  };
  EXPECT_EQ(conflicts(16), 0u);
  EXPECT_EQ(conflicts(144), 0u);
  EXPECT_EQ(conflicts(128), 28u); // eight rows in one bank group, four times
  EXPECT_EQ(conflicts(32), 4u);
}

TEST(Counters, MathAndClasses) {
  auto o = run(R"(
setp.lt.u32 %p1, %r0, 10;
mov.b32 %r1, 0f3F800000;
@%p1 ex2.approx.f32 %r2, %r1;
rcp.approx.f32 %r3, %r1;
mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 {%r4, %r5}, {%r1, %r1}, {%r1}, {%r1, %r1};
bar.sync 0;)",
               64);
  const Counters &c = o.result.counters;
  EXPECT_EQ(c.mufuOps, 10u + 64);
  EXPECT_EQ(c.mmaFlops, 2u * 2 * 16 * 8 * 8);
  EXPECT_EQ(c.barriers, 2u);
  EXPECT_EQ(c.instructionsByClass.at("mma"), 2u);
  // The guarded ex2 does not run in the second warp.
  EXPECT_EQ(c.instructionsByClass.at("mufu"), 3u);
}

TEST(Counters, ByLine) {
  std::string text = kernel("mov.u32 %r1, 0;\nloop:\nadd.u32 %r1, %r1, 1;\n"
                            "setp.lt.u32 %p1, %r1, 5;\n@%p1 bra loop;");
  int line = 1;
  for (char ch : text.substr(0, text.find("add.u32")))
    line += ch == '\n';
  auto o = runText(text, {});
  EXPECT_EQ(o.result.counters.executionsByLine.at(line), 5u);
}

TEST(Counters, DoNotDependOnThreadsOrSeed) {
  LaunchOptions options;
  options.grid.x = 16;
  options.block.x = 64;
  std::string text = kernel("mov.u32 %r1, %ctaid.x; mul.wide.u32 %d5, %r1, 256;"
                            "add.s64 %d5, %d5, %d0; bar.sync 0;"
                            "st.global.u32 [%d5], %r1;");
  auto one = runText(text, options);
  options.threads = 3;
  options.seed = 9;
  auto three = runText(text, options);
  expectClean(three);
  EXPECT_EQ(one.out, three.out);
  EXPECT_EQ(one.result.counters.instructions,
            three.result.counters.instructions);
  EXPECT_EQ(one.result.counters.global.at("out").bytesWritten, 4096u);
  EXPECT_EQ(three.result.counters.global.at("out").bytesWritten, 4096u);
}
