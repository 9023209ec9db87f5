//===- OperandScales.h - scales of 8-bit operands -----------------*- C++ -*-=//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_OPERANDSCALES_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_OPERANDSCALES_H

#include "TileRows.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// The element type of weights that are multiplied with a value of 8 bits.
Type getFloat8WeightType(MLIRContext *context);

/// Whether a device kernel takes the 8-bit operands, said in the user's terms.
LogicalResult checkFloat8(AttentionOp op, StringRef chip,
                          tile::ScheduleAttr schedule, int64_t alignment);

/// A value in transposed blocks of W keys as B x Hkv x W / n x (blocks * Dv) x
/// n: the part of a block, which there is not with W = n, and in it the rows of
/// a tile of n keys one after the other.
MemRefType getStackedType(MemRefType transposed, int64_t n);
Value stackBlocks(OpBuilder &b, Location loc, Value transposed, int64_t n);

/// Reads the scales of a block of rows, inside of its kernel. A scale that
/// there is not is a null value.
class OperandScales {
public:
  OperandScales() = default;
  /// Head `head` of the query, `keyHead` of key and value; `arguments` are
  /// those of the kernel.
  OperandScales(AttentionOp op, FragmentTypes types, const IRMapping &arguments,
                Value batch, Value head, Value keyHead);

  /// What all scores of a row are multiplied with: row value, f32. Row r is
  /// query `rowBase` + r, but not past the last one.
  Value ofRows(ImplicitLocOpBuilder &b, Value rowBase, Value queryLength) const;
  /// That of the keys from `firstKey` on: f32, null where they all have one,
  /// which `ofRows` has.
  Value ofKeys(ImplicitLocOpBuilder &b, Value firstKey, Value keyLength) const;
  /// That of the values from `firstKey` on: null where they all have one.
  Value ofValues(ImplicitLocOpBuilder &b, Value firstKey,
                 Value keyLength) const;
  /// That of all values.
  Value ofValue(ImplicitLocOpBuilder &b) const;
  bool haveKeyBlocks() const { return isBlocked(key); }
  bool haveValueBlocks() const { return isBlocked(value); }

private:
  static bool isBlocked(Value scales) {
    return scales && cast<MemRefType>(scales.getType()).getRank() == 3;
  }
  Value ofHead(ImplicitLocOpBuilder &b, Value scales, Value ownHead) const;
  Value ofBlock(ImplicitLocOpBuilder &b, Value scales, Value firstKey,
                Value keyLength) const;

  FragmentTypes types = {};
  int64_t block = 0;
  Value query, key, value;    ///< memrefs, null: there are none
  Value batch, head, keyHead; ///< index
};

} // namespace mlir::attn

#endif
