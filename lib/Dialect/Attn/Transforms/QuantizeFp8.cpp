//===- QuantizeFp8.cpp - attention on 8-bit floats ------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNQUANTIZEFP8PASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

/// Keys of a transposed block of the value.
static constexpr int64_t kTransposedKeys = 128;

/// ceil(size / unit), or unknown.
static int64_t blocksOf(int64_t size, int64_t unit) {
  return ShapedType::isDynamic(size) ? size
                                     : int64_t(llvm::divideCeil(size, unit));
}

namespace {
struct Quantized {
  Value codes, scales;
};

struct QuantizeFp8Pass
    : mlir::attn::impl::AttnQuantizeFp8PassBase<QuantizeFp8Pass> {
  using AttnQuantizeFp8PassBase::AttnQuantizeFp8PassBase;

  void runOnOperation() override {
    if (block < 0 || block > INT32_MAX) {
      getOperation()->emitError("expected a block of rows, or 0 for a scale of "
                                "each head, but got ")
          << block.getValue();
      return signalPassFailure();
    }
    SmallVector<AttentionOpInterface> ops;
    getOperation()->walk([&](AttentionOpInterface op) { ops.push_back(op); });
    for (AttentionOpInterface op : ops) {
      auto attention = dyn_cast<AttentionOp>(op.getOperation());
      if (attention && hasFloat8(attention))
        continue;
      if (failed(check(op)))
        return signalPassFailure();
      rewrite(attention);
    }
  }

private:
  static LogicalResult check(AttentionOpInterface op) {
    if (!isa<AttentionOp>(op.getOperation()))
      return op.emitError("expected attn.attention to quantize: the maps of "
                          "this op have no 8-bit form");
    if (op.isBufferized())
      return op.emitError("expected tensors: run attn-quantize-fp8 before "
                          "attn-bufferize");
    Type type = op.getElementType();
    if (!type.isF16() && !type.isBF16())
      return op.emitError("expected query, key and value of f16 or bf16 to "
                          "quantize, but got ")
             << type;
    if (!op.getNormalizerOrDefault().hasUnitWeights())
      return op.emitError("expected a normalizer with weights from 0 to 1, "
                          "which 8 bits can hold, but got ")
             << op.getNormalizerOrDefault();
    return success();
  }

  void rewrite(AttentionOp op) {
    ImplicitLocOpBuilder b(op.getLoc(), op);
    const bool transforms = hadamard && op.getHeadDim() % 16 == 0;
    Quantized q = quantize(b, op.getQuery(), transforms, 0),
              k = quantize(b, op.getKey(), transforms, 0),
              v = quantize(b, op.getValue(), false, kTransposedKeys);
    auto quantized =
        AttentionOp::create(b, op.getResultTypes(), q.codes, k.codes, v.codes,
                            q.scales, k.scales, v.scales, /*outs=*/ValueRange(),
                            block ? b.getI64IntegerAttr(block) : IntegerAttr(),
                            op.getScaleAttr(), op.getNormalizerAttr());
    quantized->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    for (auto [to, from] : llvm::zip(quantized->getRegions(), op->getRegions()))
      to.takeBody(from);
    op->replaceAllUsesWith(quantized);
    op->erase();
  }

  /// Codes in transposed blocks of `keys`, or as they are for 0, and scales.
  Quantized quantize(ImplicitLocOpBuilder &b, Value input, bool transforms,
                     int64_t keys) {
    ArrayRef<int64_t> shape =
        cast<RankedTensorType>(input.getType()).getShape();
    SmallVector<int64_t> codes(shape), scales(shape.take_front(2));
    if (keys)
      codes = {shape[0], shape[1], blocksOf(shape[2], keys), shape[3], keys};
    if (block)
      scales.push_back(blocksOf(shape[2], block));
    Type types[] = {
        RankedTensorType::get(codes, Float8E4M3FNType::get(b.getContext())),
        RankedTensorType::get(scales, b.getF32Type())};
    auto op = QuantizeOp::create(
        b, types, input, /*outs=*/ValueRange(),
        block ? b.getI64IntegerAttr(block) : IntegerAttr(),
        transforms ? b.getI64IntegerAttr(seed) : IntegerAttr());
    return {op.getResult(0), op.getResult(1)};
  }
};
} // namespace
