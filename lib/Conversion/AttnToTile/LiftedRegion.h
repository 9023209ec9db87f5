//===- LiftedRegion.h - scalar regions over whole tiles ----------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_LIFTEDREGION_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_LIFTEDREGION_H

#include "TileRows.h"
#include "attn/Dialect/Attn/Analysis/TileRange.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::attn {

/// Evaluates the scalar ops of a score or mask region for a whole tile.
///
/// Every value is lifted to the least shape that its operands need: what
/// depends on batch and head alone stays a scalar, on the query index alone it
/// becomes rows, on the key index alone columns, and only the rest a full tile.
/// So `slopes[h]` is one load and `bias[i]` one per row. Index values are i32
/// (constraint A14).
class LiftedRegion {
public:
  /// `captures` maps values from above to values of the kernel.
  LiftedRegion(FragmentTypes types, int64_t columns, const IRMapping &captures)
      : types(types), columns(columns), values(captures) {}

  void map(Value regionValue, Value lifted) { values.map(regionValue, lifted); }

  /// The lifted form of a value of the region, null after a diagnostic.
  Value lift(OpBuilder &b, Value regionValue);

  /// `value` brought to the layout of a full tile.
  Value toTile(OpBuilder &b, Location loc, Value value);

  /// The least common layout of lifted values: none (scalar), rows, columns,
  /// tile.
  RankedTensorType join(ValueRange lifted, Type element) const;

  /// `value` brought to `type`; scalars are splat.
  static Value to(OpBuilder &b, Location loc, Value value,
                  RankedTensorType type);

private:
  Value liftLoad(OpBuilder &b, LoadOp load);
  Value liftIndexCast(OpBuilder &b, Operation *op);
  Value liftElementwise(OpBuilder &b, Operation *op);
  Value liftDivision(OpBuilder &b, Location loc, Value x, Value y,
                     RankedTensorType layout);
  Value liftProduct(OpBuilder &b, Location loc, Value x, Value y,
                    RankedTensorType layout);

  FragmentTypes types;
  int64_t columns;
  IRMapping values;
};

/// A scalar index of the host as the i32 that kernels compute with. Out of
/// range values become +-kIndexLimit.
Value narrowIndex(OpBuilder &b, Location loc, Value index);

} // namespace mlir::attn

#endif
