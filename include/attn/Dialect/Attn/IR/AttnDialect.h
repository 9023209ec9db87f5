//===- AttnDialect.h - the attn dialect ------------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_IR_ATTNDIALECT_H
#define ATTN_DIALECT_ATTN_IR_ATTNDIALECT_H

#include "attn/Dialect/Attn/IR/Normalizer.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/BitVector.h"
#include <array>
#include <cmath>

#include "attn/Dialect/Attn/IR/AttnAttrInterfaces.h.inc"
#include "attn/Dialect/Attn/IR/AttnDialect.h.inc"

namespace mlir::attn {

/// #attn.softmax.
NormalizerAttrInterface getDefaultNormalizer(MLIRContext *context);

/// Values that the regions of an op use from above, in order of first use.
SmallVector<Value> collectCaptures(Operation *op);

/// f8E4M3FN or f8E5M2.
bool isFloat8(Type type);

/// Weights from 0 to 1 are multiplied by it before they are rounded to 8 bits:
/// so they use the range of f8E4M3FN up to 256, of 448 (FlashAttention-3, arXiv
/// 2407.08608).
constexpr double kFloat8WeightFactor = 256.0;

} // namespace mlir::attn

#include "attn/Dialect/Attn/IR/AttnOpInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "attn/Dialect/Attn/IR/AttnAttributes.h.inc"

#define GET_OP_CLASSES
#include "attn/Dialect/Attn/IR/AttnOps.h.inc"

namespace mlir::attn {

/// A sum of multiples of the positions b, h, i and j, of captured scalars, and
/// of a constant.
struct IndexSum {
  std::array<int64_t, 4> factors = {};
  SmallVector<std::pair<int64_t, Value>> scalars;
  int64_t constant = 0;
};

/// An index in a region of `op` as such a sum; nothing for one that comes from
/// memory, a division or the like.
std::optional<IndexSum> getIndexSum(AttentionOpInterface op, Value index);

/// Whether query, key or value is of 8-bit floats.
bool hasFloat8(AttentionOp op);

} // namespace mlir::attn

#endif
