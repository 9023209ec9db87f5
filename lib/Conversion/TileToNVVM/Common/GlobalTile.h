//===- GlobalTile.h - addresses in a strided global tensor -------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_TILETONVVM_COMMON_GLOBALTILE_H
#define ATTN_LIB_CONVERSION_TILETONVVM_COMMON_GLOBALTILE_H

#include "Integers.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::tile {

/// A memref in global memory: its first element and its strides, in bytes.
class GlobalTensor {
public:
  GlobalTensor(Integers &e, Value memref);

  /// Size of dimension d as i32.
  Value size(int64_t d);
  /// Bytes between neighbours of dimension d, as i64.
  Value byteStride(int64_t d) { return byteStrides[d]; }
  /// !llvm.ptr<1> to the element at i32 indices.
  Value pointer(ValueRange indices);
  /// The same at indices of type index, which fit 32 bits.
  Value element(ValueRange indices);
  /// The same for a row and a column of a tile operand, whose byte stride
  /// between rows fits 32 bits (the host function checks it): one
  /// multiplication.
  Value rowPointer(Value row, Value column);
  /// `pointer` moved by bytes (i64).
  Value moved(Value pointer, Value bytes);
  Value moved(Value pointer, int64_t bytes);
  Value i64(int64_t value);
  Value widen(Value i32);

private:
  Integers &e;
  Value memref;
  Value base; // !llvm.ptr<1>
  SmallVector<Value> byteStrides;
};

} // namespace mlir::tile

#endif
