//===- OperandScales.cpp - scales of 8-bit operands -----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "OperandScales.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::attn;

Type attn::getFloat8WeightType(MLIRContext *context) {
  return Float8E4M3FNType::get(context);
}

//===----------------------------------------------------------------------===//
// What kernels take
//===----------------------------------------------------------------------===//

static Type elementOf(Value value) {
  return cast<MemRefType>(value.getType()).getElementType();
}

static LogicalResult checkFloat8Types(AttentionOp op, StringRef chip) {
  if (!isFloat8(elementOf(op.getQuery())) || !isFloat8(elementOf(op.getKey())))
    return op.emitError(
               "expected query, key and value of 8-bit floats, or none "
               "of them, on ")
           << chip << ", but got query of " << elementOf(op.getQuery())
           << " and key of " << elementOf(op.getKey());
  if (chip != "sm_90a")
    return op.emitError("8-bit products are not supported on ")
           << chip
           << ", which has no matrix instructions for them; expected query, "
              "key and value of f16 or bf16, or chip sm_90a";
  if (elementOf(op.getOut()).isF32())
    return op.emitError("expected out of f16 or bf16 on ")
           << chip << ", but got f32 (the reference has f32)";
  if (!op.getNormalizerOrDefault().hasUnitWeights())
    return op.emitError("expected a normalizer with weights from 0 to 1, which "
                        "8 bits can hold, but got ")
           << op.getNormalizerOrDefault();
  return success();
}

LogicalResult attn::checkFloat8(AttentionOp op, StringRef chip,
                                tile::ScheduleAttr schedule,
                                int64_t alignment) {
  if (failed(checkFloat8Types(op, chip)))
    return failure();
  int64_t keys = op.getTransposedKeys();
  if (!keys)
    return op.emitError("expected a value in transposed blocks, B x Hkv x "
                        "ceil(Sk / W) x Dv x W, on ")
           << chip << ", but got " << op.getValue().getType()
           << "; attn.quantize makes them with an out of rank 5";
  if (keys % 32)
    return op.emitError("expected transposed blocks of a multiple of 32 keys, "
                        "but got value ")
           << op.getValue().getType();
  int64_t n = schedule.getN();
  if (keys % n || n % 32 || !schedule.getConsumers() ||
      schedule.getGroups() > 1)
    return op.emitError("expected a schedule with consumers, rows that they "
                        "share and n that is a multiple of 32 and divides the ")
           << keys << " keys of a transposed block, but got " << schedule;
  bool hasBlocks = llvm::any_of(
      ValueRange{op.getKeyScales(), op.getValueScales()}, [](Value scales) {
        return scales && cast<MemRefType>(scales.getType()).getRank() == 3;
      });
  if (hasBlocks && int64_t(*op.getBlock()) % n)
    return op.emitError("expected a block of scales that is a multiple of the ")
           << n << " keys of a tile, but got " << int64_t(*op.getBlock());
  if (alignment < 16 || op.getHeadDim() % 16 || op.getValueHeadDim() % 16)
    return op.emitError("expected rows of 8-bit floats that start at multiples "
                        "of 16 bytes, and head dims that are multiples of 16, "
                        "but got ")
           << alignment << " bytes and head dims " << op.getHeadDim() << " and "
           << op.getValueHeadDim();
  return success();
}

//===----------------------------------------------------------------------===//
// Transposed blocks
//===----------------------------------------------------------------------===//

MemRefType attn::getStackedType(MemRefType transposed, int64_t n) {
  constexpr int64_t kAny = ShapedType::kDynamic;
  ArrayRef<int64_t> shape = transposed.getShape();
  int64_t rows = ShapedType::isDynamic(shape[2]) ? kAny : shape[2] * shape[3];
  SmallVector<int64_t> sizes = {shape[0], shape[1]}, strides = {kAny, kAny};
  if (shape[4] != n) {
    sizes.push_back(shape[4] / n);
    strides.push_back(n);
  }
  sizes.append({rows, n});
  strides.append({kAny, 1});
  auto layout = StridedLayoutAttr::get(transposed.getContext(), kAny, strides);
  return MemRefType::get(sizes, transposed.getElementType(), layout,
                         transposed.getMemorySpace());
}

Value attn::stackBlocks(OpBuilder &builder, Location loc, Value transposed,
                        int64_t n) {
  ImplicitLocOpBuilder b(loc, builder);
  MemRefType type = getStackedType(cast<MemRefType>(transposed.getType()), n);
  auto parts = memref::ExtractStridedMetadataOp::create(b, transposed);
  Value rows =
      arith::MulIOp::create(b, parts.getSizes()[2], parts.getSizes()[3]);
  SmallVector<OpFoldResult> sizes = {parts.getSizes()[0], parts.getSizes()[1]},
                            strides = {parts.getStrides()[0],
                                       parts.getStrides()[1]};
  if (type.getRank() == 5) {
    sizes.push_back(b.getIndexAttr(type.getDimSize(2)));
    strides.push_back(b.getIndexAttr(n));
  }
  sizes.append({rows, b.getIndexAttr(n)});
  strides.append({parts.getStrides()[3], b.getIndexAttr(1)});
  for (auto [size, known] : llvm::zip(sizes, type.getShape()))
    if (!ShapedType::isDynamic(known))
      size = b.getIndexAttr(known);
  return memref::ReinterpretCastOp::create(b, type, parts.getBaseBuffer(),
                                           OpFoldResult(parts.getOffset()),
                                           sizes, strides);
}

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

OperandScales::OperandScales(AttentionOp op, FragmentTypes types,
                             const IRMapping &arguments, Value batch,
                             Value head, Value keyHead)
    : types(types), block(op.getBlock().value_or(0)), batch(batch), head(head),
      keyHead(keyHead) {
  auto argumentOf = [&](Value scales) {
    return scales ? arguments.lookup(scales) : Value();
  };
  query = argumentOf(op.getQueryScales());
  key = argumentOf(op.getKeyScales());
  value = argumentOf(op.getValueScales());
}

Value OperandScales::ofHead(ImplicitLocOpBuilder &b, Value scales,
                            Value ownHead) const {
  Value zero = arith::ConstantIndexOp::create(b, 0);
  if (cast<MemRefType>(scales.getType()).getRank() == 1)
    return memref::LoadOp::create(b, scales, ValueRange{zero});
  return memref::LoadOp::create(b, scales, ValueRange{batch, ownHead});
}

Value OperandScales::ofRows(ImplicitLocOpBuilder &b, Value rowBase,
                            Value queryLength) const {
  auto i32 = [&](int64_t constant) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(constant));
  };
  auto toI32 = [&](Value index) -> Value {
    return arith::IndexCastOp::create(b, b.getI32Type(), index);
  };
  RankedTensorType indexType = types.rows(b.getI32Type()),
                   type = types.rows(b.getF32Type());
  auto everywhere = [&](Value scalar, RankedTensorType rows) -> Value {
    return tile::BroadcastOp::create(b, rows, scalar);
  };
  Value factor;
  if (isBlocked(query)) {
    Value last = arith::SubIOp::create(b, queryLength, i32(1));
    Value row =
        arith::MinSIOp::create(b, tile::IndexOp::create(b, indexType, rowBase),
                               everywhere(last, indexType));
    Value number =
        arith::DivUIOp::create(b, row, everywhere(i32(block), indexType));
    factor = tile::GatherOp::create(
        b, type, query, ValueRange{toI32(batch), toI32(head), number});
  } else if (query) {
    factor = everywhere(ofHead(b, query, head), type);
  }
  if (!key || isBlocked(key))
    return factor;
  Value ofKey = everywhere(ofHead(b, key, keyHead), type);
  return factor ? arith::MulFOp::create(b, factor, ofKey) : ofKey;
}

Value OperandScales::ofBlock(ImplicitLocOpBuilder &b, Value scales,
                             Value firstKey, Value keyLength) const {
  auto i32 = [&](int64_t constant) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(constant));
  };
  Value number = arith::DivUIOp::create(b, firstKey, i32(block));
  number = arith::IndexCastOp::create(b, b.getIndexType(), number);
  Value scale =
      memref::LoadOp::create(b, scales, ValueRange{batch, keyHead, number});
  // Without keys what is read is no scale.
  Value exists =
      arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, keyLength, i32(0));
  Value one = arith::ConstantOp::create(b, b.getF32FloatAttr(1.0));
  return arith::SelectOp::create(b, exists, scale, one);
}

Value OperandScales::ofKeys(ImplicitLocOpBuilder &b, Value firstKey,
                            Value keyLength) const {
  return isBlocked(key) ? ofBlock(b, key, firstKey, keyLength) : Value();
}

Value OperandScales::ofValues(ImplicitLocOpBuilder &b, Value firstKey,
                              Value keyLength) const {
  return isBlocked(value) ? ofBlock(b, value, firstKey, keyLength) : Value();
}

Value OperandScales::ofValue(ImplicitLocOpBuilder &b) const {
  return value && !isBlocked(value) ? ofHead(b, value, keyHead) : Value();
}
