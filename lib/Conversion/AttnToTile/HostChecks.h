//===- HostChecks.h - what only a call knows ---------------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_HOSTCHECKS_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_HOSTCHECKS_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// Emits checks of sizes and strides, before an op. A subclass says which.
class HostChecks {
protected:
  explicit HostChecks(Operation *op) : b(op->getLoc(), op) {}

  Value constant(int64_t value);
  Value dim(Value memref, int64_t d);
  /// ceil(length / block).
  Value blocksOf(Value length, int64_t block);
  void require(Value expected, Value got, const Twine &message);
  void requireAtMost(Value limit, Value got, const Twine &message);
  void requireAtLeast(Value limit, Value got, const Twine &message);
  /// Static sizes have been compared by the verifier.
  void same(StringRef message, Value x, int64_t dx, Value y, int64_t dy);
  /// Rows are copied in pieces of the alignment: the address of every row of
  /// every head must be a multiple. A stride of a dimension of size 1 is never
  /// used and may be anything.
  void rowsAligned(StringRef name, Value memref, int64_t alignment);
  void innermostIsDense(StringRef name, Value memref);

  ImplicitLocOpBuilder b;
};

} // namespace mlir::attn

#endif
