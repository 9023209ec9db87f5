//===- DifferentialOp.cpp - attn.differential -----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Labels in brackets are the constraints of docs/Spec.md: D of this op, A of
// attn.attention where the same rule holds.

#include "Verification.h"

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Accessors
//===----------------------------------------------------------------------===//

SmallVector<Value> DifferentialOp::getEpilogueInputs() {
  SmallVector<Value> inputs = {getLambda()};
  if (Value weight = getWeight())
    inputs.push_back(weight);
  return inputs;
}

double DifferentialOp::getNormScaleValue() {
  auto scale = getNormScale();
  return scale ? scale->convertToFloat() : 1.0;
}

int64_t DifferentialOp::getLambdaRank() {
  auto type = dyn_cast<ShapedType>(getLambda().getType());
  return type ? type.getRank() : 0;
}

void DifferentialOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  collectEffects(*this, effects);
}

//===----------------------------------------------------------------------===//
// Verifier
//===----------------------------------------------------------------------===//

/// Those of the element type; query0 comes first.
static NamedValues namedValues(DifferentialOp op) {
  return {{"query0", op.getQuery0()}, {"key0", op.getKey0()},
          {"query1", op.getQuery1()}, {"key1", op.getKey1()},
          {"value", op.getValue()},   {"out", op.getOut()}};
}

static LogicalResult verifyRanks(DifferentialOp op) {
  constexpr StringLiteral kDims[] = {"B x Hq x Sq x Dqk", "B x Hkv x Sk x Dqk",
                                     "B x Hq x Sq x Dqk", "B x Hkv x Sk x Dqk",
                                     "B x Hkv x Sk x Dv", "B x Hq x Sq x Dv"};
  for (auto [named, dims] : llvm::zip(namedValues(op), kDims))
    if (failed(verifyRank(op, named.first, named.second, 4, dims)) ||
        failed(verifyInnerStride(op, "A13", named.first, named.second)))
      return failure();
  return success();
}

/// [D1, D2] The second map has the sizes of the first one.
static LogicalResult verifySecondMap(DifferentialOp op) {
  auto shape = [](Value value) { return DifferentialOp::getShape(value); };
  constexpr StringLiteral kDims[] = {"batch", "num_heads", "length",
                                     "head_dim"};
  for (int d = 0; d < 4; ++d)
    if (failed(verifySame(op, "D1",
                          {"query0", kDims[d], shape(op.getQuery0())[d]},
                          {"query1", kDims[d], shape(op.getQuery1())[d]})) ||
        failed(verifySame(op, "D2", {"key0", kDims[d], shape(op.getKey0())[d]},
                          {"key1", kDims[d], shape(op.getKey1())[d]})))
      return failure();
  return success();
}

/// Lambda and weight come with their own element type.
static LogicalResult verifyEpilogueType(DifferentialOp op, StringRef label,
                                        StringRef name, Value value) {
  Type element = getElementTypeOrSelf(value.getType());
  if (!element.isF32() && element != op.getElementType())
    return op.emitOpError("[")
           << label << "] expected " << name << " of element type f32"
           << (op.getElementType().isF32() ? "" : " or that of query0")
           << ", but got " << element;
  auto type = dyn_cast<ShapedType>(value.getType());
  if (type && isa<BaseMemRefType>(type) != op.isBufferized())
    return op.emitOpError("[A12] expected ")
           << name << " to be a " << (op.isBufferized() ? "memref" : "tensor")
           << " as query0 is, but got " << type;
  return success();
}

static LogicalResult verifyLambda(DifferentialOp op) {
  Value lambda = op.getLambda();
  if (failed(verifyEpilogueType(op, "D3", "lambda", lambda)))
    return failure();
  int64_t rank = op.getLambdaRank();
  if (rank != 0 && rank != 1 && rank != 3)
    return op.emitOpError("[D4] expected lambda of rank 0 (one number), 1 (Hq) "
                          "or 3 (B x Hq x Sq), but got ")
           << lambda.getType();
  if (rank == 0)
    return success();
  ArrayRef<int64_t> q = DifferentialOp::getShape(op.getQuery0()),
                    l = DifferentialOp::getShape(lambda);
  if (rank == 1)
    return verifySame(op, "D5", {"lambda", "num_heads", l[0]},
                      {"query0", "num_heads", q[1]});
  constexpr StringLiteral kDims[] = {"batch", "num_heads", "length"};
  for (int d = 0; d < 3; ++d)
    if (failed(verifySame(op, "D5", {"lambda", kDims[d], l[d]},
                          {"query0", kDims[d], q[d]})))
      return failure();
  return success();
}

static LogicalResult verifyNorm(DifferentialOp op) {
  auto epsilon = op.getNormEpsilon();
  if (!epsilon) {
    if (op.getNormScale() || op.getWeight())
      return op.emitOpError("[D6] expected norm_scale and weight only with "
                            "norm_epsilon, which asks for the norm");
    return success();
  }
  if (!epsilon->isFinite() || epsilon->convertToFloat() <= 0)
    return op.emitOpError("[D7] expected a finite norm_epsilon above 0, but "
                          "got ")
           << epsilon->convertToFloat();
  if (auto scale = op.getNormScale(); scale && !scale->isFinite())
    return op.emitOpError("[D7] expected a finite norm_scale");
  Value weight = op.getWeight();
  if (!weight)
    return success();
  if (failed(verifyEpilogueType(op, "D3", "weight", weight)))
    return failure();
  ArrayRef<int64_t> shape = DifferentialOp::getShape(weight);
  if (shape.size() != 1)
    return op.emitOpError("[D8] expected weight of rank 1 (Dv), but got ")
           << weight.getType();
  return verifySame(op, "D8", {"weight", "head_dim", shape[0]},
                    {"value", "head_dim", op.getValueHeadDim()});
}

LogicalResult DifferentialOp::verify() {
  if (failed(
          verifyKinds(*this, /*most=*/1, [&] { return namedValues(*this); })) ||
      failed(verifyRanks(*this)))
    return failure();
  if (auto scale = getScale(); scale && !scale->isFinite())
    return emitOpError("[A11] expected a finite scale");
  if (failed(verifyElementTypes(*this, namedValues(*this))) ||
      failed(verifyNormalizer(*this)) || failed(verifyShapes(*this)) ||
      failed(verifySecondMap(*this)) || failed(verifyLambda(*this)))
    return failure();
  return verifyNorm(*this);
}

LogicalResult DifferentialOp::verifyRegions() { return verifyRegionsOf(*this); }

LogicalResult DifferentialOp::canonicalize(DifferentialOp op,
                                           PatternRewriter &rewriter) {
  return dropIdleRegion(op, rewriter);
}
