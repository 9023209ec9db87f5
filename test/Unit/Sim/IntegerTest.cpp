//===- IntegerTest.cpp - integer and bit instructions ---------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

using namespace attn::sim::test;

namespace {
struct Case {
  const char *text;
  uint64_t a, b, c, expected;
};

const Case cases[] = {
    {"add.s32 %r10, %r1, %r2;", 0x7fffffff, 1, 0, 0x80000000},
    {"add.u64 %d10, %d11, %d12;", ~0ull, 2, 0, 1},
    {"add.s16 %h10, %h1, %h2;", 0xffff, 2, 0, 1},
    {"sub.s32 %r10, %r1, 7;", 3, 0, 0, 0xfffffffc},
    {"mul.lo.s32 %r10, %r1, %r2;", 0x10001, 0x10001, 0, 0x20001},
    {"mul.lo.u16 %h10, %h1, %h2;", 0xffff, 0xffff, 0, 1},
    {"mul.hi.u32 %r10, %r1, %r2;", 0xffffffff, 0xffffffff, 0, 0xfffffffe},
    {"mul.hi.s32 %r10, %r1, %r2;", 0xffffffff, 2, 0, 0xffffffff},
    {"mul.hi.u64 %d10, %d11, %d12;", 1ull << 63, 4, 0, 2},
    {"mul.wide.s32 %d10, %r1, %r2;", 0xffffffff, 3, 0, ~0ull - 2},
    {"mul.wide.u32 %d10, %r1, %r2;", 0xffffffff, 3, 0, 0x2fffffffd},
    {"mul.wide.u16 %r10, %h1, %h2;", 0xffff, 0xffff, 0, 0xfffe0001},
    {"mad.lo.s32 %r10, %r1, %r2, %r3;", 5, 6, 7, 37},
    {"mad.wide.u32 %d10, %r1, %r2, %d13;", 0xffffffff, 2, 3, 0x200000001},
    {"mad.wide.s32 %d10, %r1, %r2, %d13;", 0xffffffff, 2, 3, 1},
    {"div.s32 %r10, %r1, %r2;", 0xfffffff9, 2, 0, 0xfffffffd},
    {"div.s32 %r10, %r1, %r2;", 0x80000000, 0xffffffff, 0, 0x80000000},
    {"div.u32 %r10, %r1, %r2;", 100, 7, 0, 14},
    {"rem.s32 %r10, %r1, %r2;", 0xfffffff9, 4, 0, 0xfffffffd},
    {"rem.u64 %d10, %d11, %d12;", 1000000000007, 1000, 0, 7},
    {"min.s32 %r10, %r1, %r2;", 0xffffffff, 1, 0, 0xffffffff},
    {"min.u32 %r10, %r1, %r2;", 0xffffffff, 1, 0, 1},
    {"max.s64 %d10, %d11, %d12;", ~0ull, 1, 0, 1},
    {"abs.s32 %r10, %r1;", 0xfffffffb, 0, 0, 5},
    {"neg.s32 %r10, %r1;", 5, 0, 0, 0xfffffffb},
    {"sad.u32 %r10, %r1, %r2, %r3;", 3, 10, 100, 107},
    {"and.b32 %r10, %r1, %r2;", 0xff0, 0x0ff, 0, 0x0f0},
    {"or.b64 %d10, %d11, %d12;", 1ull << 40, 1, 0, (1ull << 40) | 1},
    {"xor.b16 %h10, %h1, %h2;", 0xffff, 0x00ff, 0, 0xff00},
    {"not.b32 %r10, %r1;", 0xff, 0, 0, 0xffffff00},
    {"cnot.b32 %r10, %r1;", 0, 0, 0, 1},
    {"shl.b32 %r10, %r1, %r2;", 1, 31, 0, 0x80000000},
    {"shl.b32 %r10, %r1, %r2;", 1, 32, 0, 0},
    {"shr.u32 %r10, %r1, %r2;", 0x80000000, 31, 0, 1},
    {"shr.s32 %r10, %r1, %r2;", 0x80000000, 99, 0, 0xffffffff},
    {"shr.s64 %d10, %d11, 60;", 1ull << 63, 0, 0, ~0ull - 7},
    {"shr.b32 %r10, %r1, 4;", 0x80000000, 0, 0, 0x08000000},
    {"shf.l.wrap.b32 %r10, %r1, %r2, %r3;", 0x80000000, 1, 1, 3},
    {"shf.r.wrap.b32 %r10, %r1, %r2, %r3;", 2, 1, 33, 0x80000001},
    {"shf.r.clamp.b32 %r10, %r1, %r2, %r3;", 2, 5, 40, 5},
    {"bfe.u32 %r10, %r1, %r2, %r3;", 0xabcdef12, 8, 12, 0xdef},
    {"bfe.s32 %r10, %r1, %r2, %r3;", 0xabcdef12, 8, 12, 0xfffffdef},
    {"bfe.s32 %r10, %r1, %r2, %r3;", 0x80000000, 28, 8, 0xfffffff8},
    {"bfe.s32 %r10, %r1, %r2, %r3;", 0x80000000, 0, 0, 0},
    {"bfe.u64 %d10, %d11, %r2, %r3;", 0xabcdull << 40, 44, 8, 0xbc},
    {"bfi.b32 %r10, %r1, %r2, 8, 4;", 0xff, 0, 0, 0xf00},
    {"prmt.b32 %r10, %r1, %r2, %r3;", 0x33221100, 0x77665544, 0x7531,
     0x77553311},
    {"prmt.b32 %r10, %r1, %r2, %r3;", 0x80, 0, 0x8888, 0xffffffff},
    {"prmt.b32 %r10, %r1, %r2, 0x6420;", 0x33221100, 0x77665544, 0, 0x66442200},
    {"prmt.b32.f4e %r10, %r1, %r2, %r3;", 0x33221100, 0x77665544, 1,
     0x44332211},
    {"prmt.b32.f4e %r10, %r1, %r2, 3;", 0x33221100, 0x77665544, 0, 0x66554433},
    {"prmt.b32.b4e %r10, %r1, %r2, 0;", 0x33221100, 0x77665544, 0, 0x55667700},
    {"prmt.b32.b4e %r10, %r1, %r2, 2;", 0x33221100, 0x77665544, 0, 0x77001122},
    {"prmt.b32.rc8 %r10, %r1, %r2, 2;", 0x33221100, 0x77665544, 0, 0x22222222},
    // Only the two low bits of the selector count.
    {"prmt.b32.ecl %r10, %r1, %r2, %r3;", 0x33221100, 0x77665544, 0xfd,
     0x33221111},
    {"prmt.b32.ecr %r10, %r1, %r2, 2;", 0x33221100, 0x77665544, 0, 0x22221100},
    {"prmt.b32.rc16 %r10, %r1, %r2, 1;", 0x33221100, 0x77665544, 0, 0x33223322},
    {"lop3.b32 %r10, %r1, %r2, %r3, 0x96;", 0xf0, 0xcc, 0xaa, 0x96},
    {"lop3.b32 %r10, %r1, %r2, %r3, 232;", 0xf0, 0xcc, 0xaa, 0xe8},
    {"popc.b32 %r10, %r1;", 0xf0f0, 0, 0, 8},
    {"popc.b64 %r10, %d11;", ~0ull, 0, 0, 64},
    {"clz.b32 %r10, %r1;", 1, 0, 0, 31},
    {"clz.b64 %r10, %d11;", 0, 0, 0, 64},
    {"brev.b32 %r10, %r1;", 1, 0, 0, 0x80000000},
    {"bfind.u32 %r10, %r1;", 0x100, 0, 0, 8},
    {"bfind.s32 %r10, %r1;", 0xffffffff, 0, 0, 0xffffffff},
    {"setp.lt.s32 %p1, %r1, %r2;", 0xffffffff, 0, 0, 1},
    {"setp.lt.u32 %p1, %r1, %r2;", 0xffffffff, 0, 0, 0},
    {"setp.hs.u32 %p1, %r1, %r2;", 4, 4, 0, 1},
    {"setp.eq.b64 %p1, %d11, %d12;", 1ull << 50, 1ull << 50, 0, 1},
    {"setp.ne.b32 %p2, 1, 0; setp.eq.and.b32 %p1, %r1, 5, %p2;", 5, 0, 0, 1},
    {"setp.ne.b32 %p2, 1, 0; setp.eq.and.b32 %p1, %r1, 5, !%p2;", 5, 0, 0, 0},
    {"setp.eq.b32 %p3|%p1, %r1, 5;", 6, 0, 0, 1},
    {"setp.eq.b32 %p2, %r1, 5; not.pred %p1, %p2;", 5, 0, 0, 0},
    {"set.gt.u32.s32 %r10, %r1, %r2;", 3, 2, 0, 0xffffffff},
    {"slct.b32.s32 %r10, %r1, %r2, %r3;", 3, 2, 0x80000000, 2},
    {"mov.b32 %r10, {%h1, %h2};", 0x1111, 0x2222, 0, 0x22221111},
    {"mov.b64 {_, %r10}, %d11;", 0x1234567800000000, 0, 0, 0x12345678},
    {"mov.b64 %d10, {%r1, %r2};", 1, 2, 0, 0x200000001},
    {"mov.b64 {%r10, %r11}, %d11;", 0x1234567800000009, 0, 0, 9},
};
} // namespace

TEST(Integer, Instructions) {
  for (const Case &c : cases)
    EXPECT_EQ(evaluate(c.text, c.a, c.b, c.c), c.expected) << c.text;
}

TEST(Integer, AtomicsReturnTheOldValue) {
  auto o = run(R"(
atom.global.add.u32 %r1, [%d3], 1;
st.global.u32 [%d0], %r1;
red.global.max.s32 [%d3+4], %r0;
red.global.add.f32 [%d3+8], 0f3F000000;
atom.global.cas.b32 %r2, [%d3+12], 7, 9;)",
               32, {5, 0, 0, 7});
  expectClean(o);
  uint64_t sum = 0;
  for (int i = 0; i < 32; ++i)
    sum += o.out[i];
  EXPECT_EQ(sum, 32u * 5 + 31 * 16);
}
