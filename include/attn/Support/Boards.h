//===- Boards.h - peak numbers of GPUs --------------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_SUPPORT_BOARDS_H
#define ATTN_SUPPORT_BOARDS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace attn {

/// What the vendor says a board can do at most.
struct Board {
  llvm::StringLiteral name;
  int capability;          ///< compute capability, 80 for 8.0
  double tflops;           ///< dense f16 and bf16 products, 10^12 a second
  double float8Tflops;     ///< the same of 8-bit floats, 0 without them
  double bytesPerSecond;   ///< of device memory
  int64_t multiprocessors; ///< each issues for four warps in a cycle
  double hertz;            ///< boost clock
  llvm::StringLiteral source;

  /// Whether code for `chip` runs on it: chips with an `a` on their own only.
  bool runs(llvm::StringRef chip) const;
};

llvm::ArrayRef<Board> boards();

/// A lower bound of a time: no kernel computes or moves faster.
struct Roofline {
  double computeSeconds, memorySeconds;
  double seconds() const {
    return computeSeconds > memorySeconds ? computeSeconds : memorySeconds;
  }
  bool isMemoryBound() const { return memorySeconds > computeSeconds; }
};
Roofline boundTime(const Board &board, double flops, double bytes);
/// With products at `tflops`, one of the board's rates.
Roofline boundTime(const Board &board, double tflops, double flops,
                   double bytes);

} // namespace attn

#endif
