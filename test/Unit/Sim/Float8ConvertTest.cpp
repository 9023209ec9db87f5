//===- Float8ConvertTest.cpp - cvt from and to 8-bit floats ---------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is expected comes from a search among the values of all codes, which are
// made from the definition of the formats: nothing is shared with the
// simulator's own conversion.
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

#include <cmath>
#include <limits>
#include <random>

using namespace attn::sim;
using namespace attn::sim::test;

namespace {
struct Format {
  std::string name;
  int mantissaBits, bias;
  unsigned mostFinite; ///< code
};
const Format formats[] = {{"e4m3x2", 3, 7, 0x7e}, {"e5m2x2", 2, 15, 0x7b}};

/// Of a code without sign up to mostFinite.
double valueOf(const Format &format, unsigned code) {
  unsigned field = code >> format.mantissaBits;
  double fraction = double(code % (1u << format.mantissaBits)) /
                    double(1u << format.mantissaBits);
  return field == 0 ? std::pow(2.0, 1 - format.bias) * fraction
                    : std::pow(2.0, int(field) - format.bias) * (1 + fraction);
}

/// The nearest code, of two as near the even one.
unsigned nearest(const Format &format, float value) {
  if (std::isnan(value))
    return 0x7f;
  unsigned best = 0;
  double least = std::numeric_limits<double>::infinity();
  double magnitude = std::fmin(std::fabs(double(value)), 1e6); // all beyond
  for (unsigned code = 0; code <= format.mostFinite; ++code) {
    double distance = std::fabs(valueOf(format, code) - magnitude);
    if (distance < least || (distance == least && code % 2 == 0)) {
      least = distance;
      best = code;
    }
  }
  return best | (std::signbit(value) ? 0x80 : 0);
}

/// All values, what lies half way between neighbours and next to that, numbers
/// of all sizes, and what is no finite number.
std::vector<float> interestingFloats(const Format &format) {
  std::vector<float> positive;
  for (unsigned code = 0; code <= format.mostFinite; ++code) {
    float value = float(valueOf(format, code));
    float next =
        code < format.mostFinite ? float(valueOf(format, code + 1)) : 2 * value;
    float middle = (value + next) / 2;
    for (float v : {value, middle})
      for (float w : {v, std::nextafter(v, 0.0f), std::nextafter(v, 1e30f)})
        positive.push_back(w);
  }
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    uint32_t word = uint32_t(random());
    positive.push_back(real(word & 0x7fffffff));
    int exponent = int(word % 40) - 20;
    positive.push_back(std::ldexp(1 + float(random() % 4096) / 4096, exponent));
  }
  for (float v : {448.0f, 464.0f, 480.0f, 57344.0f, 61440.0f, 65504.0f, 1e38f,
                  std::numeric_limits<float>::infinity(),
                  std::numeric_limits<float>::quiet_NaN(),
                  std::numeric_limits<float>::denorm_min()})
    positive.push_back(v);
  std::vector<float> all = positive;
  for (float v : positive)
    all.push_back(-v);
  return all;
}

/// Applies `instruction` to each word of `in`: from %r1 to %r10.
std::vector<uint32_t> convertWords(const std::string &instruction,
                                   std::vector<uint32_t> in) {
  LaunchOptions options;
  size_t count = in.size(), blocks = (count + 255) / 256;
  in.resize(blocks * 256);
  options.block.x = 256;
  options.grid.x = uint32_t(blocks);
  Outcome o = runText(kernel("mov.u32 %r20, %ctaid.x;\n"
                             "mul.wide.u32 %d5, %r20, 1024;\n"
                             "add.s64 %d0, %d0, %d5;\n"
                             "add.s64 %d1, %d1, %d5;\n"
                             "ld.global.u32 %r1, [%d1];\n" +
                                 instruction + "\nst.global.u32 [%d0], %r10;",
                             "sm_90"),
                      options, in, in.size());
  expectClean(o);
  o.out.resize(count);
  return o.out;
}

std::vector<uint32_t> bitsOf(const std::vector<float> &values) {
  std::vector<uint32_t> words;
  for (float v : values)
    words.push_back(bits(v));
  return words;
}

/// From f16, without the simulator.
float halfToFloat(uint32_t h) {
  int field = h >> 10 & 31;
  double fraction = double(h & 0x3ff) / 1024;
  double value = field == 0    ? std::ldexp(fraction, -14)
                 : field == 31 ? (h & 0x3ff ? NAN : INFINITY)
                               : std::ldexp(1 + fraction, field - 15);
  return float(h & 0x8000 ? -value : value);
}
} // namespace

TEST(Float8Convert, FloatsRoundToTheNearest) {
  for (const Format &format : formats)
    for (bool relu : {false, true}) {
      std::vector<float> in = interestingFloats(format);
      std::string modifiers = relu ? "rn.satfinite.relu." : "rn.satfinite.";
      // The number in the low byte, 1 in the high one.
      auto out = convertWords("cvt." + modifiers + format.name +
                                  ".f32 %h10, 0f3F800000, %r1;"
                                  "cvt.u32.u16 %r10, %h10;",
                              bitsOf(in));
      unsigned one = nearest(format, 1);
      for (size_t i = 0; i < in.size(); ++i) {
        float v = relu && !(in[i] > 0) && !std::isnan(in[i]) ? 0.0f : in[i];
        ASSERT_EQ(out[i], one << 8 | nearest(format, v))
            << format.name << " of " << in[i] << (relu ? " relu" : "");
      }
    }
}

TEST(Float8Convert, FirstSourceIsTheHighByte) {
  auto out = convertWords("cvt.rn.satfinite.e4m3x2.f32 %h10, %r1, 0fC0000000;"
                          "cvt.u32.u16 %r10, %h10;",
                          bitsOf({1}));
  EXPECT_EQ(out[0], 0x38c0u);
}

/// How many values a conversion of both operands saturates, in the first eight
/// lanes; others have larger ones and do not take part.
uint64_t countSaturated(const std::string &instruction) {
  std::vector<float> in(32, 1e9f);
  const float infinity = std::numeric_limits<float>::infinity();
  const float first[] = {
      464,       std::nextafter(464.0f, infinity),       -480,
      448,       std::nextafter(61440.0f, 0.0f),         61440,
      -infinity, std::numeric_limits<float>::quiet_NaN()};
  std::copy(std::begin(first), std::end(first), in.begin());
  LaunchOptions options;
  options.block.x = 32;
  Outcome o = runText(kernel("ld.global.u32 %r1, [%d1];\n"
                             "setp.lt.u32 %p1, %r0, 8;\n"
                             "@%p1 " +
                                 instruction,
                             "sm_90"),
                      options, bitsOf(in), 32);
  expectClean(o);
  return o.result.counters.saturatedConversions;
}

TEST(Float8Convert, SaturatedValuesAreCounted) {
  EXPECT_EQ(countSaturated("cvt.rn.satfinite.e4m3x2.f32 %h1, %r1, %r1;"), 10u);
  EXPECT_EQ(countSaturated("cvt.rn.satfinite.e5m2x2.f32 %h1, %r1, %r1;"), 4u);
  EXPECT_EQ(countSaturated("cvt.rn.satfinite.e4m3x2.f32 %h1, %r1, 0f00000000;"),
            5u);
  // What is below zero is zero first.
  EXPECT_EQ(countSaturated("cvt.rn.satfinite.relu.e4m3x2.f32 %h1, %r1, %r1;"),
            6u);
}

TEST(Float8Convert, EveryHalfRoundsToTheNearest) {
  std::vector<uint32_t> in;
  for (uint32_t h = 0; h < 0x10000; h += 2)
    in.push_back(h << 16 | (h + 1));
  for (const Format &format : formats) {
    auto out = convertWords("cvt.rn.satfinite." + format.name +
                                ".f16x2 %h10, %r1; cvt.u32.u16 %r10, %h10;",
                            in);
    for (size_t i = 0; i < in.size(); ++i)
      ASSERT_EQ(out[i], nearest(format, halfToFloat(in[i] >> 16)) << 8 |
                            nearest(format, halfToFloat(in[i] & 0xffff)))
          << format.name << " of " << std::hex << in[i];
  }
}

TEST(Float8Convert, AllCodesBecomeHalves) {
  std::vector<uint32_t> in;
  for (uint32_t code = 0; code < 256; ++code)
    in.push_back(code << 8 | (255 - code));
  for (const Format &format : formats)
    for (bool relu : {false, true}) {
      auto out = convertWords("cvt.u16.u32 %h1, %r1; cvt.rn." +
                                  std::string(relu ? "relu." : "") + "f16x2." +
                                  format.name + " %r10, %h1;",
                              in);
      for (size_t i = 0; i < 2 * in.size(); ++i) {
        unsigned shift = i % 2 ? 8 : 0, code = in[i / 2] >> shift & 0xff;
        unsigned half = out[i / 2] >> (2 * shift) & 0xffff;
        float got = halfToFloat(half);
        SCOPED_TRACE(format.name + " code " + std::to_string(code));
        if ((code & 0x7f) > format.mostFinite) {
          bool isInfinite = format.bias == 15 && (code & 0x7f) == 0x7c;
          if (!isInfinite)
            EXPECT_EQ(half, 0x7fffu);
          else
            EXPECT_EQ(half, code == 0x7c ? 0x7c00u : relu ? 0u : 0xfc00u);
          continue;
        }
        double value = valueOf(format, code & 0x7f);
        if (code & 0x80)
          value = relu ? 0.0 : -value;
        EXPECT_EQ(double(got), value);
        EXPECT_EQ(std::signbit(got), std::signbit(value));
      }
    }
}

TEST(Float8Convert, Refusals) {
  auto refusal = [](const std::string &instruction, const char *target) {
    Diagnostic error;
    auto module = parseModule(kernel(instruction, target), error);
    return module ? "" : error.message;
  };
  std::string good = "cvt.rn.satfinite.e4m3x2.f32 %h10, %r1, %r2;";
  EXPECT_EQ(refusal(good, "sm_90a"), "");
  EXPECT_EQ(refusal(good, "sm_89"), "");
  EXPECT_NE(refusal(good, "sm_80").find("sm_89"), std::string::npos);
  for (const char *bad :
       {"cvt.rn.e4m3x2.f32 %h10, %r1, %r2;",
        "cvt.rz.satfinite.e4m3x2.f32 %h10, %r1, %r2;",
        "cvt.rn.satfinite.e4m3x2.f32 %h10, %r1;",
        "cvt.rn.satfinite.e4m3x2.bf16x2 %h10, %r1;",
        "cvt.rn.satfinite.e4m3x2.f16x2 %h10, %r1, %r2;",
        "cvt.rn.satfinite.f16x2.e4m3x2 %r10, %h1;",
        "cvt.f16x2.e4m3x2 %r10, %h1;", "cvt.rn.satfinite.f16.f32 %h10, %r1;",
        "cvt.rn.satfinite.e4m3x2.f32 %r10, %r1, %r2;"})
    EXPECT_NE(refusal(bad, "sm_90a"), "") << bad;
}
