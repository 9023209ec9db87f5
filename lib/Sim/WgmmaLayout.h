//===- WgmmaLayout.h - where wgmma finds its operands -----------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Typed in from the PTX ISA's chapter on wgmma, on purpose: nothing here is
// shared with the compiler. "Rows" are rows of A or columns of B. One wgmma
// takes 32 bytes along K for each row, and everything lies in shared memory in
// chunks of 16 bytes: along K where the operand is K-major, along the rows
// where it is MN-major.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_WGMMALAYOUT_H
#define ATTN_LIB_SIM_WGMMALAYOUT_H

#include <cstdint>
#include <string>

namespace attn::sim {

/// The matrix descriptor of wgmma; all numbers are bytes.
struct MatrixDescriptor {
  explicit MatrixDescriptor(uint64_t bits);

  /// Why these rows cannot be read through the descriptor, or "".
  std::string problem(bool mnMajor, unsigned rows) const;

  /// Addresses, as ld.shared takes them, of the chunks of `rows` rows from
  /// `firstRow` on; both are multiples of 8. K-major: [row][2]; MN-major:
  /// [16][rows / 8], k first. Only `count` chunks from chunk `begin` on.
  void chunkAddresses(bool mnMajor, unsigned firstRow, unsigned rows,
                      unsigned begin, unsigned count, uint32_t *address) const;

  uint32_t start;           ///< address of the first element
  uint32_t leading, stride; ///< "leading dimension" and "stride" byte offset
  uint32_t swizzle;         ///< bytes of a swizzled row: 0, 32, 64 or 128
  uint32_t baseOffset;
  uint64_t reserved; ///< bits that must be 0
};

/// Chunks of the largest operand, B with N = 256.
constexpr unsigned maxWgmmaChunks = 512;

} // namespace attn::sim

#endif // ATTN_LIB_SIM_WGMMALAYOUT_H
