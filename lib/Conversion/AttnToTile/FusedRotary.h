//===- FusedRotary.h - attn.rotary in the kernel of attention ----*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_FUSEDROTARY_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_FUSEDROTARY_H

#include "attn/Conversion/RotaryChoice.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// The rotations that the kernel of one op does, and what it is passed for them
/// beside the operands of the op.
struct FusedRotations {
  RotaryOp query, key; ///< null: there is none
  SmallVector<Value> operands;

  /// The op reads what is to be rotated from here on.
  void redirect(AttentionOpInterface op);
  /// Emits the checks of what only a call knows, and the operands, before the
  /// rotations.
  void buildOperands(int64_t alignment);
  /// Erases the rotations, and the memory for their results where nothing asks
  /// for its size.
  void erase();
};

/// A rotation inside of a kernel.
class TileRotation {
public:
  /// `arguments` are the kernel's, those of the op come first and are dropped.
  TileRotation(RotaryOp op, ImplicitLocOpBuilder &b, gpu::GPUModuleOp module,
               ArrayRef<BlockArgument> &arguments);

  /// Rotates the rows of a shared tile, which are those from `first` on of
  /// `end`, in batch `batch` (index). All threads see them afterwards.
  void build(ImplicitLocOpBuilder &b, Value tile, Value first, Value end,
             Value batch, int64_t alignment);

private:
  RotaryOp op;
  Value positions, table, sines; // null where the op has none
  Value offset, which;           // i32
};

} // namespace mlir::attn

#endif
