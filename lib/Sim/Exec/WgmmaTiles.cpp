//===- WgmmaTiles.cpp - operands of wgmma as floats -----------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WgmmaTiles.h"

#include "../Float8.h"
#include "../LaneTypes.h"
#include "../SharedMemory.h"
#include "../WgmmaLayout.h"

using namespace attn::sim;

namespace {
template <WgmmaElement element> struct DecodeElement;
template <> struct DecodeElement<WgmmaElement::F16> {
  using Bits = uint16_t;
  float operator()(Bits v) const { return toFloat(Half{v}); }
};
template <> struct DecodeElement<WgmmaElement::BF16> {
  using Bits = uint16_t;
  float operator()(Bits v) const { return toFloat(BFloat{v}); }
};
template <> struct DecodeElement<WgmmaElement::E4M3> {
  using Bits = uint8_t;
  const std::array<float, 256> &table = float8Values(Float8::E4M3);
  float operator()(Bits v) const { return table[v]; }
};
template <> struct DecodeElement<WgmmaElement::E5M2> {
  using Bits = uint8_t;
  const std::array<float, 256> &table = float8Values(Float8::E5M2);
  float operator()(Bits v) const { return table[v]; }
};

/// Calls f with the decoder of the element type.
template <class F> void withDecoder(WgmmaElement element, F f) {
  switch (element) {
  case WgmmaElement::F16:
    return f(DecodeElement<WgmmaElement::F16>());
  case WgmmaElement::BF16:
    return f(DecodeElement<WgmmaElement::BF16>());
  case WgmmaElement::E4M3:
    return f(DecodeElement<WgmmaElement::E4M3>());
  case WgmmaElement::E5M2:
    return f(DecodeElement<WgmmaElement::E5M2>());
  }
}

constexpr uint64_t allInitialised = 0x0101010101010101u;

/// Copies the chunks to `bytes`; true when all of them were written.
bool gather(const SharedMemory &shared, const WgmmaOperand &operand,
            uint8_t *bytes) {
  bool known = true;
  for (unsigned i = 0; i < 2 * operand.rows; ++i) {
    uint32_t at = operand.chunks[i];
    uint64_t flags[2];
    std::memcpy(bytes + 16 * i, &shared.data[at], 16);
    std::memcpy(flags, &shared.init[at], 16);
    known &= flags[0] == allInitialised && flags[1] == allInitialised;
  }
  return known;
}

/// Marks rows (of A, columns of B) with an element that nobody wrote.
void findUnknown(const SharedMemory &shared, const WgmmaOperand &operand,
                 uint32_t *unknown) {
  for (unsigned i = 0; i < 2 * operand.rows; ++i)
    for (unsigned byte = 0; byte < 16; ++byte) {
      if (shared.init[operand.chunks[i] + byte])
        continue;
      unsigned row =
          operand.mnMajor ? i % (operand.rows / 8) * 8 + byte / 2 : i / 2;
      unknown[row / 32] |= 1u << (row % 32);
    }
}

/// Calls place(row, k, value) for the elements of gathered chunks.
template <class Bits, class Decode, class Place>
void convert(const uint8_t *bytes, const WgmmaOperand &operand, Decode decode,
             Place place) {
  auto next = [&] {
    Bits bits;
    std::memcpy(&bits, bytes, sizeof bits);
    bytes += sizeof bits;
    return decode(bits);
  };
  if (operand.mnMajor)
    for (unsigned k = 0; k < operand.k; ++k)
      for (unsigned row = 0; row < operand.rows; ++row)
        place(row, k, next());
  else
    for (unsigned row = 0; row < operand.rows; ++row)
      for (unsigned k = 0; k < operand.k; ++k)
        place(row, k, next());
}

void placeInRows(WgmmaRows &rows, unsigned row, unsigned k, float value) {
  float *to = rows.values + k * 64 + row / 8 * 32 + row % 8 * 4;
  for (unsigned q = 0; q < 4; ++q)
    to[q] = value;
}
} // namespace

void attn::sim::readRows(const SharedMemory &shared,
                         const WgmmaOperand &operand, float sign,
                         WgmmaRows &rows) {
  uint8_t bytes[16 * 32];
  rows.unknown = 0;
  if (!gather(shared, operand, bytes))
    findUnknown(shared, operand, &rows.unknown);
  withDecoder(operand.element, [&](auto decode) {
    using Bits = typename decltype(decode)::Bits;
    convert<Bits>(bytes, operand, decode,
                  [&](unsigned row, unsigned k, float value) {
                    placeInRows(rows, row, k, sign * value);
                  });
  });
}

// Word w of a lane is row g + 8 * (w & 1) and four bytes of K from byte
// 4q + 16 * (w >> 1) on.
void attn::sim::readRows(const uint32_t *const *words, const uint32_t *poison,
                         WgmmaElement element, float sign, WgmmaRows &rows) {
  rows.unknown = 0;
  withDecoder(element, [&](auto decode) {
    using Bits = typename decltype(decode)::Bits;
    constexpr unsigned perWord = 4 / sizeof(Bits);
    for (unsigned w = 0; w < 4; ++w)
      for (unsigned lane = 0; lane < 32; ++lane) {
        unsigned row = lane / 4 + 8 * (w & 1);
        unsigned k = perWord * (lane % 4) + 4 * perWord * (w >> 1);
        for (unsigned e = 0; e < perWord; ++e)
          placeInRows(
              rows, row, k + e,
              sign * decode(Bits(words[w][lane] >> (8 * sizeof(Bits) * e))));
        rows.unknown |= (poison[w] >> lane & 1) << row;
      }
  });
}

void attn::sim::readColumns(const SharedMemory &shared,
                            const WgmmaOperand &operand,
                            WgmmaColumns &columns) {
  uint8_t bytes[16 * maxWgmmaChunks];
  columns.anyUnknown = !gather(shared, operand, bytes);
  if (columns.anyUnknown) {
    std::fill(std::begin(columns.unknown), std::end(columns.unknown), 0);
    findUnknown(shared, operand, columns.unknown);
  }
  withDecoder(operand.element, [&](auto decode) {
    using Bits = typename decltype(decode)::Bits;
    convert<Bits>(
        bytes, operand, decode, [&](unsigned n, unsigned k, float value) {
          columns.values[(n / 8 * operand.k + k) * 8 + n % 2 * 4 + n % 8 / 2] =
              value;
        });
  });
}
