//===- Verification.h - what attention ops have in common --------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_DIALECT_ATTN_IR_VERIFICATION_H
#define ATTN_LIB_DIALECT_ATTN_IR_VERIFICATION_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"

namespace mlir::attn {

/// A dimension of an operand, with the names that a message needs.
struct NamedDim {
  StringRef operand;
  StringRef dim;
  int64_t size;
};

/// Operands and outputs with their names.
using NamedValues = SmallVector<std::pair<StringRef, Value>>;

/// Static sizes must agree; a dynamic one is checked by the host function.
LogicalResult verifySame(Operation *op, StringRef label, NamedDim a,
                         NamedDim b);
/// The same for one size: `expected` elements of `what`.
LogicalResult verifySize(Operation *op, StringRef label, const Twine &what,
                         int64_t expected, int64_t got);
LogicalResult verifyRank(Operation *op, StringRef name, Value value,
                         int64_t rank, StringRef dims);
/// A memref is strided, and its innermost stride 1 where it is static.
LogicalResult verifyInnerStride(Operation *op, StringRef label, StringRef name,
                                Value value);
/// [A12] `outs` or results, at least one and at most `most`, and all values of
/// one kind; the first one is `query`.
LogicalResult verifyKinds(AttentionOpInterface op, size_t most,
                          function_ref<NamedValues()> values);
/// [A2] f16, bf16 or f32, the same for all but lse.
LogicalResult verifyElementTypes(AttentionOpInterface op,
                                 const NamedValues &values);
/// The types of an op with a query, key or value of 8-bit floats. [A2, A8, A17]
LogicalResult verifyFloat8Types(AttentionOp op);
/// [A18, A19] Scales of 8-bit operands.
LogicalResult verifyScales(AttentionOp op);
/// The same rule for one tensor of scales, `name`: one, B x H, or B x H x
/// ceil(length / block). `heads` are B and H.
LogicalResult verifyScaleSizes(Operation *op, StringRef label,
                               const Twine &name, ArrayRef<int64_t> sizes,
                               ArrayRef<int64_t> heads, int64_t length,
                               int64_t block);
/// [A20] A value in transposed blocks.
LogicalResult verifyTransposedValue(AttentionOp op);
/// [A3 to A7] Sizes of the first map, value and output.
LogicalResult verifyShapes(AttentionOpInterface op);
/// [A15, A16] What the normalizer defines and takes.
LogicalResult verifyNormalizer(AttentionOpInterface op);
/// [A9, A10] Arguments, contents and result of each region.
LogicalResult verifyRegionsOf(AttentionOpInterface op);

/// The effects of an op on memrefs: it writes its `outs` and reads the rest.
void collectEffects(
    AttentionOpInterface op,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects);

/// Drops a region that says nothing: a score that is passed through, a mask
/// that is always true.
LogicalResult dropIdleRegion(AttentionOpInterface op,
                             PatternRewriter &rewriter);

} // namespace mlir::attn

#endif
