//===- WgmmaTiles.h - operands of wgmma as floats ---------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp multiplies its 16 rows of A with all of B. Operands become floats in
// the order in which the accumulator registers want them, with g = lane / 4,
// q = lane % 4: register 4j + 2h + c of a lane is row g + 8h, column
// 8j + 2q + c.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_EXEC_WGMMATILES_H
#define ATTN_LIB_SIM_EXEC_WGMMATILES_H

#include <cstdint>

namespace attn::sim {

class SharedMemory;

enum class WgmmaElement : uint8_t { F16, BF16, E4M3, E5M2 };

constexpr unsigned maxWgmmaK = 32, maxWgmmaN = 256;

/// 16 rows of A.
struct WgmmaRows {
  /// [k][h][lane]: what lane multiplies for its row g + 8h.
  alignas(64) float values[maxWgmmaK * 64];
  uint32_t unknown; ///< bit r: an element of row r was never written
};

/// All of B.
struct WgmmaColumns {
  /// [j][k][c][q]: column 8j + 2q + c.
  alignas(64) float values[maxWgmmaN * maxWgmmaK];
  uint32_t unknown[maxWgmmaN / 32]; ///< bit n: as above, of column n
  bool anyUnknown;
};

/// How an operand lies in shared memory; see MatrixDescriptor.
struct WgmmaOperand {
  const uint32_t *chunks = nullptr; ///< offsets in shared memory
  unsigned rows = 0;                ///< rows of A or columns of B
  unsigned k = 0;
  bool mnMajor = false;
  WgmmaElement element = WgmmaElement::F16;
};

/// Sign: -1 to negate.
void readRows(const SharedMemory &shared, const WgmmaOperand &operand,
              float sign, WgmmaRows &rows);
/// From the four registers of the fragment; `poison` likewise.
void readRows(const uint32_t *const *words, const uint32_t *poison,
              WgmmaElement element, float sign, WgmmaRows &rows);

void readColumns(const SharedMemory &shared, const WgmmaOperand &operand,
                 WgmmaColumns &columns);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_EXEC_WGMMATILES_H
