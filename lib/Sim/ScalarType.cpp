//===- ScalarType.cpp - PTX fundamental types -----------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarType.h"

using namespace attn::sim;

namespace {
struct Row {
  std::string_view name;
  ScalarType type;
  uint8_t bits;
};
} // namespace

using T = ScalarType;
static constexpr Row rows[] = {
    {"pred", T::Pred, 1},      {"b8", T::B8, 8},      {"b16", T::B16, 16},
    {"b32", T::B32, 32},       {"b64", T::B64, 64},   {"u8", T::U8, 8},
    {"u16", T::U16, 16},       {"u32", T::U32, 32},   {"u64", T::U64, 64},
    {"s8", T::S8, 8},          {"s16", T::S16, 16},   {"s32", T::S32, 32},
    {"s64", T::S64, 64},       {"f16", T::F16, 16},   {"bf16", T::BF16, 16},
    {"f32", T::F32, 32},       {"f64", T::F64, 64},   {"f16x2", T::F16x2, 32},
    {"bf16x2", T::BF16x2, 32}, {"tf32", T::TF32, 32}, {"e4m3x2", T::E4M3x2, 16},
    {"e5m2x2", T::E5M2x2, 16},
};

std::optional<ScalarType>
attn::sim::parseScalarType(std::string_view modifier) {
  for (const Row &row : rows)
    if (row.name == modifier)
      return row.type;
  return std::nullopt;
}

unsigned attn::sim::bitWidth(ScalarType type) {
  return rows[static_cast<unsigned>(type)].bits;
}

bool attn::sim::isSigned(ScalarType type) {
  return type >= T::S8 && type <= T::S64;
}

bool attn::sim::isIntegerLike(ScalarType type) {
  return type >= T::B8 && type <= T::S64;
}

bool attn::sim::isUntyped(ScalarType type) {
  return type >= T::B8 && type <= T::B64;
}
