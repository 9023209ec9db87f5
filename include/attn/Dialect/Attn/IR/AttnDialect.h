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

/// Where a value in transposed blocks has a key: in groups of 16, in the order
/// in which a matrix instruction with 8-bit operands finds its weights in the
/// registers that hold the scores. Positions 4q to 4q + 3 are those of the keys
/// 2q, 2q + 1, 2q + 8 and 2q + 9.
int64_t getTransposedColumn(int64_t key);

} // namespace mlir::attn

#include "attn/Dialect/Attn/IR/AttnOpInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "attn/Dialect/Attn/IR/AttnAttributes.h.inc"

#define GET_OP_CLASSES
#include "attn/Dialect/Attn/IR/AttnOps.h.inc"

namespace mlir::attn {

/// Whether query, key or value is of 8-bit floats.
bool hasFloat8(AttentionOp op);

} // namespace mlir::attn

#endif
