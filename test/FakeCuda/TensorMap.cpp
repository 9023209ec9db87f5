//===- TensorMap.cpp - encoding tensor maps -------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rules are those of the driver's manual for cuTensorMapEncodeTiled. They
// are checked here although the simulator checks them, too: the two are a test
// of each other.

#include "attn/Sim/TensorMap.h"
#include "State.h"
#include <cstring>

using namespace fakecuda;
namespace sim = attn::sim;

namespace {
/// The arguments, named as in the manual.
struct TiledMap {
  int dataType;
  unsigned rank;
  uint64_t address;
  const uint64_t *dims, *strides;
  const unsigned *box, *elementStrides;
  int interleave, swizzle, promotion, fill;
};
} // namespace

/// Bytes of a CUtensorMapDataType; 0 for the packed types, which need other
/// rules, and for none.
static unsigned bytesOf(int dataType) {
  static const unsigned bytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};
  return dataType >= 0 && dataType < 13 ? bytes[dataType] : 0;
}

static std::string number(const char *name, unsigned i, uint64_t got) {
  return std::string(name) + "[" + std::to_string(i) + "] is " +
         std::to_string(got);
}

/// Empty when the modes are allowed.
static std::string checkModes(const TiledMap &map) {
  if (!bytesOf(map.dataType))
    return "tensorDataType is " + std::to_string(map.dataType);
  if (map.rank < 1 || map.rank > 5)
    return "tensorRank is " + std::to_string(map.rank);
  if (map.interleave != 0)
    return "interleave is " + std::to_string(map.interleave) +
           ", which is not simulated";
  if (map.swizzle < 0 || map.swizzle > 3)
    return "swizzle is " + std::to_string(map.swizzle);
  if (map.promotion < 0 || map.promotion > 3)
    return "l2Promotion is " + std::to_string(map.promotion);
  const bool isFloat = map.dataType >= 6;
  if (map.fill < 0 || map.fill > 1 || (map.fill == 1 && !isFloat))
    return "oobFill is " + std::to_string(map.fill);
  return "";
}

/// Empty when the numbers are allowed.
static std::string checkNumbers(const TiledMap &map) {
  if (!map.address || map.address % 16)
    return "globalAddress is " + std::to_string(map.address);
  if (!map.dims || !map.box || !map.elementStrides ||
      (map.rank > 1 && !map.strides))
    return "an array is null";
  for (unsigned i = 0; i < map.rank; ++i) {
    if (!map.dims[i] || map.dims[i] > uint64_t(1) << 32)
      return number("globalDim", i, map.dims[i]);
    if (!map.box[i] || map.box[i] > 256)
      return number("boxDim", i, map.box[i]);
    if (i > 0 && (!map.elementStrides[i] || map.elementStrides[i] > 8))
      return number("elementStrides", i, map.elementStrides[i]);
    if (i > 0 &&
        (map.strides[i - 1] % 16 || map.strides[i - 1] >= uint64_t(1) << 40))
      return number("globalStrides", i - 1, map.strides[i - 1]);
  }
  const unsigned row = map.box[0] * bytesOf(map.dataType);
  if (row % 16)
    return "boxDim[0] makes rows of " + std::to_string(row) + " bytes";
  const unsigned span = 16u << map.swizzle;
  if (map.swizzle && row > span)
    return "boxDim[0] makes rows of " + std::to_string(row) +
           " bytes, and the swizzle has " + std::to_string(span);
  return "";
}

static sim::TensorMapInfo toInfo(const TiledMap &map) {
  sim::TensorMapInfo info;
  info.type = static_cast<sim::TensorType>(map.dataType);
  info.rank = map.rank;
  info.address = map.address;
  for (unsigned i = 0; i < map.rank; ++i) {
    info.dims[i] = map.dims[i];
    info.box[i] = map.box[i];
    info.elementStrides[i] = map.elementStrides[i];
    if (i > 0)
      info.strides[i - 1] = map.strides[i - 1];
  }
  info.swizzle = static_cast<sim::TensorSwizzle>(map.swizzle);
  info.promotion = static_cast<sim::TensorPromotion>(map.promotion);
  info.fill = static_cast<sim::TensorFill>(map.fill);
  return info;
}

/// A line of the diary.
static std::string describe(const TiledMap &map) {
  std::string line = "type=" + std::to_string(map.dataType) +
                     " address=" + std::to_string(map.address);
  const bool isComplete = map.dims && map.box && map.elementStrides &&
                          (map.rank < 2 || map.strides);
  for (unsigned i = 0; isComplete && i < std::min(map.rank, 5u); ++i)
    line += " " + std::to_string(map.dims[i]) + "/" +
            std::to_string(map.box[i]) + "/" +
            std::to_string(map.elementStrides[i]) +
            (i ? "@" + std::to_string(map.strides[i - 1]) : "");
  return line + " modes=" + std::to_string(map.interleave) +
         std::to_string(map.swizzle) + std::to_string(map.promotion) +
         std::to_string(map.fill);
}

FAKE_CUDA_API
cuTensorMapEncodeTiled(void *out, int dataType, unsigned rank, void *address,
                       const uint64_t *dims, const uint64_t *strides,
                       const unsigned *box, const unsigned *elementStrides,
                       int interleave, int swizzle, int promotion, int fill) {
  const TiledMap map = {
      dataType,       rank,       reinterpret_cast<uintptr_t>(address),
      dims,           strides,    box,
      elementStrides, interleave, swizzle,
      promotion,      fill};
  Call call("tensor-map", Needs::Context, [&] { return describe(map); });
  if (call.refusal())
    return call.refusal();
  if (call.state.config.capability < 90)
    return refuse(NotSupported, "tensor maps need compute capability 9.0");
  std::string problem = checkModes(map);
  if (problem.empty())
    problem = checkNumbers(map);
  if (!out || reinterpret_cast<uintptr_t>(out) % 64)
    problem = "tensorMap is not at a multiple of 64 bytes";
  if (!problem.empty())
    return refuse(InvalidValue, "tensor map: " + problem);
  sim::TensorMap encoded;
  problem = sim::encodeTensorMap(toInfo(map), encoded);
  if (!problem.empty()) // the two sets of rules differ
    return refuse(Unknown, "tensor map: the simulator says: " + problem);
  std::memcpy(out, encoded.bytes, sizeof(encoded.bytes));
  return Success;
}
