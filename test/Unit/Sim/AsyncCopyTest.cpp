//===- AsyncCopyTest.cpp - cp.async by itself -----------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

/// Each thread copies four words; `after` is what follows.
static Outcome copy(const std::string &after, Timing timing = Timing::Latest,
                    const std::string &size = "16",
                    const std::string &cache = "cg") {
  std::vector<uint32_t> in(128);
  for (unsigned i = 0; i < 128; ++i)
    in[i] = 1000 + i;
  return run(R"(
mov.u32 %r1, smem;
mad.lo.u32 %r2, %r0, 16, %r1;
mul.wide.u32 %d5, %r0, 16;
add.s64 %d5, %d5, %d3;
cp.async.)" + cache +
                 ".shared.global.L2::128B [%r2], [%d5], " + size + ";\n" +
                 after,
             32, in, 1024, 1, timing);
}

static const char *const finish = R"(
cp.async.commit_group;
cp.async.wait_group 0;
ld.shared.v4.u32 {%r3, %r4, %r5, %r6}, [%r2];
st.global.u32 [%d0], %r5;)";

TEST(AsyncCopy, CopiesInBothTimings) {
  for (Timing timing : {Timing::Latest, Timing::Earliest}) {
    auto o = copy(finish, timing);
    expectClean(o);
    EXPECT_EQ(o.out[3], 1000u + 14);
  }
}

TEST(AsyncCopy, SourceSizeFillsWithZeros) {
  auto o = copy(finish, Timing::Latest, "16, 8");
  expectClean(o);
  EXPECT_EQ(o.out[3], 0u);
  o = copy(finish, Timing::Latest, "16, 12");
  EXPECT_EQ(o.out[3], 1000u + 14);
  EXPECT_TRUE(
      copy(finish, Timing::Latest, "16, 17").has(Hazard::InvalidOperand));
}

TEST(AsyncCopy, ReadBeforeTheWait) {
  const char *wait = "cp.async.commit_group; cp.async.wait_group 0;";
  for (Timing timing : {Timing::Latest, Timing::Earliest}) {
    auto o = copy("ld.shared.u32 %r3, [%r2];" + std::string(wait), timing);
    EXPECT_TRUE(o.has(Hazard::UnfinishedCopy)) << o.findings();
    // wait_group 1 leaves the only group pending.
    o = copy("cp.async.commit_group; cp.async.wait_group 1;"
             "ld.shared.u32 %r3, [%r2]; cp.async.wait_all;",
             timing);
    EXPECT_TRUE(o.has(Hazard::UnfinishedCopy)) << o.findings();
  }
}

TEST(AsyncCopy, AnotherLaneNeedsABarrierToo) {
  std::string read = "xor.b32 %r7, %r2, 16; ld.shared.u32 %r3, [%r7];";
  EXPECT_TRUE(copy("cp.async.wait_all;" + read).has(Hazard::SharedRace));
  expectClean(copy("cp.async.wait_all; bar.warp.sync -1;" + read));
  EXPECT_TRUE(
      copy("bar.sync 0; cp.async.wait_all;" + read).has(Hazard::SharedRace));
}

TEST(AsyncCopy, LeftAloneAtTheEnd) {
  EXPECT_TRUE(copy("").has(Hazard::UncommittedCopy));
  EXPECT_TRUE(copy("cp.async.commit_group;").has(Hazard::UnwaitedCopy));
  EXPECT_TRUE(copy("cp.async.wait_group 0;").has(Hazard::UncommittedCopy));
  expectClean(copy("cp.async.wait_all;"));
}

TEST(AsyncCopy, OverwritingAPendingDestination) {
  auto o =
      copy("cp.async.cg.shared.global [%r2], [%d5], 16; cp.async.wait_all;");
  EXPECT_TRUE(o.has(Hazard::CopyOverlap)) << o.findings();
  o = copy("st.shared.u32 [%r2], 1; cp.async.wait_all;");
  EXPECT_TRUE(o.has(Hazard::UnfinishedCopy)) << o.findings();
}

TEST(AsyncCopy, SourceIsReadAtTheWait) {
  auto o = copy("st.global.u32 [%d5+8], 5;" + std::string(finish));
  EXPECT_EQ(o.out[3], 5u);
  o = copy("st.global.u32 [%d5+8], 5;" + std::string(finish), Timing::Earliest);
  EXPECT_EQ(o.out[3], 1000u + 14);
}

TEST(AsyncCopy, ChecksAddresses) {
  EXPECT_TRUE(copy("add.u32 %r2, %r2, 4;"
                   "cp.async.cg.shared.global [%r2], [%d5], 16;"
                   "cp.async.wait_all;")
                  .has(Hazard::Misaligned));
  EXPECT_TRUE(copy("cp.async.cg.shared.global [%r2+1024], [%d5], 16;"
                   "cp.async.wait_all;")
                  .has(Hazard::OutOfBounds));
  EXPECT_TRUE(copy("cp.async.ca.shared.global [%r2+512], [%d5+512], 4;"
                   "cp.async.wait_all;")
                  .has(Hazard::OutOfBounds));
}

TEST(AsyncCopy, GroupsBelongToAThread) {
  // Half the lanes commit a second, empty group: for them wait_group 1 covers
  // the copy, for the others it does not.
  std::string text = "setp.lt.u32 %p1, %r0, 16; cp.async.commit_group;"
                     "@%p1 cp.async.commit_group; cp.async.wait_group 1;";
  expectClean(copy(text + "@%p1 ld.shared.u32 %r3, [%r2]; cp.async.wait_all;"));
  EXPECT_TRUE(copy(text + "ld.shared.u32 %r3, [%r2]; cp.async.wait_all;")
                  .has(Hazard::UnfinishedCopy));
}
