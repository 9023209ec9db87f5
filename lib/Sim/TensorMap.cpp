//===- TensorMap.cpp - description of a tensor for bulk copies ------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Sim/TensorMap.h"

#include <cstring>

using namespace attn::sim;

namespace {
constexpr uint64_t mapMagic = 0x70616d726f736e74; // "tnsormap"

/// The layout of the 128 bytes.
struct Record {
  uint64_t magic;
  uint64_t address;
  uint64_t strides[maxTensorRank - 1];
  uint32_t lastIndex[maxTensorRank]; ///< dims - 1: a dimension may be 2^32
  uint16_t box[maxTensorRank];
  uint8_t elementStrides[maxTensorRank];
  uint8_t type, rank, interleave, swizzle, promotion, fill;
  uint8_t reserved[39];
};
static_assert(sizeof(Record) == sizeof(TensorMap));

std::string mismatch(std::string argument, std::string expected, uint64_t got) {
  return argument + ": expected " + expected + ", but got " +
         std::to_string(got);
}

std::string indexed(const char *name, unsigned i) {
  return std::string(name) + "[" + std::to_string(i) + "]";
}

std::string checkEnums(const TensorMapInfo &info) {
  if (info.type > TensorType::TF32Ftz)
    return mismatch("type", "0 to 12", uint64_t(info.type));
  if (info.interleave != TensorInterleave::None)
    return mismatch("interleave", "none (0), the only one that is simulated",
                    uint64_t(info.interleave));
  if (info.swizzle > TensorSwizzle::B128)
    return mismatch("swizzle", "0 to 3", uint64_t(info.swizzle));
  if (info.promotion > TensorPromotion::L2B256)
    return mismatch("promotion", "0 to 3", uint64_t(info.promotion));
  if (info.fill > TensorFill::NaN)
    return mismatch("fill", "0 or 1", uint64_t(info.fill));
  bool isFloat =
      info.type >= TensorType::F16 && info.type <= TensorType::TF32Ftz;
  if (info.fill == TensorFill::NaN && !isFloat)
    return "fill: expected zeros for an integer type, but got NaN";
  return {};
}

std::string checkExtents(const TensorMapInfo &info) {
  for (unsigned i = 0; i < info.rank; ++i) {
    if (!info.dims[i] || info.dims[i] > uint64_t(1) << 32)
      return mismatch(indexed("dims", i), "1 to 4294967296", info.dims[i]);
    if (!info.box[i] || info.box[i] > 256)
      return mismatch(indexed("box", i), "1 to 256", info.box[i]);
    // Without interleave the stride of dimension 0 is not used.
    if (i && (!info.elementStrides[i] || info.elementStrides[i] > 8))
      return mismatch(indexed("elementStrides", i), "1 to 8",
                      info.elementStrides[i]);
  }
  for (unsigned i = 0; i + 1 < info.rank; ++i)
    if (info.strides[i] % 16 || info.strides[i] >= uint64_t(1) << 40)
      return mismatch(indexed("strides", i),
                      "a multiple of 16 below 1099511627776 bytes",
                      info.strides[i]);
  return {};
}
} // namespace

unsigned attn::sim::byteWidth(TensorType type) {
  switch (type) {
  case TensorType::U8:
    return 1;
  case TensorType::U16:
  case TensorType::F16:
  case TensorType::BF16:
    return 2;
  case TensorType::U64:
  case TensorType::S64:
  case TensorType::F64:
    return 8;
  default:
    return 4;
  }
}

std::string attn::sim::encodeTensorMap(const TensorMapInfo &info,
                                       TensorMap &map) {
  std::string problem = checkEnums(info);
  if (!problem.empty())
    return problem;
  if (!info.rank || info.rank > maxTensorRank)
    return mismatch("rank", "1 to 5", info.rank);
  if (!info.address || info.address % 16)
    return mismatch("address", "a multiple of 16 other than 0", info.address);
  problem = checkExtents(info);
  if (!problem.empty())
    return problem;
  unsigned row = info.box[0] * byteWidth(info.type);
  if (row % 16)
    return mismatch("box[0]", "a row of a multiple of 16 bytes", row);
  unsigned span = 16u << unsigned(info.swizzle);
  if (info.swizzle != TensorSwizzle::None && row > span)
    return mismatch("box[0]",
                    "a row of at most " + std::to_string(span) +
                        " bytes with this swizzle",
                    row);

  Record record = {};
  record.magic = mapMagic;
  record.address = info.address;
  for (unsigned i = 0; i < info.rank; ++i) {
    record.lastIndex[i] = uint32_t(info.dims[i] - 1);
    record.box[i] = uint16_t(info.box[i]);
    record.elementStrides[i] = i ? uint8_t(info.elementStrides[i]) : 1;
    if (i)
      record.strides[i - 1] = info.strides[i - 1];
  }
  record.type = uint8_t(info.type);
  record.rank = uint8_t(info.rank);
  record.interleave = uint8_t(info.interleave);
  record.swizzle = uint8_t(info.swizzle);
  record.promotion = uint8_t(info.promotion);
  record.fill = uint8_t(info.fill);
  std::memcpy(map.bytes, &record, sizeof record);
  return {};
}

bool attn::sim::decodeTensorMap(const void *bytes, TensorMapInfo &info) {
  Record record;
  std::memcpy(&record, bytes, sizeof record);
  if (record.magic != mapMagic || !record.rank || record.rank > maxTensorRank)
    return false;
  info = TensorMapInfo();
  info.type = TensorType(record.type);
  info.rank = record.rank;
  info.address = record.address;
  for (unsigned i = 0; i < record.rank; ++i) {
    info.dims[i] = uint64_t(record.lastIndex[i]) + 1;
    info.box[i] = record.box[i];
    info.elementStrides[i] = record.elementStrides[i];
    if (i)
      info.strides[i - 1] = record.strides[i - 1];
  }
  info.interleave = TensorInterleave(record.interleave);
  info.swizzle = TensorSwizzle(record.swizzle);
  info.promotion = TensorPromotion(record.promotion);
  info.fill = TensorFill(record.fill);
  return true;
}
