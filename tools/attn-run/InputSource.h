//===- InputSource.h - where an argument's value comes from -----*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_INPUTSOURCE_H
#define ATTN_TOOLS_ATTNRUN_INPUTSOURCE_H

#include "TensorData.h"

namespace attn::run {

/// One entry of --inputs: PATH, random:SHAPE[:SCALE], zeros:SHAPE or a number.
class InputSource {
public:
  static llvm::Expected<InputSource> parse(llvm::StringRef text);

  /// The tensor, rounded to `element`; 8-bit floats may be a file of their
  /// codes. `declared` may have dynamic sizes, all others must match. `seed` is
  /// for random:, which gives scales that differ by up to a factor of 4.
  llvm::Expected<TensorData> loadTensor(Element element,
                                        llvm::ArrayRef<int64_t> declared,
                                        uint64_t seed,
                                        bool isScales = false) const;

  /// The number, as the bytes of an `element`.
  llvm::Expected<uint64_t> loadScalar(Element element) const;

private:
  enum class Kind { File, Random, Zeros };

  llvm::Expected<TensorData> loadFile(Element element,
                                      llvm::ArrayRef<int64_t> declared) const;

  Kind kind = Kind::File;
  std::string text; ///< as given
  Shape shape;      ///< of Random and Zeros
  double scale = 1; ///< standard deviation of Random
};

} // namespace attn::run

#endif
