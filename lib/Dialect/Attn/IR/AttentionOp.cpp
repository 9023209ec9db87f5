//===- AttentionOp.cpp - attn.attention -----------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Labels in brackets are the constraints of docs/Spec.md.

#include "Verification.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Accessors
//===----------------------------------------------------------------------===//

Value AttentionOp::getLse() {
  if (isBufferized())
    return getOuts().size() > 1 ? Value(getOuts()[1]) : Value();
  return getNumResults() > 1 ? Value(getResult(1)) : Value();
}

NormalizerAttrInterface attn::getDefaultNormalizer(MLIRContext *context) {
  return cast<NormalizerAttrInterface>(SoftmaxAttr::get(context));
}

SmallVector<Value> attn::collectCaptures(Operation *attention) {
  llvm::SetVector<Value> captures;
  for (Region &region : attention->getRegions())
    region.walk([&](Operation *op) {
      for (Value operand : op->getOperands())
        if (!region.isAncestor(operand.getParentRegion()))
          captures.insert(operand);
    });
  return captures.takeVector();
}

void AttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  collectEffects(*this, effects);
}

void attn::collectEffects(
    AttentionOpInterface op,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  // They are the last ones.
  unsigned firstOut = op->getNumOperands() - op.getOuts().size();
  for (OpOperand &operand : op->getOpOperands())
    if (isa<BaseMemRefType>(operand.get().getType())) {
      bool isOut = operand.getOperandNumber() >= firstOut;
      effects.emplace_back(isOut ? static_cast<MemoryEffects::Effect *>(
                                       MemoryEffects::Write::get())
                                 : MemoryEffects::Read::get(),
                           &operand, SideEffects::DefaultResource::get());
    }
  if (llvm::any_of(op.getCaptures(), [](Value capture) {
        return isa<BaseMemRefType>(capture.getType());
      }))
    effects.emplace_back(MemoryEffects::Read::get());
}

//===----------------------------------------------------------------------===//
// Verifier
//===----------------------------------------------------------------------===//

LogicalResult attn::verifySame(Operation *op, StringRef label, NamedDim a,
                               NamedDim b) {
  if (ShapedType::isDynamic(a.size) || ShapedType::isDynamic(b.size) ||
      a.size == b.size)
    return success();
  return op->emitOpError("[")
         << label << "] expected the same " << a.dim << " in " << a.operand
         << " and " << b.operand << ", but got " << a.size << " and " << b.size;
}

LogicalResult attn::verifyRank(Operation *op, StringRef name, Value value,
                               int64_t rank, StringRef dims) {
  auto type = cast<ShapedType>(value.getType());
  if (type.getRank() == rank)
    return success();
  return op->emitOpError("[A1] expected ")
         << name << " of rank " << rank << " (" << dims << "), but got "
         << type;
}

LogicalResult attn::verifySize(Operation *op, StringRef label,
                               const Twine &what, int64_t expected,
                               int64_t got) {
  if (ShapedType::isDynamic(expected) || ShapedType::isDynamic(got) ||
      expected == got)
    return success();
  return op->emitOpError("[") << label << "] expected " << what << " to be "
                              << expected << ", but got " << got;
}

LogicalResult attn::verifyInnerStride(Operation *op, StringRef label,
                                      StringRef name, Value value) {
  auto type = dyn_cast<MemRefType>(value.getType());
  if (!type)
    return success();
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return op->emitOpError("[") << label << "] expected " << name
                                << " with a strided layout, but got " << type;
  if (!strides.empty() && !ShapedType::isDynamic(strides.back()) &&
      strides.back() != 1)
    return op->emitOpError("[")
           << label << "] expected " << name
           << " with innermost stride 1, but got " << strides.back();
  return success();
}

/// All values whose stride and types the op rules on; the scales have rules of
/// their own.
static NamedValues namedValues(AttentionOp op) {
  NamedValues values = {
      {"query", op.getQuery()}, {"key", op.getKey()}, {"value", op.getValue()}};
  values.push_back({"out", op.getOut()});
  if (Value lse = op.getLse())
    values.push_back({"lse", lse});
  return values;
}

static NamedValues withScales(AttentionOp op) {
  NamedValues values = namedValues(op);
  for (auto [name, scales] :
       {std::pair<StringRef, Value>("query_scales", op.getQueryScales()),
        {"key_scales", op.getKeyScales()},
        {"value_scales", op.getValueScales()}})
    if (scales)
      values.push_back({name, scales});
  return values;
}

LogicalResult attn::verifyKinds(AttentionOpInterface op, size_t most,
                                function_ref<NamedValues()> values) {
  size_t results = op->getNumResults(), outs = op.getOuts().size();
  bool tensors = isa<RankedTensorType>(op.getQuery().getType());
  if (outs && results)
    return op.emitOpError(
        "[A12] expected either results or outs, but got both");
  size_t count = results + outs;
  if (count < 1 || count > most)
    return op.emitOpError("[A12] expected out")
           << (most > 1 ? " and optionally lse" : " alone") << ", but got "
           << count << (tensors ? " results" : " outs");
  NamedValues named = values();
  for (auto [name, value] : named)
    if (isa<RankedTensorType>(value.getType()) != tensors)
      return op.emitOpError("[A12] expected all operands to be tensors or all "
                            "to be memrefs, but ")
             << name << " is " << value.getType() << " and "
             << named.front().first << " is " << op.getQuery().getType();
  return success();
}

LogicalResult attn::verifyElementTypes(AttentionOpInterface op,
                                       const NamedValues &values) {
  StringRef query = values.front().first;
  Type type = op.getElementType();
  if (!type.isF16() && !type.isBF16() && !type.isF32())
    return op.emitOpError("[A2] expected ")
           << query << " of element type f16, bf16 or f32, but got " << type;
  for (auto [name, value] : values) {
    Type other = cast<ShapedType>(value.getType()).getElementType();
    if (name == "lse") {
      if (!other.isF32())
        return op.emitOpError("[A8] expected lse of element type f32, but got ")
               << other;
    } else if (other != type) {
      return op.emitOpError("[A2] expected ")
             << name << " of the same element type as " << query << " (" << type
             << "), but got " << other;
    }
  }
  return success();
}

LogicalResult attn::verifyShapes(AttentionOpInterface op) {
  bool isOnly = op.getQueries().size() == 1;
  StringRef query = isOnly ? "query" : "query0", key = isOnly ? "key" : "key0";
  auto shape = [](Value value) {
    return cast<ShapedType>(value.getType()).getShape();
  };
  ArrayRef<int64_t> q = shape(op.getQuery()), k = shape(op.getKey()),
                    v = shape(op.getValue()), o = shape(op.getOut());
  for (auto [name, sizes] : {std::pair(query, q), {StringRef("value"), v}})
    if (ShapedType::isDynamic(sizes[3]))
      return op.emitOpError("[A4] expected a static head_dim in ") << name;
  if (failed(
          verifySame(op, "A3", {query, "batch", q[0]}, {key, "batch", k[0]})) ||
      failed(verifySame(op, "A3", {key, "batch", k[0]},
                        {"value", "batch", v[0]})) ||
      failed(verifySame(op, "A4", {query, "head_dim", q[3]},
                        {key, "head_dim", k[3]})) ||
      failed(verifySame(op, "A5", {key, "num_kv_heads", k[1]},
                        {"value", "num_kv_heads", v[1]})) ||
      // The verifier of transposed blocks knows how many there are.
      (v.size() == 4 && failed(verifySame(op, "A5", {key, "length", k[2]},
                                          {"value", "length", v[2]}))) ||
      failed(verifySame(op, "A7", {"out", "batch", o[0]},
                        {query, "batch", q[0]})) ||
      failed(verifySame(op, "A7", {"out", "num_heads", o[1]},
                        {query, "num_heads", q[1]})) ||
      failed(verifySame(op, "A7", {"out", "length", o[2]},
                        {query, "length", q[2]})) ||
      failed(verifySame(op, "A7", {"out", "head_dim", o[3]},
                        {"value", "head_dim", v[3]})))
    return failure();
  if (q[3] <= 0 || v[3] <= 0)
    return op.emitOpError("[A4] expected a positive head_dim");
  if (!ShapedType::isDynamic(q[1]) && !ShapedType::isDynamic(k[1]) &&
      (k[1] == 0 || q[1] % k[1] != 0))
    return op.emitOpError("[A6] expected num_heads to be a multiple of "
                          "num_kv_heads, but got ")
           << q[1] << " and " << k[1];
  return success();
}

static LogicalResult verifyLse(AttentionOp op) {
  Value lse = op.getLse();
  if (!lse)
    return success();
  constexpr StringLiteral kDims[] = {"batch", "num_heads", "length"};
  for (int d = 0; d < 3; ++d)
    if (failed(verifySame(
            op, "A8", {"lse", kDims[d], AttentionOp::getShape(lse)[d]},
            {"query", kDims[d], AttentionOp::getShape(op.getQuery())[d]})))
      return failure();
  return success();
}

LogicalResult attn::verifyNormalizer(AttentionOpInterface op) {
  NormalizerAttrInterface normalizer = op.getNormalizerOrDefault();
  if (op.getLse() && !normalizer.hasLse())
    return op.emitOpError("[A15] expected no lse with ")
           << normalizer << ", which defines none; ask for out alone";
  if (!op.getSink().empty() && !normalizer.takesSink())
    return op.emitOpError("[A16] expected no sink region with ")
           << normalizer << ", whose weights do not depend on one";
  return success();
}

static LogicalResult verifyValueRank(AttentionOp op) {
  if (cast<ShapedType>(op.getValue().getType()).getRank() == 5)
    return success(); // in transposed blocks
  return verifyRank(op, "value", op.getValue(), 4, "B x Hkv x Sk x Dv");
}

LogicalResult AttentionOp::verify() {
  if (failed(
          verifyKinds(*this, /*most=*/2, [&] { return withScales(*this); })) ||
      failed(verifyRank(*this, "query", getQuery(), 4, "B x Hq x Sq x Dqk")) ||
      failed(verifyRank(*this, "key", getKey(), 4, "B x Hkv x Sk x Dqk")) ||
      failed(verifyValueRank(*this)) ||
      failed(verifyRank(*this, "out", getOut(), 4, "B x Hq x Sq x Dv")) ||
      (getLse() &&
       failed(verifyRank(*this, "lse", getLse(), 3, "B x Hq x Sq"))))
    return failure();
  for (auto [name, value] : namedValues(*this))
    if (failed(verifyInnerStride(*this, "A13", name, value)))
      return failure();
  if (auto scale = getScale(); scale && !scale->isFinite())
    return emitOpError("[A11] expected a finite scale");
  LogicalResult types = hasFloat8(*this)
                            ? verifyFloat8Types(*this)
                            : verifyElementTypes(*this, namedValues(*this));
  if (failed(types) || failed(verifyNormalizer(*this)) ||
      failed(verifyShapes(*this)) || failed(verifyTransposedValue(*this)) ||
      failed(verifyScales(*this)))
    return failure();
  return verifyLse(*this);
}

//===----------------------------------------------------------------------===//
// Region verifier
//===----------------------------------------------------------------------===//

static LogicalResult verifySignature(AttentionOpInterface op, StringRef label,
                                     StringRef name, Region &region,
                                     ArrayRef<Type> arguments, Type yielded) {
  Block &block = region.front();
  if (!llvm::equal(block.getArgumentTypes(), arguments)) {
    auto diag = op.emitOpError("[")
                << label << "] expected " << name << " region arguments (";
    llvm::interleaveComma(arguments, diag);
    diag << "), but got (";
    llvm::interleaveComma(block.getArgumentTypes(), diag);
    return diag << ")";
  }
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getValue().getType() != yielded) {
    auto diag = op.emitOpError("[") << label << "] expected " << name
                                    << " region to yield " << yielded;
    diag.attachNote(block.getTerminator()->getLoc()) << "terminator is here";
    return diag;
  }
  return success();
}

/// [A10] Scalars go in, except what attn.load reads, and scalars come out.
static LogicalResult verifyScalars(AttentionOpInterface op, StringRef name,
                                   Operation &nested) {
  auto refuse = [&](Type type) {
    auto diag = op.emitOpError("[A10] expected scalars in the ")
                << name << " region, but '" << nested.getName()
                << "' has a value of type " << type;
    diag.attachNote(nested.getLoc()) << "read an element with attn.load";
    return diag;
  };
  for (OpOperand &operand : nested.getOpOperands()) {
    Type type = operand.get().getType();
    bool loaded = isa<LoadOp>(nested) && operand.getOperandNumber() == 0;
    if (!loaded && !type.isIntOrIndexOrFloat())
      return refuse(type);
    if (loaded && op.isBufferized() != isa<BaseMemRefType>(type)) {
      auto diag = op.emitOpError("[A12] expected captures of the same kind as "
                                 "query, but got ")
                  << type;
      diag.attachNote(nested.getLoc()) << "the capture is read here";
      return diag;
    }
  }
  for (Type type : nested.getResultTypes())
    if (!type.isIntOrIndexOrFloat())
      return refuse(type);
  return success();
}

/// [A10] Only scalar computation: arith, math, attn.load and named score ops.
static LogicalResult verifyBody(AttentionOpInterface op, StringRef name,
                                Block &block) {
  for (Operation &nested : block) {
    // An unregistered op has no dialect.
    if (!isa<LoadOp, YieldOp, ScoreOpInterface>(nested) &&
        !isa_and_nonnull<arith::ArithDialect, math::MathDialect>(
            nested.getDialect())) {
      auto diag = op.emitOpError("[A10] expected arith, math or attn score ops "
                                 "in the ")
                  << name << " region, but got '" << nested.getName() << "'";
      diag.attachNote(nested.getLoc()) << "the op is here";
      return diag;
    }
    if (failed(verifyScalars(op, name, nested)))
      return failure();
  }
  return success();
}

LogicalResult AttentionOp::verifyRegions() { return verifyRegionsOf(*this); }

LogicalResult attn::verifyRegionsOf(AttentionOpInterface op) {
  Builder b(op.getContext());
  Type index = b.getIndexType(), f32 = b.getF32Type();
  Region &score = op.getScore(), &mask = op.getMask(), &sink = op.getSink();
  if (!score.empty() &&
      (failed(verifySignature(op, "A9", "score", score,
                              {f32, index, index, index, index}, f32)) ||
       failed(verifyBody(op, "score", score.front()))))
    return failure();
  if (!mask.empty() &&
      (failed(verifySignature(op, "A9", "mask", mask,
                              {index, index, index, index}, b.getI1Type())) ||
       failed(verifyBody(op, "mask", mask.front()))))
    return failure();
  if (!sink.empty() &&
      (failed(verifySignature(op, "A9", "sink", sink, {index, index}, f32)) ||
       failed(verifyBody(op, "sink", sink.front()))))
    return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Canonicalization
//===----------------------------------------------------------------------===//

LogicalResult AttentionOp::canonicalize(AttentionOp op,
                                        PatternRewriter &rewriter) {
  return dropIdleRegion(op, rewriter);
}

LogicalResult attn::dropIdleRegion(AttentionOpInterface op,
                                   PatternRewriter &rewriter) {
  auto yielded = [](Region &region) {
    return cast<YieldOp>(region.front().getTerminator()).getValue();
  };
  auto drop = [&](Region &region) {
    rewriter.modifyOpInPlace(op, [&] { rewriter.eraseBlock(&region.front()); });
  };
  Region &score = op.getScore(), &mask = op.getMask();
  if (!score.empty() && yielded(score) == score.getArgument(0))
    return drop(score), success();
  if (!mask.empty() && matchPattern(yielded(mask), m_One()))
    return drop(mask), success();
  return rewriter.notifyMatchFailure(op, "both regions say something");
}
