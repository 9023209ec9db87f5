//===- NpyFile.h - reading and writing .npy files ---------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_NPYFILE_H
#define ATTN_TOOLS_ATTNRUN_NPYFILE_H

#include "TensorData.h"
#include "llvm/Support/MemoryBuffer.h"

namespace attn::run {

/// A little-endian, row-major array of NumPy: versions 1 and 2 of the format,
/// with float16/32/64, int8/32/64, uint8 or bool elements. Errors are one line
/// that begins with the path.
class NpyFile {
public:
  static llvm::Expected<NpyFile> open(llvm::StringRef path);

  llvm::ArrayRef<int64_t> shape() const { return dims; }
  int64_t size() const { return count; } ///< in elements
  bool isFloat() const { return kind == 'f'; }
  std::string dtype() const; ///< "float32", "bool", ...

  double real(int64_t i) const;     ///< of a float array; exact
  int64_t integer(int64_t i) const; ///< of an integer or bool array

private:
  llvm::Error parse(llvm::StringRef path);
  llvm::Error parseHeader(llvm::StringRef header);
  llvm::Error parseType(llvm::StringRef text);
  llvm::Error parseShape(llvm::StringRef text);

  std::unique_ptr<llvm::MemoryBuffer> buffer;
  char kind = 0;      ///< 'f' float, 'i' signed, 'u' unsigned, 'b' bool
  unsigned bytes = 0; ///< of an element
  Shape dims;
  int64_t count = 0;
  const char *elements = nullptr;
};

/// Writes `tensor` as float32, to a temporary file that is then renamed.
llvm::Error writeNpy(llvm::StringRef path, const TensorData &tensor);

} // namespace attn::run

#endif
