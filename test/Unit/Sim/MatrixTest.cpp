//===- MatrixTest.cpp - ldmatrix and mma ----------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

/// One warp: A and B from global memory in fragment order, D likewise. Values
/// are small integers, so every format is exact.
static std::vector<float> multiply(const std::string &opcode, unsigned words,
                                   bool half, std::vector<uint32_t> fragments) {
  std::string body = "mul.wide.u32 %d6, %r0, 24; add.s64 %d5, %d3, %d6;\n";
  std::string a, b;
  for (unsigned i = 0; i < words + words / 2; ++i) {
    std::string r = "%r" + std::to_string(10 + i);
    body += "ld.global.b32 " + r + ", [%d5+" + std::to_string(4 * i) + "];\n";
    std::string &list = i < words ? a : b;
    list += (list.empty() ? "" : ", ") + r;
  }
  std::string d = half ? "%r30, %r31" : "%r30, %r31, %r32, %r33";
  for (int i = 0; i < 4; ++i)
    body += "mov.b32 %r3" + std::to_string(i) + ", 0;\n";
  body += opcode + "\n{" + d + "},\n{" + a + "},\n{" + b + "},\n{" + d + "};\n";
  body += "mul.wide.u32 %d6, %r0, 16; add.s64 %d5, %d2, %d6;\n"
          "st.global.v4.b32 [%d5], {%r30, %r31, %r32, %r33};";
  Outcome o = run(body, 32, std::move(fragments));
  expectClean(o);
  std::vector<float> c(128);
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < 4; ++i) {
      uint32_t word = o.out[lane * 4 + (half ? i / 2 : i)];
      float value = real(word);
      if (half) { // small integers in f16
        uint32_t h = (word >> (16 * (i & 1))) & 0xffff;
        value =
            h ? real(((h & 0x7fff) + (112 << 10)) << 13 | (h & 0x8000) << 16)
              : 0;
      }
      c[(lane / 4 + 8 * (i / 2)) * 8 + lane % 4 * 2 + i % 2] = value;
    }
  return c;
}

static float a(unsigned row, unsigned k) {
  return float(int(row * 3 + k * 5) % 7 - 3);
}
static float b(unsigned k, unsigned col) {
  return float(int(k * 2 + col * 3) % 5 - 2);
}
static uint32_t bf16(float v) { return bits(v) >> 16; }
static uint32_t f16(float v) {
  uint32_t u = bits(v);
  return v == 0 ? 0
                : ((u >> 13) & 0x3ff) | ((((u >> 23) & 0xff) - 112) << 10) |
                      (u >> 16 & 0x8000);
}

static void expectProduct(const std::vector<float> &c, unsigned depth) {
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned col = 0; col < 8; ++col) {
      float sum = 0;
      for (unsigned k = 0; k < depth; ++k)
        sum += a(row, k) * b(k, col);
      EXPECT_EQ(c[row * 8 + col], sum) << row << "," << col;
    }
}

/// Fragments of 16-bit types, typed in from the ISA's tables: per lane, A words
/// then B words, padded to six.
static std::vector<uint32_t> fragments16(uint32_t (*convert)(float),
                                         unsigned depth) {
  std::vector<uint32_t> f(32 * 6);
  unsigned words = depth / 4;
  for (unsigned lane = 0; lane < 32; ++lane) {
    unsigned g = lane >> 2, q = lane & 3;
    for (unsigned i = 0; i < 2 * words; ++i) {
      unsigned row = g + 8 * ((i >> 1) & 1),
               col = 2 * q + (i & 1) + 8 * (i >> 2);
      f[lane * 6 + i / 2] |= convert(a(row, col)) << (16 * (i & 1));
    }
    for (unsigned i = 0; i < words; ++i) {
      unsigned row = 2 * q + (i & 1) + 8 * (i >> 1);
      f[lane * 6 + words + i / 2] |= convert(b(row, g)) << (16 * (i & 1));
    }
  }
  return f;
}

TEST(Matrix, MmaSixteenBit) {
  expectProduct(multiply("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32",
                         4, false, fragments16(bf16, 16)),
                16);
  expectProduct(multiply("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", 4,
                         false, fragments16(f16, 16)),
                16);
  expectProduct(multiply("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16", 4,
                         true, fragments16(f16, 16)),
                16);
  expectProduct(multiply("mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32",
                         2, false, fragments16(bf16, 8)),
                8);
}

TEST(Matrix, MmaTf32) {
  std::vector<uint32_t> f(32 * 6);
  for (unsigned lane = 0; lane < 32; ++lane) {
    unsigned g = lane >> 2, q = lane & 3;
    for (unsigned i = 0; i < 4; ++i)
      f[lane * 6 + i] = bits(a(g + 8 * (i & 1), q + 4 * (i >> 1)));
    for (unsigned i = 0; i < 2; ++i)
      f[lane * 6 + 4 + i] = bits(b(q + 4 * i, g));
  }
  expectProduct(multiply("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32",
                         4, false, f),
                8);
}

static std::string ldmatrixBody(const std::string &form,
                                const std::string &registers) {
  return R"(
mov.u32 %r1, smem;
mul.lo.u32 %r2, %r0, 16;
add.u32 %r1, %r1, %r2;
mul.lo.u32 %r3, %r0, 8;
mov.u32 %r4, 0;
fill:
add.u32 %r5, %r3, %r4;
cvt.u16.u32 %h1, %r5;
mul.lo.u32 %r6, %r4, 2;
add.u32 %r6, %r6, %r1;
st.shared.b16 [%r6], %h1;
add.u32 %r4, %r4, 1;
setp.lt.u32 %p1, %r4, 8;
@%p1 bra fill;
bar.warp.sync -1;
ldmatrix.sync.aligned.m8n8.)" +
         form + ".shared.b16 {" + registers + R"(}, [%r1];
st.global.u32 [%d0], %r10;)";
}

TEST(Matrix, LdmatrixMapsRowsToLanes) {
  auto o = run(ldmatrixBody("x4", "%r10, %r11, %r12, %r13") +
                   "st.global.u32 [%d0+128], %r13;",
               32, {}, 512);
  expectClean(o);
  // Element (row r, column c) of matrix j holds 64j + 8r + c.
  for (unsigned lane = 0; lane < 32; ++lane) {
    unsigned low = lane / 4 * 8 + lane % 4 * 2;
    EXPECT_EQ(o.out[lane], low | (low + 1) << 16);
    EXPECT_EQ(o.out[32 + lane], (low + 192) | (low + 193) << 16);
  }
}

TEST(Matrix, LdmatrixTransposed) {
  auto o = run(ldmatrixBody("x1.trans", "%r10"), 32, {}, 512);
  expectClean(o);
  for (unsigned lane = 0; lane < 32; ++lane) {
    unsigned low = lane % 4 * 2 * 8 + lane / 4;
    EXPECT_EQ(o.out[lane], low | (low + 8) << 16);
  }
}

TEST(Matrix, MovmatrixTransposes) {
  // Element (row, column) holds 8 * row + column.
  auto o = run("shl.b32 %r1, %r0, 1; add.u32 %r2, %r1, 1; shl.b32 %r2, %r2, 16;"
               "or.b32 %r1, %r1, %r2;"
               "movmatrix.sync.aligned.m8n8.trans.b16 %r10, %r1;"
               "st.global.u32 [%d0], %r10;");
  expectClean(o);
  for (unsigned lane = 0; lane < 32; ++lane) {
    unsigned low = lane % 4 * 2 * 8 + lane / 4;
    EXPECT_EQ(o.out[lane], low | (low + 8) << 16);
  }
}

TEST(Matrix, NeedsTheWholeWarp) {
  auto o = run("setp.lt.u32 %p1, %r0, 16; mov.b32 %r1, 0; mov.b32 %r2, 0;"
               "@%p1 mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 "
               "{%r1, %r2}, {%r1, %r2}, {%r1}, {%r1, %r2};");
  EXPECT_TRUE(o.has(Hazard::DivergentAligned)) << o.findings();
}

TEST(Matrix, PoisonSpreadsToWhatItFeeds) {
  auto o = run("mov.b32 %r1, 0;"
               "mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 "
               "{%r3, %r4}, {%r1, %r20}, {%r1}, {%r1, %r1};"
               "st.global.u32 [%d0], %r3;");
  expectClean(o); // rows 0 to 7 are known
  o = run("mov.b32 %r1, 0;"
          "mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 "
          "{%r3, %r4}, {%r1, %r20}, {%r1}, {%r1, %r1};"
          "st.global.u32 [%d0], %r4;");
  EXPECT_TRUE(o.has(Hazard::Uninitialised)) << o.findings();
}
