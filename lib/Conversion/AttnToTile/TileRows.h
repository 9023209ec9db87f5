//===- TileRows.h - rows of a normalizer as fragments ------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_TILEROWS_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_TILEROWS_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"

namespace mlir::attn {

/// Fragment types of a block of `m` rows shared by `warps` warps, each of whose
/// `groups` has a share of the columns.
struct FragmentTypes {
  MLIRContext *context;
  int64_t m, warps, groups;

  RankedTensorType tile(int64_t columns, Type element) const;
  RankedTensorType rows(Type element, bool partial = false) const;
  RankedTensorType columns(int64_t count, Type element) const;
  RankedTensorType operandA(int64_t columns, Type element) const;
};

/// A row of scores is spread over the four threads of a quad.
class TileRows : public RowBuilder {
public:
  explicit TileRows(FragmentTypes types) : types(types) {}
  Value constant(OpBuilder &b, Location loc, double value) override;
  Value partialZero(OpBuilder &b, Location loc) override;
  Value reduceMax(OpBuilder &b, Location loc, Value tile, Value init) override;
  Value reduceAdd(OpBuilder &b, Location loc, Value tile, Value init) override;
  Value total(OpBuilder &b, Location loc, Value partial) override;
  Value broadcast(OpBuilder &b, Location loc, Value row, Value tile) override;
  Value asPartial(OpBuilder &b, Location loc, Value row) override;
  std::pair<Value, Value> scanFromLast(OpBuilder &b, Location loc, Value tile,
                                       Value init) override;
  Value sink(OpBuilder &b, Location loc) override;
  Value keyCount(OpBuilder &b, Location loc) override;

  Value sinkLogit; // of the block's head, f32; null without a sink region
  Value keyLength; // i32
  /// Shared buffer through which groups combine what they know of a row; null
  /// with one group.
  Value exchange;

private:
  Value combined(OpBuilder &b, Location loc, tile::ReduceKind kind, Value rows);

  FragmentTypes types;
};

/// An f32 constant in every element of `type`.
Value splat(OpBuilder &b, Location loc, RankedTensorType type, double value);

} // namespace mlir::attn

#endif
