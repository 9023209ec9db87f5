//===- WgmmaTest.cpp - layouts and results of wgmma -----------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WgmmaKernel.h"

#include <ostream>

using namespace attn::sim;
using namespace attn::sim::test;

namespace {
/// Small integers, exact in every format.
int valueA(unsigned row, unsigned k) { return int(row * 3 + k * 5) % 7 - 3; }
int valueB(unsigned k, unsigned col) { return int(k * 2 + col * 3) % 5 - 2; }

uint32_t encode(const std::string &type, int value) {
  unsigned magnitude = unsigned(value < 0 ? -value : value);
  bool negative = value < 0;
  auto pick = [&](uint32_t one, uint32_t two, uint32_t three, uint32_t sign) {
    uint32_t codes[] = {0, one, two, three};
    return codes[magnitude] | (negative ? sign : 0);
  };
  if (type == "bf16")
    return pick(0x3f80, 0x4000, 0x4040, 0x8000);
  if (type == "f16")
    return pick(0x3c00, 0x4000, 0x4200, 0x8000);
  if (type == "e4m3")
    return pick(0x38, 0x40, 0x44, 0x80);
  return pick(0x3c, 0x40, 0x42, 0x80); // e5m2
}

struct Multiply {
  std::string typeA = "bf16", typeB = "bf16";
  unsigned n = 64, steps = 1;
  bool registerA = false;
  unsigned swizzleA = 128, swizzleB = 128;
  bool majorA = false, majorB = false;
  int scaleA = 1, scaleB = 1;
  int initial = -1; ///< accumulators before; -1: scale-d of the first is 0
  Timing timing = Timing::Latest;

  unsigned k() const { return typeA == "bf16" || typeA == "f16" ? 16 : 32; }
  unsigned elementBytes() const { return 32 / k(); }
  std::string name() const {
    return typeA + "." + typeB + " n" + std::to_string(n) + " steps " +
           std::to_string(steps) +
           (registerA
                ? " registers"
                : " A " + std::to_string(swizzleA) + (majorA ? "t" : "")) +
           " B " + std::to_string(swizzleB) + (majorB ? "t" : "");
  }
  Tile tileA() const {
    return {swizzleA, majorA, 64, steps * k(), elementBytes(), 0};
  }
  Tile tileB() const {
    return {swizzleB,
            majorB,
            n,
            steps * k(),
            elementBytes(),
            registerA ? 0 : (tileA().bytes() + 1023) / 1024 * 1024};
  }

  void put(std::vector<uint32_t> &image, const Tile &tile, unsigned row,
           unsigned k, uint32_t bits) const {
    uint32_t at = tile.base + tile.offset(row, k);
    image[at / 4] |= bits << (at % 4 * 8);
  }

  /// The words of shared memory, then four A words a thread for each step.
  std::vector<uint32_t> input() const {
    std::vector<uint32_t> image((tileB().base + tileB().bytes()) / 4);
    for (unsigned i = 0; i < steps * k(); ++i) {
      for (unsigned row = 0; !registerA && row < 64; ++row)
        put(image, tileA(), row, i, encode(typeA, valueA(row, i)));
      for (unsigned col = 0; col < n; ++col)
        put(image, tileB(), col, i, encode(typeB, valueB(i, col)));
    }
    return image;
  }

  void appendFragments(std::vector<uint32_t> &in) const {
    for (unsigned step = 0; step < steps; ++step)
      for (unsigned thread = 0; thread < 128; ++thread) {
        unsigned w = thread / 32, g = thread % 32 / 4, q = thread % 4;
        uint32_t words[4] = {};
        for (unsigned i = 0; i < 16 / elementBytes(); ++i) {
          bool wide = elementBytes() == 2;
          unsigned row = 16 * w + g + 8 * (wide ? i >> 1 & 1 : i >> 2 & 1);
          unsigned col = wide ? 8 * (i >> 2) + 2 * q + (i & 1)
                              : 16 * (i >> 3) + 4 * q + (i & 3);
          uint32_t bits = encode(typeA, valueA(row, step * k() + col));
          unsigned perWord = 4 / elementBytes();
          words[i / perWord] |= bits << (i % perWord * 8 * elementBytes());
        }
        in.insert(in.end(), words, words + 4);
      }
  }

  std::string instruction(unsigned step) const {
    std::string s = "wgmma.mma_async.sync.aligned.m64n" + std::to_string(n) +
                    "k" + std::to_string(k()) + ".f32." + typeA + "." + typeB +
                    "\n{" + list("%acc", n / 2) + "},\n";
    s += registerA ? "{" + list("%a", 4) + "}" : "%da";
    s += ", %db, " + std::string(step || initial >= 0 ? "%p2" : "!%p2") + ", " +
         std::to_string(scaleA) + ", " + std::to_string(scaleB);
    if (k() == 16)
      s += (registerA ? ""
            : majorA  ? ", 1"
                      : ", 0") +
           std::string(majorB ? ", 1" : ", 0");
    return s + ";\n";
  }

  std::string body(size_t imageWords) const {
    std::string s = fillShared(imageWords) + "setp.eq.u32 %p2, 1, 1;\n";
    for (unsigned i = 0; i < n / 2; ++i)
      s += "mov.b32 %acc" + std::to_string(i) + ", " +
           std::to_string(bits(float(initial))) + ";\n";
    for (unsigned step = 0; step < steps; ++step) {
      if (registerA)
        s += "mad.lo.u32 %r6, %r0, 16, " +
             std::to_string(4 * imageWords + step * 128 * 16) +
             "; cvt.u64.u32 %d7, %r6; add.s64 %d7, %d7, %d3;\n"
             "ld.global.v4.b32 {%a0, %a1, %a2, %a3}, [%d7];\n";
      else
        s += tileA().load("%da", step);
      s += tileB().load("%db", step);
      s += step == 0 || registerA ? "wgmma.fence.sync.aligned;\n" : "";
      s += instruction(step);
      if (registerA) // the next fragment goes to the same registers
        s += "wgmma.commit_group.sync.aligned;\n"
             "wgmma.wait_group.sync.aligned 0;\n";
    }
    return s +
           "wgmma.commit_group.sync.aligned;\n"
           "wgmma.wait_group.sync.aligned 0;\n" +
           storeAccumulators(n / 2);
  }

  Outcome run() const {
    std::vector<uint32_t> in = input();
    size_t words = in.size();
    if (registerA)
      appendFragments(in);
    return runWarpGroups(body(words), uint32_t(4 * words), in, 128 * n / 2,
                         timing);
  }
};

void check(const Multiply &m) {
  SCOPED_TRACE(m.name());
  Outcome o = m.run();
  ASSERT_TRUE(o.result.clean()) << o.findings();
  unsigned wrong = 0;
  for (unsigned thread = 0; thread < 128; ++thread)
    for (unsigned i = 0; i < m.n / 2; ++i) {
      unsigned g = thread % 32 / 4, q = thread % 4;
      unsigned row = 16 * (thread / 32) + g + 8 * (i >> 1 & 1);
      unsigned col = 8 * (i >> 2) + 2 * q + (i & 1);
      int sum = 0;
      for (unsigned k = 0; k < m.steps * m.k(); ++k)
        sum += valueA(row, k) * valueB(k, col);
      float expected =
          float(sum * m.scaleA * m.scaleB + (m.initial > 0 ? m.initial : 0));
      float got = real(o.out[thread * (m.n / 2) + i]);
      if (got != expected && !wrong++)
        ADD_FAILURE() << "row " << row << ", column " << col << ": " << got
                      << ", but expected " << expected;
    }
  EXPECT_EQ(wrong, 0u);
}

/// One multiplication with some members changed.
template <class F> Multiply with(F change) {
  Multiply m;
  change(m);
  return m;
}
} // namespace

TEST(Wgmma, AccumulatorLayout) {
  for (unsigned n : {8u, 24u, 64u, 80u, 128u, 176u, 256u})
    check(with([&](Multiply &m) { m.n = n; }));
}

TEST(Wgmma, BothTimings) {
  for (bool registers : {false, true})
    check(with([&](Multiply &m) {
      m.timing = Timing::Earliest;
      m.registerA = registers;
      m.steps = 3;
      m.swizzleA = m.swizzleB = 0;
    }));
}

TEST(Wgmma, FromRegisters) {
  for (const char *type : {"bf16", "f16", "e4m3", "e5m2"})
    for (unsigned n : {8u, 80u, 176u})
      check(with([&](Multiply &m) {
        m.typeA = m.typeB = type;
        m.n = n;
        m.registerA = true;
        m.steps = 2;
        m.swizzleB = 64;
      }));
}

TEST(Wgmma, SwizzlesKMajor) {
  for (unsigned swizzle : {0u, 32u, 64u, 128u})
    for (const char *type : {"bf16", "f16", "e4m3", "e5m2"})
      check(with([&](Multiply &m) {
        m.typeA = m.typeB = type;
        m.swizzleA = m.swizzleB = swizzle;
        m.n = 96;
        // Steps of 32 bytes inside a row, then on to the next box.
        m.steps = 8;
      }));
}

TEST(Wgmma, SwizzlesMnMajor) {
  for (unsigned swizzle : {0u, 32u, 64u, 128u})
    for (unsigned n : {64u, 128u, 192u}) {
      check(with([&](Multiply &m) {
        m.n = n;
        m.majorA = true;
        m.swizzleA = swizzle;
        m.steps = 3;
        m.swizzleB = 0;
      }));
      check(with([&](Multiply &m) {
        m.n = n;
        m.majorB = true;
        m.swizzleB = swizzle;
        m.steps = 3;
        m.swizzleA = 0;
      }));
    }
  check(with([&](Multiply &m) {
    m.majorA = m.majorB = true;
    m.typeA = m.typeB = "f16";
    m.steps = 4;
  }));
  // Narrower than a swizzled row.
  check(with([&](Multiply &m) {
    m.majorB = true;
    m.n = 16;
    m.swizzleB = 32;
  }));
}

TEST(Wgmma, MixedEightBitTypes) {
  for (bool registers : {false, true})
    check(with([&](Multiply &m) {
      m.typeA = "e4m3";
      m.typeB = "e5m2";
      m.registerA = registers;
      m.steps = 2;
      m.swizzleA = m.swizzleB = 64;
    }));
}

TEST(Wgmma, ScalesAndOldAccumulators) {
  for (int a : {1, -1})
    for (int b : {1, -1})
      check(with([&](Multiply &m) {
        m.scaleA = a;
        m.scaleB = b;
        m.initial = 7;
        m.steps = 4;
      }));
}

TEST(Wgmma, EightBitSpecialValues) {
  // A is 1 in its first column and 0 elsewhere: D is the first row of B.
  auto firstRow = [](const std::string &type, std::vector<uint8_t> codes) {
    Multiply m;
    m.typeA = m.typeB = type;
    m.n = 8;
    m.swizzleA = m.swizzleB = 32;
    std::vector<uint32_t> in((m.tileB().base + m.tileB().bytes()) / 4);
    for (unsigned row = 0; row < 64; ++row)
      m.put(in, m.tileA(), row, 0, encode(type, 1));
    for (unsigned col = 0; col < 8; ++col)
      m.put(in, m.tileB(), col, 0, codes[col]);
    Outcome o =
        runWarpGroups(m.body(in.size()), uint32_t(4 * in.size()), in, 128 * 4);
    expectClean(o);
    std::vector<float> row; // row 0 is in threads 0 to 3
    for (unsigned col = 0; col < 8; ++col)
      row.push_back(real(o.out[col / 2 * 4 + col % 2]));
    return row;
  };
  auto r = firstRow("e4m3", {0x7e, 0xfe, 0x08, 0x01, 0x07, 0x7f, 0x80, 0x30});
  EXPECT_EQ(r[0], 448.0f);
  EXPECT_EQ(r[1], -448.0f);
  EXPECT_EQ(r[2], 0.015625f);    // 2^-6, the least normal
  EXPECT_EQ(r[3], 0.001953125f); // 2^-9, the least of all
  EXPECT_EQ(r[4], 7 * 0.001953125f);
  EXPECT_TRUE(r[5] != r[5]);
  EXPECT_EQ(r[6], 0.0f);
  EXPECT_EQ(r[7], 0.5f);
  r = firstRow("e5m2", {0x7b, 0xfb, 0x04, 0x01, 0x7c, 0x7d, 0xfc, 0x38});
  EXPECT_EQ(r[0], 57344.0f);
  EXPECT_EQ(r[1], -57344.0f);
  EXPECT_EQ(r[2], real(0x38800000)); // 2^-14
  EXPECT_EQ(r[3], real(0x37800000)); // 2^-16
  EXPECT_EQ(r[4], real(0x7f800000));
  EXPECT_TRUE(r[5] != r[5]);
  EXPECT_EQ(r[6], real(0xff800000));
  EXPECT_EQ(r[7], 0.5f);
}

TEST(Wgmma, Counters) {
  Outcome o = with([](Multiply &m) {
                m.n = 176;
                m.steps = 4;
              }).run();
  expectClean(o);
  const Counters &c = o.result.counters;
  EXPECT_EQ(c.mmaFlops, 4u * 2 * 64 * 176 * 16);
  EXPECT_EQ(c.wgmmaBytes, 4u * (64 + 176) * 32);
  EXPECT_EQ(c.instructionsByClass.at("wgmma"), 16u);
  o = with([](Multiply &m) { m.registerA = true; }).run();
  EXPECT_EQ(o.result.counters.wgmmaBytes, 64u * 32);
}

static std::string refusal(const std::string &instruction,
                           const std::string &target = "sm_90a") {
  Diagnostic error;
  auto module = parseModule(
      kernel(".reg .b32 %acc<128>; .reg .b32 %a<8>;\n" + instruction, target),
      error);
  return module ? "" : error.message;
}

TEST(Wgmma, Refusals) {
  std::string mma = "wgmma.mma_async.sync.aligned.";
  std::string d4 = "{" + list("%acc", 4) + "}";
  std::string good =
      mma + "m64n8k16.f32.bf16.bf16 " + d4 + ", %d5, %d6, %p1, 1, 1, 0, 0;";
  EXPECT_EQ(refusal(good), "");
  EXPECT_NE(refusal(good, "sm_90"), "");
  EXPECT_NE(refusal("wgmma.fence.sync.aligned;", "sm_80"), "");
  struct Row {
    std::string text, message;
  } rows[] = {
      {"m64n12k16.f32.bf16.bf16 " + d4 + ", %d5, %d6, 1, 1, 1, 0, 0;",
       "N must"},
      {"m64n8k8.f32.bf16.bf16 " + d4 + ", %d5, %d6, 1, 1, 1, 0, 0;", "K does"},
      {"m64n8k16.f16.f16.f16 {%acc0, %acc1}, %d5, %d6, 1, 1, 1, 0, 0;",
       "accumulators of f32"},
      {"m64n8k16.f32.f16.bf16 " + d4 + ", %d5, %d6, 1, 1, 1, 0, 0;",
       "combination of types"},
      {"m64n8k8.f32.tf32.tf32 " + d4 + ", %d5, %d6, 1, 1, 1;", "type of A"},
      {"m64n16k16.f32.f16.f16 " + d4 + ", %d5, %d6, 1, 1, 1, 0, 0;",
       "8 accumulators"},
      {"m64n8k16.f32.f16.f16 {%acc0, %acc1, %acc2, %acc2}, %d5, %d6, 1, 1, 1, "
       "0, 0;",
       "twice"},
      {"m64n8k16.f32.f16.f16 " + d4 + ", %d5, %d6, 1, 2, 1, 0, 0;", "scale-a"},
      {"m64n8k16.f32.f16.f16 " + d4 + ", %d5, %d6, 1, 1, 1, 0, 2;", "trans-b"},
      {"m64n8k32.f32.e4m3.e4m3 " + d4 + ", %d5, %d6, 1, 1, 1, 0, 0;",
       "operands"},
      {"m64n8k16.f32.f16.f16 " + d4 +
           ", {%a0, %a1, %a2, %a3}, %d6, 1, 1, 1, 0, 0;",
       "operands"},
      {"m64n8k16.f32.f16.f16 " + d4 + ", {%a0, %a1}, %d6, 1, 1, 1, 0;",
       "4 registers of A"},
  };
  for (const Row &row : rows)
    EXPECT_NE(refusal(mma + row.text).find(row.message), std::string::npos)
        << row.text << ": " << refusal(mma + row.text);
}
