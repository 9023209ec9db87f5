//===- MemoryTest.cpp - checks of loads and stores ------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

static const Finding *find(const Outcome &o, Hazard hazard) {
  for (const Finding &f : o.result.findings)
    if (f.hazard == hazard)
      return &f;
  return nullptr;
}

TEST(Memory, OutOfBoundsNamesTheBufferAndTheLane) {
  auto o = run("ld.global.u32 %r1, [%d1+64]; st.global.u32 [%d0], %r1;", 32,
               std::vector<uint32_t>(32, 1));
  const Finding *f = find(o, Hazard::OutOfBounds);
  ASSERT_TRUE(f) << o.findings();
  EXPECT_EQ(f->buffer, "in");
  EXPECT_EQ(f->lane, 16);
  EXPECT_NE(f->ptxText.find("ld.global.u32"), std::string::npos);
}

TEST(Memory, Misaligned) {
  EXPECT_TRUE(
      run("ld.global.u32 %r1, [%d3+2];", 1, {1, 2}).has(Hazard::Misaligned));
  EXPECT_TRUE(run("ld.global.v4.u32 {%r1,%r2,%r3,%r4}, [%d3+8];", 1,
                  std::vector<uint32_t>(8))
                  .has(Hazard::Misaligned));
}

TEST(Memory, SharedBounds) {
  expectClean(
      run("mov.u32 %r1, smem; st.shared.u32 [%r1+60], %r0;", 1, {}, 64));
  EXPECT_TRUE(run("mov.u32 %r1, smem; st.shared.u32 [%r1+64], %r0;", 1, {}, 64)
                  .has(Hazard::OutOfBounds));
  EXPECT_TRUE(run("mov.u32 %r1, 0; st.shared.u32 [%r1], %r0;", 1, {}, 64)
                  .has(Hazard::OutOfBounds));
}

TEST(Memory, UninitialisedGlobalReachesAStore) {
  auto o = run("ld.global.u32 %r1, [%d2+512]; add.s32 %r2, %r1, 1;"
               "st.global.u32 [%d0], %r2;",
               1);
  EXPECT_TRUE(o.has(Hazard::Uninitialised)) << o.findings();
}

TEST(Memory, UninitialisedValueMayBeCopiedAround) {
  expectClean(run(R"(
mov.u32 %r1, smem;
ld.shared.u32 %r2, [%r1];
st.shared.u32 [%r1+4], %r2;
setp.eq.u32 %p1, %r0, 0;
selp.b32 %r3, 7, %r2, %p1;
st.global.u32 [%d0], %r3;)",
                  1, {}, 64));
}

TEST(Memory, UninitialisedRegisterAddressAndGuard) {
  EXPECT_TRUE(run("ld.global.u32 %r1, [%d20];", 1).has(Hazard::Uninitialised));
  EXPECT_TRUE(run("@%p5 mov.b32 %r1, 0;", 1).has(Hazard::Uninitialised));
  EXPECT_TRUE(run("setp.eq.u32 %p1, %r20, 0; @%p1 bra out; out:", 1)
                  .has(Hazard::Uninitialised));
}

TEST(Memory, GenericAddresses) {
  auto o = run(R"(
mov.u64 %d5, smem;
cvta.shared.u64 %d6, %d5;
st.u32 [%d6], 77;
ld.u32 %r1, [%d6];
isspacep.shared %p1, %d6;
cvta.to.shared.u64 %d7, %d6;
cvt.u32.u64 %r3, %d7;
ld.shared.u32 %r4, [%r3];
selp.b32 %r2, %r4, 0, %p1;
cvta.to.global.u64 %d8, %d2;
st.global.v2.u32 [%d8], {%r1, %r2};)",
               1, {}, 64);
  expectClean(o);
  EXPECT_EQ(o.out[0], 77u);
  EXPECT_EQ(o.out[1], 77u);
  EXPECT_TRUE(run("cvta.to.shared.u64 %d5, %d2;", 1).has(Hazard::WrongSpace));
}

TEST(Memory, LocalMemoryIsPrivate) {
  auto o = run(R"(
.local .align 8 .b8 depot[16];
mov.u64 %d5, depot;
cvta.local.u64 %d6, %d5;
st.local.u32 [%d5+4], %r0;
ld.u32 %r1, [%d6+4];
st.global.u32 [%d0], %r1;)");
  expectClean(o);
  EXPECT_EQ(o.out[31], 31u);
  EXPECT_TRUE(run(".local .align 8 .b8 depot[16]; st.local.u32 [depot+16], 1;")
                  .has(Hazard::OutOfBounds));
}

TEST(Memory, ModuleVariables) {
  LaunchOptions options;
  auto o =
      runText(kernel(R"(
mov.u64 %d5, table;
ld.const.u8 %r1, [%d5+1];
ld.global.u32 %r2, [counter];
st.global.u32 [counter], 9;
st.global.v2.u32 [%d2], {%r1, %r2};)",
                     "sm_80",
                     R"(.visible .const .align 4 .b8 table[4] = {1, 200, 3, 4};
.visible .global .align 4 .u32 counter = 5;)"),
              options);
  expectClean(o);
  EXPECT_EQ(o.out[0], 200u);
  EXPECT_EQ(o.out[1], 5u);
}

TEST(Memory, SubWordAccessesExtend) {
  auto o = run("ld.global.s8 %r1, [%d3]; ld.global.u16 %r2, [%d3+2];"
               "ld.global.b16 %h1, [%d3]; cvt.u32.u16 %r3, %h1;"
               "ld.global.s32 %d5, [%d3+4]; shr.u64 %d5, %d5, 32;"
               "cvt.u32.u64 %r4, %d5;"
               "st.global.v4.u32 [%d2], {%r1, %r2, %r3, %r4};",
               1, {0xabcd00ff, 0x80000000});
  expectClean(o);
  EXPECT_EQ(o.out[0], 0xffffffffu);
  EXPECT_EQ(o.out[1], 0xabcdu);
  EXPECT_EQ(o.out[2], 0xffu);
  EXPECT_EQ(o.out[3], 0xffffffffu);
}

TEST(Memory, HostInterface) {
  Memory m;
  uint64_t a = m.allocate(16, "a"), b = m.allocate(16, "b");
  ASSERT_TRUE(a && b);
  uint32_t v = 3, w = 0;
  EXPECT_FALSE(m.isInitialised(a, 4));
  EXPECT_TRUE(m.write(a, &v, 4));
  EXPECT_TRUE(m.isInitialised(a, 4));
  EXPECT_FALSE(m.isInitialised(a, 5));
  EXPECT_TRUE(m.read(&w, a, 4));
  EXPECT_EQ(w, 3u);
  EXPECT_FALSE(m.write(a + 13, &v, 4));
  EXPECT_FALSE(m.write(a + 16, &v, 4));
  EXPECT_TRUE(m.fill(b, 1, 16));
  EXPECT_TRUE(m.invalidate(b + 4, 4));
  EXPECT_FALSE(m.isInitialised(b, 16));
  EXPECT_FALSE(m.release(a + 4));
  EXPECT_TRUE(m.release(a));
  EXPECT_FALSE(m.read(&w, a, 4));
  EXPECT_EQ(m.allocate(16, "c", 3), 0u);
}
