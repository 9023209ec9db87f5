//===- ReferencePrecision.h - what the reference rounds --------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_REFERENCEPRECISION_H
#define ATTN_CONVERSION_REFERENCEPRECISION_H

namespace mlir::attn {

/// In which precision `attn-to-loops` computes, and what it rounds.
enum class ReferencePrecision {
  /// All in float64; the result is rounded once, to the declared type.
  Element,
  /// All in float64 and nothing rounded: out and lse become float64. The truth
  /// that errors are measured against.
  Float64,
  /// As an unfused program in the element type would: float32 inside of an
  /// operation, the element type between operations. Its error is the yardstick
  /// of a kernel's error. Out and lse are stored as float64 for comparison.
  Same,
};

} // namespace mlir::attn

#endif
