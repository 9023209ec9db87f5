//===- HalfFloat.h - f16 and bf16 on the host ------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversions by bits, because neither the standard library nor every compiler
// has the types. Rounding is to nearest, ties to even, in one step from double.

#ifndef ATTN_RUNTIME_HALFFLOAT_H
#define ATTN_RUNTIME_HALFFLOAT_H

#include <cstdint>

namespace attn::runtime {

/// IEEE binary16. Overflow gives infinity, NaN stays NaN.
uint16_t roundToHalf(double value);
/// The upper half of a binary32.
uint16_t roundToBFloat(double value);

/// Exact.
float halfToFloat(uint16_t bits);
float bfloatToFloat(uint16_t bits);

} // namespace attn::runtime

#endif
