//===- TensorData.h - typed host tensors ------------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_TENSORDATA_H
#define ATTN_TOOLS_ATTNRUN_TENSORDATA_H

#include "GuardedBuffer.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace attn::run {

/// Element types of tensors and scalars. `index` is I64.
enum class Element { F16, BF16, F32, F64, F8E4M3FN, F8E5M2, I1, I8, I32, I64 };

size_t bytesOf(Element element);
llvm::StringRef nameOf(Element element); ///< as in MLIR, for example "bf16"
bool isFloat(Element element);
bool isFloat8(Element element);

/// Rounds (to nearest, ties to even; 8-bit floats saturate) and stores one
/// element of a float type.
void storeReal(Element element, void *to, double value);
/// Stores one element of an integer type; false when it does not fit.
bool storeInteger(Element element, void *to, int64_t value);

using Shape = llvm::SmallVector<int64_t, 4>;

/// "1x8x?x64"; "scalar" for no dimensions.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// Number of elements, or an error when it is beyond what can be addressed.
llvm::Expected<int64_t> elementCount(llvm::ArrayRef<int64_t> shape);

/// A dense tensor in row-major order.
class TensorData {
public:
  /// All zero.
  static llvm::Expected<TensorData> create(Element element,
                                           llvm::ArrayRef<int64_t> shape);

  Element element() const { return type; }
  llvm::ArrayRef<int64_t> shape() const { return dims; }
  int64_t size() const { return count; } ///< in elements
  size_t byteSize() const { return count * bytesOf(type); }
  void *data() const { return buffer.data(); }
  void *at(int64_t i) const {
    return static_cast<char *>(data()) + i * bytesOf(type);
  }

  /// Element `i` in row-major order; exact for all types but I64.
  double get(int64_t i) const;

private:
  Element type = Element::F32;
  Shape dims;
  int64_t count = 0;
  GuardedBuffer buffer;
};

} // namespace attn::run

#endif
