//===- KeyColumns.cpp - values that are columns of their keys -------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/Analysis/KeyColumns.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::attn;

static bool areAll(ArrayRef<OpFoldResult> values, int64_t constant) {
  return llvm::all_of(values, [&](OpFoldResult value) {
    return getConstantIntValue(value) == constant;
  });
}

/// The first value with this start and these strides: behind casts, and behind
/// views that only end earlier.
static Value originOf(Value memref) {
  for (;;) {
    if (auto cast = memref.getDefiningOp<memref::CastOp>()) {
      memref = cast.getSource();
      continue;
    }
    auto view = memref.getDefiningOp<memref::SubViewOp>();
    if (!view || view.getSourceType().getRank() != view.getType().getRank() ||
        !areAll(view.getMixedOffsets(), 0) ||
        !areAll(view.getMixedStrides(), 1))
      return memref;
    memref = view.getSource();
  }
}

/// Views that start at the same element of one memref and step alike.
static bool startAlike(Value x, Value y) {
  auto a = x.getDefiningOp<memref::SubViewOp>(),
       b = y.getDefiningOp<memref::SubViewOp>();
  return a && b && originOf(a.getSource()) == originOf(b.getSource()) &&
         a.getDroppedDims() == b.getDroppedDims() &&
         a.getMixedOffsets() == b.getMixedOffsets() &&
         a.getMixedStrides() == b.getMixedStrides();
}

bool attn::isValueInKey(AttentionOpInterface op) {
  // The keys of several maps are one tile together, which is not the value's.
  if (op.getKeys().size() > 1 || !op.isBufferized() ||
      op.getValueHeadDim() > op.getHeadDim())
    return false;
  Value key = originOf(op.getKey()), value = originOf(op.getValue());
  return key == value || startAlike(key, value);
}
