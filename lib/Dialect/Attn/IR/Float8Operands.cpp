//===- Float8Operands.cpp - 8-bit operands of attn.attention --------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Labels in brackets are the constraints of docs/Spec.md.

#include "Verification.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;

bool attn::isFloat8(Type type) {
  return isa<Float8E4M3FNType, Float8E5M2Type>(type);
}

static Type elementOf(Value value) {
  return cast<ShapedType>(value.getType()).getElementType();
}

bool attn::hasFloat8(AttentionOp op) {
  return llvm::any_of(ValueRange{op.getQuery(), op.getKey(), op.getValue()},
                      [](Value value) { return isFloat8(elementOf(value)); });
}

LogicalResult attn::verifyFloat8Types(AttentionOp op) {
  Type type = elementOf(op.getQuery()), out = elementOf(op.getOut());
  auto isWide = [](Type t) { return t.isF16() || t.isBF16() || t.isF32(); };
  if (!isWide(type) && !isFloat8(type))
    return op.emitOpError("[A2] expected query of element type f16, bf16, f32, "
                          "f8E4M3FN or f8E5M2, but got ")
           << type;
  for (auto [name, value] : {std::pair<StringRef, Value>("key", op.getKey()),
                             {"value", op.getValue()}}) {
    Type other = elementOf(value);
    if (!isFloat8(other) && other != type)
      return op.emitOpError("[A17] expected ")
             << name << " of element type f8E4M3FN or f8E5M2"
             << (isFloat8(type) ? "" : " or that of query") << ", but got "
             << other;
  }
  if (isFloat8(type) ? !isWide(out) : out != type)
    return op.emitOpError("[A17] expected out of ")
           << (isFloat8(type) ? "f16, bf16 or f32"
                              : "the element type of query")
           << ", but got " << out;
  if (op.getLse() && !elementOf(op.getLse()).isF32())
    return op.emitOpError("[A8] expected lse of element type f32, but got ")
           << elementOf(op.getLse());
  return success();
}

namespace {
/// Scales and the tensor that they belong to.
struct ScaledOperand {
  StringRef name;
  Value tensor, scales; ///< null scales: there are none
  int64_t length;       ///< of the sequence, or dynamic
};
} // namespace

static LogicalResult verifyScalesOf(AttentionOp op,
                                    const ScaledOperand &operand) {
  auto name = [&] { return (operand.name + "_scales").str(); };
  auto type = cast<ShapedType>(operand.scales.getType());
  if (!isFloat8(elementOf(operand.tensor)))
    return op.emitOpError("[A18] expected no ")
           << name() << " for " << operand.name << " of element type "
           << elementOf(operand.tensor)
           << ": only 8-bit floats come with scales";
  if (type.getRank() < 1 || type.getRank() > 3 ||
      !type.getElementType().isF32())
    return op.emitOpError("[A18] expected ")
           << name()
           << " of f32 and rank 3 (B x H x blocks), 2 (B x H) or 1 (one), but "
              "got "
           << type;
  if (failed(verifyInnerStride(op, "A13", name(), operand.scales)))
    return failure();
  // A block that is none is reported as [A19].
  return verifyScaleSizes(op, "A18", name(), type.getShape(),
                          AttentionOp::getShape(operand.tensor).take_front(2),
                          operand.length, op.getBlock().value_or(0));
}

LogicalResult attn::verifyScaleSizes(Operation *op, StringRef label,
                                     const Twine &name, ArrayRef<int64_t> sizes,
                                     ArrayRef<int64_t> heads, int64_t length,
                                     int64_t block) {
  std::string scales = name.str();
  if (sizes.size() == 1)
    return verifySize(op, label, "size of " + scales, 1, sizes[0]);
  constexpr StringLiteral kDims[] = {"batch", "num_heads"};
  for (auto [dim, expected, got] : llvm::zip(kDims, heads, sizes))
    if (failed(verifySize(op, label, dim + " of " + scales, expected, got)))
      return failure();
  if (sizes.size() == 2 || ShapedType::isDynamic(length) || block <= 0)
    return success();
  return verifySize(op, label, "blocks of " + scales,
                    llvm::divideCeil(length, block), sizes[2]);
}

LogicalResult attn::verifyScales(AttentionOp op) {
  int64_t queries = AttentionOp::getShape(op.getQuery())[2],
          keys = AttentionOp::getShape(op.getKey())[2];
  bool hasBlocks = false;
  for (const ScaledOperand &operand :
       {ScaledOperand{"query", op.getQuery(), op.getQueryScales(), queries},
        ScaledOperand{"key", op.getKey(), op.getKeyScales(), keys},
        ScaledOperand{"value", op.getValue(), op.getValueScales(), keys}}) {
    if (!operand.scales)
      continue;
    if (failed(verifyScalesOf(op, operand)))
      return failure();
    hasBlocks |= cast<ShapedType>(operand.scales.getType()).getRank() == 3;
  }
  if (op.getBlock().has_value() != hasBlocks)
    return op.emitOpError("[A19] expected a block with scales of rank 3 and "
                          "with no others, but got ")
           << (hasBlocks ? "none" : "one");
  if (hasBlocks &&
      (int64_t(*op.getBlock()) <= 0 || int64_t(*op.getBlock()) > INT32_MAX))
    return op.emitOpError("[A19] expected a block of 1 to 2^31 - 1 rows, but "
                          "got ")
           << int64_t(*op.getBlock());
  return success();
}

LogicalResult attn::verifyTransposedValue(AttentionOp op) {
  ArrayRef<int64_t> shape = AttentionOp::getShape(op.getValue());
  if (shape.size() != 5)
    return success();
  if (!isFloat8(elementOf(op.getValue())))
    return op.emitOpError("[A20] expected a value of 8-bit floats in "
                          "transposed blocks, but got ")
           << op.getValue().getType();
  int64_t width = shape[4];
  if (ShapedType::isDynamic(width) || width <= 0 || width % 16)
    return op.emitOpError("[A20] expected transposed blocks of a static "
                          "multiple of 16 keys, but got ")
           << op.getValue().getType();
  int64_t keys = AttentionOp::getShape(op.getKey())[2];
  if (ShapedType::isDynamic(keys))
    return success();
  return verifySize(op, "A20", "transposed blocks of value",
                    llvm::divideCeil(keys, width), shape[2]);
}
