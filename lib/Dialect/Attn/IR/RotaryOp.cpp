//===- RotaryOp.cpp - attn.rotary -----------------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Labels in brackets are the constraints of docs/Spec.md.

#include "Verification.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

void RotaryOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : getOperation()->getOpOperands()) {
    if (!isa<BaseMemRefType>(operand.get().getType()))
      continue;
    bool isOut = operand.get() == getOuts();
    if (!isOut || operand.get() == getInput())
      effects.emplace_back(MemoryEffects::Read::get(), &operand,
                           SideEffects::DefaultResource::get());
    if (isOut)
      effects.emplace_back(MemoryEffects::Write::get(), &operand,
                           SideEffects::DefaultResource::get());
  }
}

//===----------------------------------------------------------------------===//
// Verifier
//===----------------------------------------------------------------------===//

using NamedValue = std::pair<StringRef, Value>;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<ShapedType>(value.getType()).getShape();
}

static Type elementOf(Value value) {
  return cast<ShapedType>(value.getType()).getElementType();
}

/// What the op reads and writes, without scalars.
static SmallVector<NamedValue> namedValues(RotaryOp op) {
  SmallVector<NamedValue> values = {{"input", op.getInput()},
                                    {"out", op.getOut()}};
  for (NamedValue optional : {NamedValue("positions", op.getPositions()),
                              {"cos", op.getCos()},
                              {"sin", op.getSin()}})
    if (optional.second)
      values.push_back(optional);
  return values;
}

static LogicalResult verifyForm(RotaryOp op) {
  if (bool(op.getResult()) == bool(op.getOuts()))
    return op.emitOpError("[P11] expected either a result or outs, but got ")
           << (op.getOuts() ? "both" : "neither");
  bool tensors = isa<RankedTensorType>(op.getInput().getType());
  for (auto [name, value] : namedValues(op)) {
    if (isa<RankedTensorType>(value.getType()) != tensors)
      return op.emitOpError("[P11] expected all operands to be tensors or all "
                            "to be memrefs, but ")
             << name << " is " << value.getType() << " and input is "
             << op.getInput().getType();
    if (failed(verifyInnerStride(op, "P12", name, value)))
      return failure();
  }
  return success();
}

static LogicalResult verifyInputAndOut(RotaryOp op) {
  for (auto [name, value] :
       {NamedValue("input", op.getInput()), {"out", op.getOut()}})
    if (shapeOf(value).size() != 4)
      return op.emitOpError("[P1] expected ")
             << name << " of rank 4 (B x H x S x D), but got "
             << value.getType();
  Type type = op.getElementType();
  if (!type.isF16() && !type.isBF16() && !type.isF32())
    return op.emitOpError("[P2] expected input of element type f16, bf16 or "
                          "f32, but got ")
           << type;
  if (elementOf(op.getOut()) != type)
    return op.emitOpError("[P2] expected out of the same element type as "
                          "input (")
           << type << "), but got " << elementOf(op.getOut());
  constexpr StringLiteral kDims[] = {"batch", "num_heads", "length",
                                     "head_dim"};
  for (auto [dim, expected, got] :
       llvm::zip(kDims, shapeOf(op.getInput()), shapeOf(op.getOut())))
    if (failed(verifySize(op, "P3", (dim + " of out").str(), expected, got)))
      return failure();
  return success();
}

static LogicalResult verifyWidth(RotaryOp op) {
  int64_t headDim = op.getHeadDim();
  if (ShapedType::isDynamic(headDim) || headDim <= 0)
    return op.emitOpError("[P4] expected a static positive head_dim in input, "
                          "but got ")
           << op.getInput().getType();
  int64_t width = op.getRotaryWidth();
  if (width > 0 && width % 2 == 0 && width <= headDim)
    return success();
  return op.emitOpError("[P4] expected an even positive rotary width of at "
                        "most the head_dim ")
         << headDim << ", but got " << width;
}

static LogicalResult verifyPositions(RotaryOp op) {
  Value positions = op.getPositions();
  if (!positions)
    return success();
  if (op.getOffset())
    return op.emitOpError("[P6] expected an offset or positions, but got both; "
                          "add the offset to the positions");
  Type type = elementOf(positions);
  if (!type.isInteger(32) && !type.isInteger(64))
    return op.emitOpError("[P5] expected positions of element type i32 or "
                          "i64, but got ")
           << type;
  ArrayRef<int64_t> shape = shapeOf(positions), input = shapeOf(op.getInput());
  if (shape.size() != 1 && shape.size() != 2)
    return op.emitOpError("[P5] expected positions of shape S or B x S, but "
                          "got ")
           << positions.getType();
  if (shape.size() == 2 &&
      failed(verifySize(op, "P5", "batch of positions", input[0], shape[0])))
    return failure();
  return verifySize(op, "P5", "length of positions", input[2], shape.back());
}

static LogicalResult verifyTables(RotaryOp op) {
  Value cos = op.getCos(), sin = op.getSin();
  if (bool(cos) != bool(sin))
    return op.emitOpError("[P7] expected both cos and sin or neither, but got "
                          "only ")
           << (cos ? "cos" : "sin");
  if (!cos)
    return success();
  for (auto [name, table] : {NamedValue("cos", cos), {"sin", sin}}) {
    Type type = elementOf(table);
    if (!type.isF16() && !type.isBF16() && !type.isF32())
      return op.emitOpError("[P7] expected ")
             << name << " of element type f16, bf16 or f32, but got " << type;
    if (shapeOf(table).size() != 2 ||
        shapeOf(table)[1] != op.getRotaryWidth() / 2)
      return op.emitOpError("[P7] expected ")
             << name << " of shape P x " << op.getRotaryWidth() / 2
             << ", half of the rotary width, but got " << table.getType();
  }
  if (elementOf(cos) != elementOf(sin))
    return op.emitOpError("[P7] expected sin of the same element type as cos (")
           << elementOf(cos) << "), but got " << elementOf(sin);
  if (failed(verifySize(op, "P7", "positions of sin", shapeOf(cos)[0],
                        shapeOf(sin)[0])))
    return failure();
  if (op.getBase() || op.getScaling())
    return op.emitOpError("[P8] expected no base and no scaling with cos and "
                          "sin, which say it all");
  return success();
}

static LogicalResult verifyFrequencies(RotaryOp op) {
  double base = op.getBaseOrDefault();
  if (!std::isfinite(base) || base <= 0)
    return op.emitOpError("[P8] expected a finite positive base, but got ")
           << base;
  if (auto scaling = op.getScaling();
      scaling && failed(scaling->verifyFor([&] { return op.emitOpError(); },
                                           base, op.getRotaryWidth())))
    return failure();
  for (ArrayRef<float> row : op.getFrequencies())
    for (auto [d, frequency] : llvm::enumerate(row))
      if (!std::isfinite(frequency))
        return op.emitOpError("[P9] expected frequencies that are finite in "
                              "f32, but that of pair ")
               << d << " is not";
  return success();
}

static LogicalResult verifyLength(RotaryOp op) {
  bool matters = op.getLengthLimit().has_value();
  if (op.getLength() && !matters)
    return op.emitOpError("[P10] expected no length without a scaling that "
                          "depends on it");
  if (!op.getLength() && matters && op.getPositions())
    return op.emitOpError("[P10] expected a length, the largest position plus "
                          "one: with positions the scaling cannot know it");
  return success();
}

LogicalResult RotaryOp::verify() {
  if (failed(verifyForm(*this)) || failed(verifyInputAndOut(*this)) ||
      failed(verifyWidth(*this)) || failed(verifyPositions(*this)) ||
      failed(verifyTables(*this)) || failed(verifyFrequencies(*this)))
    return failure();
  return verifyLength(*this);
}
