//===- BulkCopy.cpp - what one bulk copy moves ----------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BulkCopy.h"

#include "Cta.h"
#include "LaneTypes.h"

using namespace attn::sim;

namespace {
/// Elements of a dimension that a box moves.
uint32_t boxExtent(const TensorMapInfo &map, unsigned i) {
  return (map.box[i] + map.elementStrides[i] - 1) / map.elementStrides[i];
}

/// Cuts the innermost dimension of a row to the tensor.
void clipRow(const BulkCopy &copy, BulkRow &row) {
  const TensorMapInfo &map = copy.map;
  int64_t width = byteWidth(map.type);
  int64_t begin = copy.coordinates[0], end = begin + map.box[0];
  int64_t first = std::max<int64_t>(begin, 0);
  int64_t last = std::min<int64_t>(end, int64_t(map.dims[0]));
  if (first >= last) {
    row.inside = 0;
    return;
  }
  row.skipped = uint32_t((first - begin) * width);
  row.inside = uint32_t((last - first) * width);
  row.address += uint64_t(first * width);
}

template <class T> void addElement(uint8_t *to, const uint8_t *from) {
  T a, b;
  std::memcpy(&a, to, sizeof a);
  std::memcpy(&b, from, sizeof b);
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat>)
    a = fromFloat<T>(toFloat(a) + toFloat(b));
  else
    a = T(a + b);
  std::memcpy(to, &a, sizeof a);
}

void addElements(TensorType type, uint8_t *to, const uint8_t *from,
                 size_t bytes) {
  unsigned width = byteWidth(type);
  for (size_t i = 0; i < bytes; i += width)
    switch (type) {
    case TensorType::F32:
      addElement<float>(to + i, from + i);
      break;
    case TensorType::F16:
      addElement<Half>(to + i, from + i);
      break;
    case TensorType::BF16:
      addElement<BFloat>(to + i, from + i);
      break;
    case TensorType::U64:
      addElement<uint64_t>(to + i, from + i);
      break;
    default: // two's complement: the sign plays no part
      addElement<uint32_t>(to + i, from + i);
      break;
    }
}

/// What TensorFill::NaN writes.
void fillNaN(TensorType type, uint8_t *row, size_t bytes) {
  unsigned width = byteWidth(type);
  std::memset(row, 0xff, bytes);
  for (size_t i = width - 1; i < bytes; i += width)
    row[i] = 0x7f;
}
} // namespace

std::vector<BulkRow> attn::sim::rowsOf(const BulkCopy &copy) {
  std::vector<BulkRow> rows;
  if (!copy.isTensor) {
    rows.push_back(
        {copy.address, copy.sharedOffset, copy.bytes, 0, copy.bytes});
    return rows;
  }
  const TensorMapInfo &map = copy.map;
  uint32_t rowBytes = map.box[0] * byteWidth(map.type);
  uint32_t index[maxTensorRank] = {};
  rows.reserve(copy.bytes / rowBytes);
  for (uint32_t offset = 0; offset < copy.bytes; offset += rowBytes) {
    BulkRow row{map.address, copy.sharedOffset + offset, rowBytes, 0, 0};
    bool inside = true;
    for (unsigned i = 1; i < map.rank; ++i) {
      int64_t at =
          copy.coordinates[i] + int64_t(index[i]) * map.elementStrides[i];
      inside &= at >= 0 && uint64_t(at) < map.dims[i];
      row.address += uint64_t(at) * map.strides[i - 1];
    }
    if (inside)
      clipRow(copy, row);
    rows.push_back(row);
    for (unsigned i = 1; i < map.rank; ++i) {
      if (++index[i] < boxExtent(map, i))
        break;
      index[i] = 0;
    }
  }
  return rows;
}

uint32_t attn::sim::boxBytes(const TensorMapInfo &map) {
  uint32_t bytes = map.box[0] * byteWidth(map.type);
  for (unsigned i = 1; i < map.rank; ++i)
    bytes *= boxExtent(map, i);
  return bytes;
}

uint32_t attn::sim::swizzled(const BulkCopy &copy, uint32_t offset) {
  if (!copy.isTensor)
    return offset;
  // Bits of the absolute address count; the window starts at a multiple of the
  // pattern.
  static_assert(sharedBase % 1024 == 0);
  uint32_t mask = (1u << unsigned(copy.map.swizzle)) - 1;
  return offset ^ ((offset >> 7 & mask) << 4);
}

void attn::sim::moveIn(Cta &target, const BulkCopy &copy) {
  const GlobalView &view = target.launch.view;
  SharedMemory &shared = target.shared;
  ++shared.epoch;
  std::vector<uint8_t> data, init;
  for (const BulkRow &row : rowsOf(copy)) {
    data.assign(row.bytes, 0);
    init.assign(row.bytes, 1);
    if (copy.isTensor && copy.map.fill == TensorFill::NaN)
      fillNaN(copy.map.type, data.data(), row.bytes);
    int index = row.inside ? view.find(row.address, row.inside) : -1;
    if (index >= 0) {
      uint64_t at = row.address - view[index].base;
      std::memcpy(&data[row.skipped], view[index].data + at, row.inside);
      std::memcpy(&init[row.skipped], view[index].init + at, row.inside);
    }
    for (uint32_t i = 0; i < row.bytes; i += 16) {
      uint32_t to = swizzled(copy, row.sharedOffset + i);
      std::memcpy(&shared.data[to], &data[i], 16);
      std::memcpy(&shared.init[to], &init[i], 16);
    }
  }
}

void attn::sim::readOut(const Cta &source, const BulkCopy &copy,
                        std::vector<uint8_t> &data,
                        std::vector<uint8_t> &init) {
  data.resize(copy.bytes);
  init.resize(copy.bytes);
  for (uint32_t i = 0; i < copy.bytes; i += 16) {
    uint32_t from = swizzled(copy, copy.sharedOffset + i);
    std::memcpy(&data[i], &source.shared.data[from], 16);
    std::memcpy(&init[i], &source.shared.init[from], 16);
  }
}

void attn::sim::writeOut(Cta &cta, const BulkCopy &copy,
                         const std::vector<uint8_t> &data,
                         const std::vector<uint8_t> &init) {
  const GlobalView &view = cta.launch.view;
  for (const BulkRow &row : rowsOf(copy)) {
    int index = row.inside ? view.find(row.address, row.inside) : -1;
    if (index < 0) // outside of the tensor, or reported at the issue
      continue;
    uint64_t at = row.address - view[index].base;
    size_t from = row.sharedOffset - copy.sharedOffset + row.skipped;
    uint8_t *to = view[index].data + at, *flags = view[index].init + at;
    if (copy.isAddition) {
      addElements(copy.map.type, to, &data[from], row.inside);
      for (size_t i = 0; i < row.inside; ++i)
        flags[i] &= init[from + i];
    } else {
      std::memcpy(to, &data[from], row.inside);
      std::memcpy(flags, &init[from], row.inside);
    }
  }
}
