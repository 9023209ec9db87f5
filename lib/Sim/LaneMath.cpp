//===- LaneMath.cpp - hot loops compiled for the machine at hand ----------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LaneMath.h"

#include "LaneTypes.h"

#include <cmath>

using namespace attn::sim;

#if !defined(ATTN_SIM_CLONES) && defined(__x86_64__) && defined(__has_attribute)
#if __has_attribute(target_clones)
#define ATTN_SIM_CLONES                                                        \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#endif
#ifndef ATTN_SIM_CLONES
#define ATTN_SIM_CLONES
#endif

ATTN_SIM_CLONES
void attn::sim::fmaLanes(const float *a, const float *b, const float *c,
                         float *d) {
  float out[32];
  for (int i = 0; i < 32; ++i)
    out[i] = __builtin_fmaf(a[i], b[i], c[i]);
  for (int i = 0; i < 32; ++i)
    d[i] = out[i];
}

/// 2^x = 2^n * 2^f with |f| <= 1/2; Taylor in double, so that the one rounding
/// that matters is the last, to float. The scale 2^n is a double's exponent.
ATTN_SIM_CLONES
void attn::sim::exp2Lanes(const float *a, float *d) {
  constexpr double ln2 = 0.693147180559945309417;
  float out[32];
  for (int i = 0; i < 32; ++i) {
    float x = a[i];
    float clamped = x > 200.0f ? 200.0f : x;
    clamped = clamped < -200.0f ? -200.0f : clamped;
    clamped = x != x ? 0.0f : clamped;
    int n = int(clamped + (clamped < 0 ? -0.5f : 0.5f));
    double y = (double(clamped) - double(n)) * ln2;
    double p = 1.0 / 3628800;
    p = p * y + 1.0 / 362880;
    p = p * y + 1.0 / 40320;
    p = p * y + 1.0 / 5040;
    p = p * y + 1.0 / 720;
    p = p * y + 1.0 / 120;
    p = p * y + 1.0 / 24;
    p = p * y + 1.0 / 6;
    p = p * y + 0.5;
    p = p * y + 1.0;
    p = p * y + 1.0;
    double scale = bitCast<double>(uint64_t(int64_t(n) + 1023) << 52);
    float r = float(p * scale);
    out[i] = x != x ? x : r;
  }
  for (int i = 0; i < 32; ++i)
    d[i] = out[i];
}

ATTN_SIM_CLONES
void attn::sim::multiplyTile16x8(const float *a, const float *b, float *d,
                                 int k) {
  for (int row = 0; row < 16; ++row) {
    float sum[8];
    for (int col = 0; col < 8; ++col)
      sum[col] = d[row * 8 + col];
    for (int i = 0; i < k; ++i)
      for (int col = 0; col < 8; ++col)
        sum[col] += a[row * k + i] * b[i * 8 + col];
    for (int col = 0; col < 8; ++col)
      d[row * 8 + col] = sum[col];
  }
}

// Sixteen lanes, and what four of them (q = 0 to 3) have in common with the
// others.
using Lanes16 = float __attribute__((vector_size(64)));
using Lanes4 = float __attribute__((vector_size(16)));

/// `tiles` times 8 columns, for half of the lanes at a time: the sums of two
/// tiles fit into the vector registers.
template <int tiles>
[[gnu::always_inline]] static inline void
multiplyColumns(const float *a, const float *b, uint32_t *const *d, int k,
                bool accumulate) {
  for (int first = 0; first < 32; first += 16) {
    Lanes16 sum[4 * tiles] = {};
    if (accumulate)
      for (int i = 0; i < 4 * tiles; ++i)
        std::memcpy(&sum[i], d[i] + first, sizeof sum[i]);
    for (int i = 0; i < k; ++i) {
      Lanes16 rows[2];
      std::memcpy(&rows[0], a + i * 64 + first, sizeof rows[0]);
      std::memcpy(&rows[1], a + i * 64 + 32 + first, sizeof rows[1]);
      for (int t = 0; t < tiles; ++t)
        for (int c = 0; c < 2; ++c) {
          Lanes4 columns;
          std::memcpy(&columns, b + (t * k + i) * 8 + c * 4, sizeof columns);
          Lanes16 all = __builtin_shufflevector(
              columns, columns, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
          sum[4 * t + c] += rows[0] * all;
          sum[4 * t + 2 + c] += rows[1] * all;
        }
    }
    for (int i = 0; i < 4 * tiles; ++i)
      std::memcpy(d[i] + first, &sum[i], sizeof sum[i]);
  }
}

ATTN_SIM_CLONES
void attn::sim::multiplyFragments(const float *a, const float *b,
                                  uint32_t *const *d, int k, int tiles,
                                  bool accumulate) {
  int tile = 0;
  for (; tile + 2 <= tiles; tile += 2)
    multiplyColumns<2>(a, b + tile * k * 8, d + 4 * tile, k, accumulate);
  if (tile < tiles)
    multiplyColumns<1>(a, b + tile * k * 8, d + 4 * tile, k, accumulate);
}

/// Exponent of a finite number, far below all others for 0.
static inline int exponentOf(float value) {
  uint32_t bits = bitCast<uint32_t>(value) & 0x7fffffff;
  return bits ? int(bits >> 23) - 127 : -200;
}

static inline float powerOfTwo(int exponent) {
  return bitCast<float>(uint32_t(exponent + 127) << 23);
}

/// One register of the accumulators: 32 lanes, whose column of B four of them
/// have in common with the others.
[[gnu::always_inline]] static inline void
addTruncated(const float *a, const int *aExponent, const float *b,
             const int *bExponent, float *d, int k, bool accumulate) {
  constexpr int keptBits = 13;
  // No value of f32 overflows or underflows on its way to fixed point.
  constexpr int leastExponent = -110;
  int top[32], sum[32];
  float plain[32], old[32];
  for (int lane = 0; lane < 32; ++lane) {
    old[lane] = accumulate ? d[lane] : 0.0f;
    plain[lane] = old[lane];
    int exponent = exponentOf(old[lane]);
    top[lane] = exponent < leastExponent ? leastExponent : exponent;
  }
  for (int i = 0; i < k; ++i)
    for (int lane = 0; lane < 32; ++lane) {
      int exponent = aExponent[i * 64 + lane] + bExponent[i * 8 + lane % 4];
      top[lane] = exponent > top[lane] ? exponent : top[lane];
      plain[lane] += a[i * 64 + lane] * b[i * 8 + lane % 4];
    }
  // Terms have less than 2 bits before the point, so 33 of them fit; those of
  // lanes that end as an infinity or NaN are not looked at.
  float unit[32], scale[32];
  for (int lane = 0; lane < 32; ++lane) {
    bool finite = plain[lane] - plain[lane] == 0;
    top[lane] = finite ? top[lane] : 0;
    scale[lane] = finite ? powerOfTwo(keptBits - top[lane]) : 0.0f;
    unit[lane] = powerOfTwo(top[lane] - keptBits);
    sum[lane] = finite ? int(old[lane] * scale[lane]) : 0;
  }
  for (int i = 0; i < k; ++i)
    for (int lane = 0; lane < 32; ++lane) {
      float term = a[i * 64 + lane] * b[i * 8 + lane % 4] * scale[lane];
      sum[lane] += term == term ? int(term) : 0;
    }
  for (int lane = 0; lane < 32; ++lane) {
    uint32_t kept =
        bitCast<uint32_t>(float(sum[lane]) * unit[lane]) & 0xfffffc00u;
    bool finite = plain[lane] - plain[lane] == 0;
    d[lane] = finite ? bitCast<float>(kept) : plain[lane];
  }
}

ATTN_SIM_CLONES
void attn::sim::multiplyFragmentsTruncated(const float *a, const float *b,
                                           uint32_t *const *d, int k, int tiles,
                                           bool accumulate) {
  constexpr int maxK = 32;
  int aExponent[maxK * 64], bExponent[maxK * 8];
  for (int i = 0; i < k * 64; ++i)
    aExponent[i] = exponentOf(a[i]);
  for (int t = 0; t < tiles; ++t) {
    const float *columns = b + t * k * 8;
    for (int i = 0; i < k * 8; ++i)
      bExponent[i] = exponentOf(columns[i]);
    for (int h = 0; h < 2; ++h)
      for (int c = 0; c < 2; ++c) {
        float lanes[32];
        std::memcpy(lanes, d[4 * t + 2 * h + c], sizeof lanes);
        addTruncated(a + 32 * h, aExponent + 32 * h, columns + 4 * c,
                     bExponent + 4 * c, lanes, k, accumulate);
        std::memcpy(d[4 * t + 2 * h + c], lanes, sizeof lanes);
      }
  }
}
