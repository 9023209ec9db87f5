//===- LaneMath.h - hot loops compiled for the machine at hand --*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// These are compiled for several instruction sets and picked at load time, so
// that one binary is fast on a new machine and correct on any x86-64.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_LANEMATH_H
#define ATTN_LIB_SIM_LANEMATH_H

#include <cstdint>

namespace attn::sim {

/// d[i] = a[i] * b[i] + c[i], rounded once, for 32 lanes.
void fmaLanes(const float *a, const float *b, const float *c, float *d);

/// d[i] = 2^a[i], within 1 ulp including subnormal results.
void exp2Lanes(const float *a, float *d);

/// d += a * b for M x K by K x N, all row-major; products and sums in f32.
/// `b` has its rows along k.
void multiplyTile16x8(const float *a, const float *b, float *d, int k);

/// d = a * b, or d += a * b, for a warp's 16 rows of a wgmma; products and sums
/// in f32, k ascending. `a` and `b` are as in Exec/WgmmaTiles.h, d[i] is the
/// register i of an accumulator of 4 * tiles registers.
void multiplyFragments(const float *a, const float *b, uint32_t *const *d,
                       int k, int tiles, bool accumulate);

/// The same with fewer bits, for products of 8-bit floats. The products and the
/// old value are aligned to the largest of their exponents, keep 13 bits behind
/// its binary point and are added without another rounding; the result keeps
/// 13 bits of mantissa. What is dropped is cut off, towards zero. The exponent
/// of a product is the sum of those of its factors.
void multiplyFragmentsTruncated(const float *a, const float *b,
                                uint32_t *const *d, int k, int tiles,
                                bool accumulate);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_LANEMATH_H
