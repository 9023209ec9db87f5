//===- LaneTypes.h - bits of a register as C++ values -----------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_LANETYPES_H
#define ATTN_LIB_SIM_LANETYPES_H

#include <cstdint>
#include <cstring>

namespace attn::sim {

template <class To, class From> inline To bitCast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

/// 16-bit floats; arithmetic goes through float.
struct Half {
  uint16_t bits;
};
struct BFloat {
  uint16_t bits;
};

inline float toFloat(float v) { return v; }
inline float toFloat(BFloat v) {
  return bitCast<float>(uint32_t(v.bits) << 16);
}

/// Branch-free so that loops over lanes vectorise. The multiplication by 2^112
/// rebiases the exponent and normalises subnormals exactly.
inline float toFloat(Half v) {
  uint32_t magnitude = uint32_t(v.bits & 0x7fff) << 13;
  float scaled = bitCast<float>(magnitude) * bitCast<float>(0x77800000u);
  uint32_t bits = bitCast<uint32_t>(scaled);
  bits |= magnitude >= 0x0f800000u ? 0x7f800000u : 0; // infinity and NaN
  return bitCast<float>(bits | uint32_t(v.bits & 0x8000) << 16);
}

/// Round to nearest even; NaN becomes the canonical one.
inline BFloat toBFloat(float v) {
  uint32_t bits = bitCast<uint32_t>(v);
  uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return {uint16_t((bits & 0x7fffffff) > 0x7f800000 ? 0x7fff : rounded)};
}

inline Half toHalf(float v) {
  uint32_t bits = bitCast<uint32_t>(v), sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  // Subnormal results: adding 0.5 makes the hardware round at 2^-24.
  float half = bitCast<float>(magnitude) + 0.5f;
  uint32_t small = bitCast<uint32_t>(half) - 0x3f000000u;
  uint32_t normal =
      (magnitude - 0x38000000u + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  uint32_t result = magnitude < 0x38800000u ? small : normal;
  result = magnitude >= 0x47800000u || result > 0x7c00 ? 0x7c00 : result;
  result = magnitude > 0x7f800000u ? 0x7fff : result;
  return {uint16_t(magnitude > 0x7f800000u ? 0x7fff : result | sign)};
}

/// Double to float with the lost bits kept in the last one, so that a second
/// rounding to fewer bits is right.
inline float roundToOdd(double v) {
  float f = float(v);
  if (double(f) == v || f != f)
    return f;
  uint32_t bits = bitCast<uint32_t>(f);
  double magnitude = v < 0 ? -v : v, got = f < 0 ? -double(f) : double(f);
  if (got > magnitude)
    --bits; // towards zero
  return bitCast<float>(bits | 1);
}

template <class T> inline T fromFloat(float v);
template <> inline float fromFloat<float>(float v) { return v; }
template <> inline Half fromFloat<Half>(float v) { return toHalf(v); }
template <> inline BFloat fromFloat<BFloat>(float v) { return toBFloat(v); }

/// Subnormals to signed zero, as `.ftz` does to inputs and results.
inline float flushSubnormal(float v) {
  uint32_t bits = bitCast<uint32_t>(v);
  return (bits & 0x7f800000) == 0 ? bitCast<float>(bits & 0x80000000) : v;
}

/// Reads lane `lane` of a slot as T. 8- and 16-bit values sit in the low part.
template <class T> inline T getLane(const uint32_t *slot, int lane) {
  if constexpr (sizeof(T) == 8) {
    T value;
    std::memcpy(&value, slot + 2 * lane, 8);
    return value;
  } else if constexpr (sizeof(T) == 4) {
    return bitCast<T>(slot[lane]);
  } else if constexpr (sizeof(T) == 2) {
    return bitCast<T>(uint16_t(slot[lane]));
  } else {
    return bitCast<T>(uint8_t(slot[lane]));
  }
}

template <class T> inline void setLane(uint32_t *slot, int lane, T value) {
  if constexpr (sizeof(T) == 8)
    std::memcpy(slot + 2 * lane, &value, 8);
  else if constexpr (sizeof(T) == 4)
    slot[lane] = bitCast<uint32_t>(value);
  else if constexpr (sizeof(T) == 2)
    slot[lane] = bitCast<uint16_t>(value);
  else
    slot[lane] = bitCast<uint8_t>(value);
}

} // namespace attn::sim

#endif // ATTN_LIB_SIM_LANETYPES_H
