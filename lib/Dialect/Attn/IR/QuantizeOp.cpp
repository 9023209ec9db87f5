//===- QuantizeOp.cpp - attn.quantize -------------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Labels in brackets are the constraints of docs/Spec.md.

#include "Verification.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;

void QuantizeOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  if (isa<BaseMemRefType>(getInput().getType()))
    effects.emplace_back(MemoryEffects::Read::get(), &getInputMutable(),
                         SideEffects::DefaultResource::get());
  for (OpOperand &out : getOutsMutable())
    effects.emplace_back(MemoryEffects::Write::get(), &out,
                         SideEffects::DefaultResource::get());
}

int64_t QuantizeOp::getHadamardWidth() {
  int64_t headDim = getHeadDim();
  return std::min(headDim & -headDim, kMaxHadamardWidth);
}

/// Sign d is bit d % 64 of number d / 64 of SplitMix64 after the seed.
llvm::BitVector QuantizeOp::getHadamardSigns() {
  llvm::BitVector negative(static_cast<unsigned>(getHeadDim()));
  for (unsigned d = 0; d < negative.size(); ++d) {
    uint64_t z = uint64_t(*getHadamardSeed()) +
                 (uint64_t(d) / 64 + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    negative[d] = (z >> (d % 64)) & 1;
  }
  return negative;
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

static LogicalResult verifyForm(QuantizeOp op) {
  size_t results = op.getNumResults(), outs = op.getOuts().size();
  if (results + outs != 2 || (results && outs))
    return op.emitOpError("[Q7] expected two results or two outs, the 8-bit "
                          "tensor and its scales, but got ")
           << results << " and " << outs;
  bool tensors = isa<RankedTensorType>(op.getInput().getType());
  if (tensors != (results == 2))
    return op.emitOpError("[Q7] expected input and outputs to be all tensors "
                          "or all memrefs, but input is ")
           << op.getInput().getType();
  for (auto [name, value] : {NamedValue("input", op.getInput()),
                             {"out", op.getOut()},
                             {"scales", op.getScales()}}) {
    if (failed(verifyInnerStride(op, "Q8", name, value)))
      return failure();
  }
  return success();
}

static LogicalResult verifyTypes(QuantizeOp op) {
  if (shapeOf(op.getInput()).size() != 4)
    return op.emitOpError("[Q1] expected input of rank 4 (B x H x S x D), but "
                          "got ")
           << op.getInput().getType();
  if (size_t rank = shapeOf(op.getOut()).size(); rank != 4 && rank != 5)
    return op.emitOpError("[Q1] expected out of rank 4 (B x H x S x D), or 5 "
                          "(B x H x ceil(S / W) x D x W), but got ")
           << op.getOut().getType();
  size_t rank = shapeOf(op.getScales()).size();
  if (rank < 1 || rank > 3)
    return op.emitOpError("[Q1] expected scales of rank 3 (B x H x blocks), 2 "
                          "(B x H) or 1 (one), but got ")
           << op.getScales().getType();
  Type type = op.getElementType();
  if (!type.isF16() && !type.isBF16() && !type.isF32())
    return op.emitOpError("[Q2] expected input of element type f16, bf16 or "
                          "f32, but got ")
           << type;
  if (!isFloat8(elementOf(op.getOut())))
    return op.emitOpError("[Q2] expected out of element type f8E4M3FN or "
                          "f8E5M2, but got ")
           << elementOf(op.getOut());
  if (!elementOf(op.getScales()).isF32())
    return op.emitOpError("[Q2] expected scales of element type f32, but got ")
           << elementOf(op.getScales());
  return success();
}

/// Batch, heads and head dim of a transposed out, and its blocks.
static LogicalResult verifyTransposed(QuantizeOp op) {
  ArrayRef<int64_t> input = shapeOf(op.getInput()), out = shapeOf(op.getOut());
  int64_t width = out[4];
  if (ShapedType::isDynamic(width) || width <= 0 || width % 16)
    return op.emitOpError("[Q3] expected transposed blocks of a static "
                          "multiple of 16 rows, but got out ")
           << op.getOut().getType();
  int64_t blocks = ShapedType::isDynamic(input[2])
                       ? input[2]
                       : int64_t(llvm::divideCeil(input[2], width));
  return success(
      succeeded(verifySize(op, "Q3", "batch of out", input[0], out[0])) &&
      succeeded(verifySize(op, "Q3", "num_heads of out", input[1], out[1])) &&
      succeeded(
          verifySize(op, "Q3", "transposed blocks of out", blocks, out[2])) &&
      succeeded(verifySize(op, "Q3", "head_dim of out", input[3], out[3])));
}

static LogicalResult verifySizes(QuantizeOp op) {
  constexpr StringLiteral kDims[] = {"batch", "num_heads", "length",
                                     "head_dim"};
  ArrayRef<int64_t> input = shapeOf(op.getInput());
  if (op.getTransposedRows() && failed(verifyTransposed(op)))
    return failure();
  if (!op.getTransposedRows())
    for (auto [dim, expected, got] :
         llvm::zip(kDims, input, shapeOf(op.getOut())))
      if (failed(verifySize(op, "Q3", dim + " of out", expected, got)))
        return failure();
  return verifyScaleSizes(op, "Q4", "scales", shapeOf(op.getScales()),
                          input.take_front(2), input[2],
                          op.getBlock().value_or(0));
}

LogicalResult QuantizeOp::verify() {
  if (failed(verifyForm(*this)) || failed(verifyTypes(*this)))
    return failure();
  int64_t headDim = getHeadDim();
  if (getBlock().has_value() != (getScalesRank() == 3))
    return emitOpError(
               "[Q5] expected a block with scales of rank 3 and with no "
               "others, but got scales ")
           << getScales().getType();
  if (getBlock() && (int64_t(*getBlock()) <= 0 || *getBlock() > INT32_MAX))
    return emitOpError("[Q5] expected a block of 1 to 2^31 - 1 rows, but got ")
           << int64_t(*getBlock());
  if (ShapedType::isDynamic(headDim) || headDim <= 0)
    return emitOpError("[Q6] expected a static positive head_dim in input, but "
                       "got ")
           << getInputType();
  if (hasHadamard() && headDim % 16)
    return emitOpError("[Q6] expected a head_dim that is a multiple of 16 with "
                       "hadamard_seed, but got ")
           << headDim;
  return verifySizes(*this);
}
