//===- BulkCopy.h - what one bulk copy moves --------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tensor copy moves a box, a plain one a run of bytes, between global memory
// and one dense range of shared memory. Both are a list of rows here: a run of
// global bytes, of which a part may lie outside of the tensor.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_BULKCOPY_H
#define ATTN_LIB_SIM_BULKCOPY_H

#include "attn/Sim/TensorMap.h"

#include <vector>

namespace attn::sim {

class Cta;

struct BulkCopy {
  bool isTensor = false;
  bool isAddition = false; ///< of a store, by elements of `map.type`
  TensorMapInfo map;       ///< of a plain copy only the type
  int32_t coordinates[maxTensorRank] = {};
  uint64_t address = 0;      ///< global, of a plain copy
  uint32_t sharedOffset = 0; ///< relative to the window
  uint32_t bytes = 0;        ///< of shared memory
};

/// One row: `inside` bytes of global memory, between bytes outside of the
/// tensor. All bytes of a row follow each other in shared memory before the
/// swizzle.
struct BulkRow {
  uint64_t address = 0;      ///< of the bytes inside
  uint32_t sharedOffset = 0; ///< of the row
  uint32_t bytes = 0, skipped = 0, inside = 0;
};
std::vector<BulkRow> rowsOf(const BulkCopy &copy);

/// Bytes that one box takes in shared memory, inside the tensor or not.
uint32_t boxBytes(const TensorMapInfo &map);

/// Offset after the swizzle of `copy`; a unit of 16 bytes stays together.
uint32_t swizzled(const BulkCopy &copy, uint32_t offset);

/// Global memory to the shared memory of `target`.
void moveIn(Cta &target, const BulkCopy &copy);
/// Shared memory of `source` to a buffer in the order of the rows, with one
/// flag a byte.
void readOut(const Cta &source, const BulkCopy &copy,
             std::vector<uint8_t> &data, std::vector<uint8_t> &init);
/// The buffer to global memory.
void writeOut(Cta &cta, const BulkCopy &copy, const std::vector<uint8_t> &data,
              const std::vector<uint8_t> &init);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_BULKCOPY_H
