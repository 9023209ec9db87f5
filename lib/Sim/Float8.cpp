//===- Float8.cpp - e4m3 and e5m2 -----------------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Float8.h"

#include "LaneTypes.h"

#include <cmath>

using namespace attn::sim;

namespace {
template <unsigned mantissaBits> std::array<float, 256> makeValues() {
  std::array<float, 256> table;
  constexpr int bias = mantissaBits == 3 ? 7 : 15;
  for (unsigned code = 0; code < 128; ++code) {
    unsigned exponent = code >> mantissaBits;
    unsigned mantissa = code & ((1u << mantissaBits) - 1);
    int shift = int(exponent ? exponent : 1) - bias - int(mantissaBits);
    float value = float(mantissa | (exponent ? 1u << mantissaBits : 0)) *
                  bitCast<float>(uint32_t(shift + 127) << 23);
    if (mantissaBits == 3 ? code == 0x7f : code > 0x7c)
      value = bitCast<float>(0x7fffffffu);
    else if (mantissaBits == 2 && code == 0x7c)
      value = bitCast<float>(0x7f800000u);
    table[code] = value;
    table[code + 128] = -value;
  }
  return table;
}

template <unsigned mantissaBits> uint8_t encode(float value) {
  constexpr int bias = mantissaBits == 3 ? 7 : 15;
  constexpr unsigned mostFinite = mantissaBits == 3 ? 0x7e : 0x7b;
  if (value != value)
    return 0x7f;
  unsigned sign = std::signbit(value) ? 0x80 : 0;
  float magnitude = std::fabs(value);
  if (std::isinf(magnitude))
    return uint8_t(sign | mostFinite);
  // The unit in the last place; subnormals have that of the least normal.
  int exponent = magnitude == 0 ? 1 - bias : std::ilogb(magnitude);
  if (exponent < 1 - bias)
    exponent = 1 - bias;
  unsigned units =
      unsigned(std::nearbyint(std::ldexp(double(magnitude), //
                                         int(mantissaBits) - exponent)));
  // A mantissa that rounds up to the next power of two carries over into the
  // exponent field, and a subnormal has no leading bit to add.
  unsigned code = unsigned(exponent + bias - 1) * (1u << mantissaBits) + units;
  return uint8_t(sign | (code > mostFinite ? mostFinite : code));
}
} // namespace

const std::array<float, 256> &attn::sim::float8Values(Float8 format) {
  static const std::array<float, 256> e4m3 = makeValues<3>();
  static const std::array<float, 256> e5m2 = makeValues<2>();
  return format == Float8::E4M3 ? e4m3 : e5m2;
}

uint8_t attn::sim::toFloat8(float value, Float8 format) {
  return format == Float8::E4M3 ? encode<3>(value) : encode<2>(value);
}

bool attn::sim::saturates(float value, Float8 format) {
  // Half a unit above the largest number: a tie goes to the even mantissa,
  // which is that of the largest in e4m3 and that of what is beyond in e5m2.
  const float magnitude = std::fabs(value);
  return format == Float8::E4M3 ? magnitude > 464.0f : magnitude >= 61440.0f;
}
