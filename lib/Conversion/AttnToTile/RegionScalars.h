//===- RegionScalars.h - scalar values of a mask region -----------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_REGIONSCALARS_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_REGIONSCALARS_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// Copies scalar ops of a mask region to where they are computed once for many
/// positions, in a kernel or on the host.
class RegionScalars {
public:
  /// `captured` says where a capture is. Indices are clamped where `b` stands,
  /// as the kernels do that compute with them in 32 bits.
  RegionScalars(AttentionOpInterface op, ImplicitLocOpBuilder &b, Value batch,
                Value head, function_ref<Value(Value)> captured);

  void mapPosition(Value argument, Value position) {
    map.map(argument, position);
  }

  /// `value` of the region, where `b` stands.
  Value clone(ImplicitLocOpBuilder &b, Value value);

  /// An element of a capture; indices outside of it count as the nearest one
  /// inside.
  Value loadInside(ImplicitLocOpBuilder &b, LoadOp load, ValueRange indices);

private:
  IRMapping map;
};

/// One value as the ends of a 32-bit interval that is ordered like values of
/// its type. What has no place there, NaN or more than 32 bits, is everything.
std::pair<Value, Value> encodeSummary(ImplicitLocOpBuilder &b, Value value);

/// An end of an interval of values of `type`: an f32, or an index.
Value decodeSummary(ImplicitLocOpBuilder &b, Type type, Value bits);

} // namespace mlir::attn

#endif
