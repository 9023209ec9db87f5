//===- Verification.h - checks that several ops share ------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_DIALECT_TILE_IR_VERIFICATION_H
#define ATTN_LIB_DIALECT_TILE_IR_VERIFICATION_H

#include "mlir/IR/Operation.h"

namespace mlir::tile {

/// Whether the memref `type`, the operand or result `name` of `op`, is a buffer
/// whose bytes lie as #tile.swizzle says.
LogicalResult verifyShared(Operation *op, StringRef name, Type type);

} // namespace mlir::tile

#endif
