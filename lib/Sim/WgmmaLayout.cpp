//===- WgmmaLayout.cpp - where wgmma finds its operands -------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WgmmaLayout.h"

#include <algorithm>

using namespace attn::sim;

static uint64_t field(uint64_t bits, unsigned first, unsigned count) {
  return (bits >> first) & ((uint64_t(1) << count) - 1);
}

MatrixDescriptor::MatrixDescriptor(uint64_t bits)
    : start(uint32_t(field(bits, 0, 14) << 4)),
      leading(uint32_t(field(bits, 16, 14) << 4)),
      stride(uint32_t(field(bits, 32, 14) << 4)),
      baseOffset(uint32_t(field(bits, 49, 3))),
      reserved(field(bits, 14, 2) | field(bits, 30, 2) | field(bits, 46, 3) |
               field(bits, 52, 10)) {
  static constexpr uint32_t widths[4] = {0, 128, 64, 32};
  swizzle = widths[field(bits, 62, 2)];
}

std::string MatrixDescriptor::problem(bool mnMajor, unsigned rows) const {
  if (reserved)
    return "a reserved bit of the descriptor is set";
  if (baseOffset)
    return "base offset " + std::to_string(baseOffset) +
           " of the descriptor: only 0 is simulated";
  if (!swizzle)
    return {};
  // The pattern takes eight rows. Starting in another than the first needs a
  // base offset, and reading on behind the end of a row has no meaning.
  uint32_t pattern = 8 * swizzle, column = start % pattern;
  uint32_t width = mnMajor ? std::min(2 * rows, swizzle) : 32;
  if (column + width > swizzle)
    return "start address " + std::to_string(start) +
           " of the descriptor leaves no " + std::to_string(width) +
           " bytes in the first row of the " + std::to_string(swizzle) +
           "-byte swizzle pattern";
  // The pattern must begin anew with each group of eight rows.
  if ((mnMajor || rows > 8) && stride % pattern)
    return "stride byte offset " + std::to_string(stride) +
           " is no multiple of the swizzle pattern's " +
           std::to_string(pattern) + " bytes";
  if (mnMajor && 2 * rows > swizzle && leading % pattern)
    return "leading dimension byte offset " + std::to_string(leading) +
           " is no multiple of the swizzle pattern's " +
           std::to_string(pattern) + " bytes";
  return {};
}

void MatrixDescriptor::chunkAddresses(bool mnMajor, unsigned firstRow,
                                      unsigned rows, unsigned begin,
                                      unsigned count, uint32_t *address) const {
  // 16-byte chunks are permuted by address bits 7 and up, as many of them as
  // there are chunks in a row (and no less than 128 bytes apart).
  uint32_t permuted = swizzle ? swizzle / 16 - 1 : 0;
  uint32_t pitch = swizzle ? swizzle : 16;
  auto place = [&](uint32_t offset) {
    uint32_t at = start + offset;
    *address++ = at ^ (((at >> 7) & permuted) << 4);
  };
  if (!mnMajor) {
    uint32_t second = swizzle ? 16 : leading;
    for (uint32_t i = begin; i < begin + count; ++i) {
      uint32_t row = firstRow + i / 2;
      place(row % 8 * pitch + row / 8 * stride + i % 2 * second);
    }
    return;
  }
  // Without swizzle the two offsets exchange their roles.
  uint32_t alongRows = swizzle ? leading : stride;
  uint32_t alongK = swizzle ? stride : leading;
  uint32_t perK = rows / 8, k = begin / perK, group = begin % perK;
  uint32_t chunksInRow = pitch / 16; // a power of 2
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t chunk = firstRow / 8 + group;
    place(chunk % chunksInRow * 16 + chunk / chunksInRow * alongRows +
          k % 8 * pitch + k / 8 * alongK);
    if (++group == perK) {
      group = 0;
      ++k;
    }
  }
}
