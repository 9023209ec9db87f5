//===- SharedTile.h - addresses in a swizzled shared buffer ------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_TILETONVVM_COMMON_SHAREDTILE_H
#define ATTN_LIB_CONVERSION_TILETONVVM_COMMON_SHAREDTILE_H

#include "Integers.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::tile {

/// A rows x columns buffer in column pages of `pageBytes`; see #tile.swizzle.
///
///   address(row, chunk) = base + page * rows * pageBytes + row * pageBytes
///                       + ((chunk in page) ^ turn(row)) * 16
///
/// The base is a multiple of 128, so the chunk bits of an address are its own:
/// a constant chunk is XORed into the address of a lane, and constant rows
/// (multiples of 8, which do not change `turn`) and pages are added.
struct SharedTile {
  SharedTile(Value base, MemRefType type);

  int64_t chunksPerPage() const { return pageBytes / 16; }
  int64_t pages() const { return columns * elementBytes / pageBytes; }
  int64_t elementsPerChunk() const { return 16 / elementBytes; }

  /// XOR of the chunk number in row `row`.
  Value turn(Integers &e, Value row) const;

  /// Address of chunk `chunk` (dynamic, in page 0) of row `row`.
  Value laneAddress(Integers &e, Value row, Value chunk) const;

  /// The lane address moved by constants: `row` a multiple of 8, `chunk` free
  /// of the bits that differ between lanes.
  Value at(Integers &e, Value laneAddress, int64_t row, int64_t chunk) const;

  /// Address of an element.
  Value elementAddress(Integers &e, Value row, Value column) const;

  /// Bytes from a column of a product's second operand to the one `columns`
  /// further: a row of the buffer when it is `transposed`, else whole pages.
  int64_t columnOffset(int64_t columns, bool transposed) const {
    return transposed ? columns * pageBytes : columns * elementBytes * rows;
  }

  /// The pages that the thread's group has of an accumulator as wide as the
  /// buffer; its share has to be whole pages.
  SharedTile shareOf(Integers &e, const ThreadIndex &t,
                     RankedTensorType accumulator) const;

  /// An !llvm.ptr<3> for a shared address.
  static Value pointer(Integers &e, Value address);

  Value base; // i32
  int64_t rows, columns, elementBytes, pageBytes;
};

/// The address of a byte of the kernel's shared memory, i32.
Value getSharedAddress(Integers &e, int64_t offset);

} // namespace mlir::tile

#endif
