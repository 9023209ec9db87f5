//===- DifferentialOp.cpp - attn.differential -----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Labels in brackets are the constraints of docs/Spec.md: D of this op, A of
// attn.attention where the same rule holds.

#include "Verification.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Accessors
//===----------------------------------------------------------------------===//

Value DifferentialOp::getOut() {
  return isBufferized() ? Value(getOuts().front()) : Value(getResult(0));
}

SmallVector<Value> DifferentialOp::getEpilogueInputs() {
  SmallVector<Value> inputs = {getLambda()};
  if (Value weight = getWeight())
    inputs.push_back(weight);
  return inputs;
}

double DifferentialOp::getScaleValue() {
  if (auto scale = getScale())
    return scale->convertToFloat();
  return 1.0 / std::sqrt(double(getHeadDim()));
}

double DifferentialOp::getNormScaleValue() {
  auto scale = getNormScale();
  return scale ? scale->convertToFloat() : 1.0;
}

NormalizerAttrInterface DifferentialOp::getNormalizerOrDefault() {
  if (auto normalizer = getNormalizer())
    return *normalizer;
  return cast<NormalizerAttrInterface>(SoftmaxAttr::get(getContext()));
}

Type DifferentialOp::getElementType() {
  return cast<ShapedType>(getQuery0().getType()).getElementType();
}

SmallVector<Value> DifferentialOp::getCaptures() {
  return collectCaptures(getOperation());
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
        failed(verifyInnerStride(op, named.first, named.second)))
      return failure();
  return success();
}

/// [A3 to A7] The shapes of attn.attention, and [D1, D2] the same for the
/// second map.
static LogicalResult verifyShapes(DifferentialOp op) {
  auto shape = [](Value value) { return DifferentialOp::getShape(value); };
  ArrayRef<int64_t> q = shape(op.getQuery0()), k = shape(op.getKey0()),
                    v = shape(op.getValue()), o = shape(op.getOut());
  constexpr StringLiteral kDims[] = {"batch", "num_heads", "length",
                                     "head_dim"};
  for (auto [name, sizes] : {std::pair("query0", q), {"value", v}}) {
    if (ShapedType::isDynamic(sizes[3]))
      return op.emitOpError("[A4] expected a static head_dim in ") << name;
    if (sizes[3] <= 0)
      return op.emitOpError("[A4] expected a positive head_dim in ") << name;
  }
  for (int d = 0; d < 4; ++d)
    if (failed(verifySame(op, "D1", {"query0", kDims[d], q[d]},
                          {"query1", kDims[d], shape(op.getQuery1())[d]})) ||
        failed(verifySame(op, "D2", {"key0", kDims[d], k[d]},
                          {"key1", kDims[d], shape(op.getKey1())[d]})))
      return failure();
  if (failed(verifySame(op, "A3", {"query0", "batch", q[0]},
                        {"key0", "batch", k[0]})) ||
      failed(verifySame(op, "A3", {"key0", "batch", k[0]},
                        {"value", "batch", v[0]})) ||
      failed(verifySame(op, "A4", {"query0", "head_dim", q[3]},
                        {"key0", "head_dim", k[3]})) ||
      failed(verifySame(op, "A5", {"key0", "num_kv_heads", k[1]},
                        {"value", "num_kv_heads", v[1]})) ||
      failed(verifySame(op, "A5", {"key0", "length", k[2]},
                        {"value", "length", v[2]})))
    return failure();
  for (int d = 0; d < 4; ++d)
    if (failed(verifySame(
            op, "A7", {"out", kDims[d], o[d]},
            {d < 3 ? "query0" : "value", kDims[d], d < 3 ? q[d] : v[d]})))
      return failure();
  if (!ShapedType::isDynamic(q[1]) && !ShapedType::isDynamic(k[1]) &&
      (k[1] == 0 || q[1] % k[1] != 0))
    return op.emitOpError("[A6] expected num_heads to be a multiple of "
                          "num_kv_heads, but got ")
           << q[1] << " and " << k[1];
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
      failed(verifyLambda(*this)))
    return failure();
  return verifyNorm(*this);
}

LogicalResult DifferentialOp::verifyRegions() { return verifyRegionsOf(*this); }

LogicalResult DifferentialOp::canonicalize(DifferentialOp op,
                                           PatternRewriter &rewriter) {
  return dropIdleRegion(op, rewriter);
}
