//===- HalfFloat.cpp - f16 and bf16 on the host ---------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Runtime/HalfFloat.h"
#include <cstring>

/// Rounds to a 16-bit format with one sign bit, `exponentBits` and the rest
/// mantissa. Going through float first would round twice.
static uint16_t roundTo16(double value, int exponentBits) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const int mantissaBits = 15 - exponentBits;
  const uint16_t sign = static_cast<uint16_t>(bits >> 63 << 15);
  const uint16_t infinity =
      static_cast<uint16_t>(((1 << exponentBits) - 1) << mantissaBits);
  const int biased = static_cast<int>(bits >> 52 & 0x7ff);
  uint64_t mantissa = bits & ((uint64_t(1) << 52) - 1);
  if (biased == 0x7ff)
    return sign | infinity |
           (mantissa ? static_cast<uint16_t>(1 << (mantissaBits - 1)) : 0);
  if (biased == 0) // zero, or a subnormal double: below half of any result
    return sign;
  mantissa |= uint64_t(1) << 52;

  // The value is mantissa * 2^(biased - 1075). In the result's encoding the
  // exponent field counts from 1 for normal numbers, so that the mantissa's
  // carry moves on to the next exponent by itself.
  int exponent = biased - 1023 + ((1 << (exponentBits - 1)) - 1);
  int drop = 52 - mantissaBits;
  if (exponent < 1) { // subnormal result
    drop += 1 - exponent;
    exponent = 1;
  }
  if (exponent >= (1 << exponentBits) - 1)
    return sign | infinity;
  if (drop > 54)
    return sign;
  uint64_t kept = mantissa >> drop;
  const uint64_t rest = mantissa & ((uint64_t(1) << drop) - 1);
  const uint64_t half = uint64_t(1) << (drop - 1);
  if (rest > half || (rest == half && (kept & 1)))
    ++kept;
  return sign |
         static_cast<uint16_t>((uint64_t(exponent - 1) << mantissaBits) + kept);
}

uint16_t attn::runtime::roundToHalf(double value) {
  return roundTo16(value, 5);
}

uint16_t attn::runtime::roundToBFloat(double value) {
  return roundTo16(value, 8);
}

float attn::runtime::bfloatToFloat(uint16_t bits) {
  const uint32_t wide = uint32_t(bits) << 16;
  float result;
  std::memcpy(&result, &wide, sizeof(result));
  return result;
}

float attn::runtime::halfToFloat(uint16_t bits) {
  const uint32_t exponent = bits >> 10 & 0x1f, mantissa = bits & 0x3ff;
  float magnitude;
  if (exponent == 0) {
    magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  } else {
    const uint32_t wideExponent = exponent == 0x1f ? 0xff : exponent + 127 - 15;
    const uint32_t wide = wideExponent << 23 | mantissa << 13;
    std::memcpy(&magnitude, &wide, sizeof(magnitude));
  }
  return bits & 0x8000 ? -magnitude : magnitude;
}
