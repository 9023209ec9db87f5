//===- ScalarType.h - PTX fundamental types ---------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_SCALARTYPE_H
#define ATTN_LIB_SIM_SCALARTYPE_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace attn::sim {

enum class ScalarType : uint8_t {
  Pred,
  B8,
  B16,
  B32,
  B64,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  BF16,
  F32,
  F64,
  F16x2,
  BF16x2,
  TF32,
  E4M3x2,
  E5M2x2,
};

/// The type of a modifier such as `f32` (no dot), or nothing.
std::optional<ScalarType> parseScalarType(std::string_view modifier);

/// Width in bits; 1 for a predicate.
unsigned bitWidth(ScalarType type);
inline unsigned byteWidth(ScalarType type) { return (bitWidth(type) + 7) / 8; }

bool isSigned(ScalarType type);
/// b8..b64, u8..u64, s8..s64.
bool isIntegerLike(ScalarType type);
bool isUntyped(ScalarType type);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_SCALARTYPE_H
