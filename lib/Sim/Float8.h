//===- Float8.h - e4m3 and e5m2 ---------------------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sign, then exponent and mantissa, subnormals as usual. e4m3 has no infinity,
// and a NaN only where all bits but the sign are set; e5m2 is like f16.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_FLOAT8_H
#define ATTN_LIB_SIM_FLOAT8_H

#include <array>
#include <cstdint>

namespace attn::sim {

enum class Float8 : uint8_t { E4M3, E5M2 };

/// The values of the 256 codes.
const std::array<float, 256> &float8Values(Float8 format);

/// To nearest, ties to even; what is beyond the largest finite value becomes
/// that, infinities included. NaN loses its sign.
uint8_t toFloat8(float value, Float8 format);

/// Whether the nearest number of the format would be beyond the largest one.
bool saturates(float value, Float8 format);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_FLOAT8_H
