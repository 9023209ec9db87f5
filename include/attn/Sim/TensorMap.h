//===- TensorMap.h - description of a tensor for bulk copies ----*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Stands for the CUtensorMap of the CUDA driver, whose 128 bytes are opaque: a
// kernel takes it by value (`.param .align 64 .b8 x[128]`) and names it in
// cp.async.bulk.tensor. The enumerators have the values of the driver's.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_SIM_TENSORMAP_H
#define ATTN_SIM_TENSORMAP_H

#include <cstdint>
#include <string>

namespace attn::sim {

enum class TensorType : uint8_t {
  U8,
  U16,
  U32,
  S32,
  U64,
  S64,
  F16,
  F32,
  F64,
  BF16,
  F32Ftz,
  TF32,
  TF32Ftz,
};
unsigned byteWidth(TensorType type);

enum class TensorSwizzle : uint8_t { None, B32, B64, B128 };
enum class TensorInterleave : uint8_t { None, B16, B32 };
enum class TensorFill : uint8_t { Zeros, NaN };
enum class TensorPromotion : uint8_t { None, L2B64, L2B128, L2B256 };

constexpr unsigned maxTensorRank = 5;

/// What cuTensorMapEncodeTiled takes; dimension 0 is the innermost.
struct TensorMapInfo {
  TensorType type = TensorType::F16;
  uint32_t rank = 0;
  uint64_t address = 0;
  uint64_t dims[maxTensorRank] = {};        ///< elements
  uint64_t strides[maxTensorRank - 1] = {}; ///< bytes, of dimensions 1...
  uint32_t box[maxTensorRank] = {};         ///< elements
  uint32_t elementStrides[maxTensorRank] = {1, 1, 1, 1, 1};
  TensorInterleave interleave = TensorInterleave::None;
  TensorSwizzle swizzle = TensorSwizzle::None;
  TensorPromotion promotion = TensorPromotion::None;
  TensorFill fill = TensorFill::Zeros;
};

/// The encoded form. A kernel must see it at a multiple of 64 bytes.
struct alignas(64) TensorMap {
  uint8_t bytes[128];
};

/// Encodes `info`. Returns an empty text, or which argument breaks a rule of
/// cuTensorMapEncodeTiled, with what was expected and what was given; `map` is
/// then unchanged.
std::string encodeTensorMap(const TensorMapInfo &info, TensorMap &map);

/// Reads 128 bytes back; false when encodeTensorMap did not make them.
bool decodeTensorMap(const void *bytes, TensorMapInfo &info);

} // namespace attn::sim

#endif // ATTN_SIM_TENSORMAP_H
