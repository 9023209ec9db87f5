//===- RegionScalars.cpp - scalar values of a mask region -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RegionScalars.h"
#include "LiftedRegion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::attn;

static Value clamped(ImplicitLocOpBuilder &b, Value index) {
  return arith::IndexCastOp::create(b, b.getIndexType(),
                                    narrowIndex(b, b.getLoc(), index));
}

static Value load(ImplicitLocOpBuilder &b, Value source, ValueRange indices) {
  Value element = memref::LoadOp::create(b, source, indices);
  return element.getType().isIndex() ? clamped(b, element) : element;
}

RegionScalars::RegionScalars(AttentionOpInterface op, ImplicitLocOpBuilder &b,
                             Value batch, Value head,
                             function_ref<Value(Value)> captured) {
  map.map(op.getMask().getArgument(0), batch);
  map.map(op.getMask().getArgument(1), head);
  for (Value capture : op.getCaptures()) {
    Value value = captured(capture);
    map.map(capture, capture.getType().isIndex() ? clamped(b, value) : value);
  }
}

Value RegionScalars::clone(ImplicitLocOpBuilder &b, Value value) {
  if (Value known = map.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(clone(b, operand));
  Value result;
  if (isa<LoadOp>(op))
    result = load(b, operands.front(), ArrayRef(operands).drop_front());
  else
    result =
        b.clone(*op, map)->getResult(cast<OpResult>(value).getResultNumber());
  map.map(value, result);
  return result;
}

Value RegionScalars::loadInside(ImplicitLocOpBuilder &b, LoadOp op,
                                ValueRange indices) {
  Value source = map.lookup(op.getCapture());
  SmallVector<Value> inside;
  for (auto [d, index] : llvm::enumerate(indices)) {
    Value size =
        memref::DimOp::create(b, source, arith::ConstantIndexOp::create(b, d));
    Value one = arith::ConstantIndexOp::create(b, 1);
    Value zero = arith::ConstantIndexOp::create(b, 0);
    Value last = arith::SubIOp::create(b, size, one);
    inside.push_back(arith::MaxSIOp::create(
        b, arith::MinSIOp::create(b, index, last), zero));
  }
  return load(b, source, inside);
}

/// The bits of an f32 as an integer that is ordered like it, and back.
static Value orderedBits(ImplicitLocOpBuilder &b, Value bits) {
  Value shift = arith::ConstantOp::create(b, b.getI32IntegerAttr(31));
  Value mask = arith::ConstantOp::create(b, b.getI32IntegerAttr(INT32_MAX));
  Value sign = arith::ShRSIOp::create(b, bits, shift);
  return arith::XOrIOp::create(b, bits, arith::AndIOp::create(b, sign, mask));
}

std::pair<Value, Value> attn::encodeSummary(ImplicitLocOpBuilder &b,
                                            Value value) {
  auto i32 = [&](int64_t constant) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(constant));
  };
  Value unfit, encoded;
  if (auto type = dyn_cast<FloatType>(value.getType())) {
    if (!type.isF32())
      value = arith::ExtFOp::create(b, b.getF32Type(), value);
    unfit = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, value, value);
    encoded =
        orderedBits(b, arith::BitcastOp::create(b, b.getI32Type(), value));
  } else if (value.getType().isIndex()) { // has been clamped, or is a position
    encoded = arith::IndexCastOp::create(b, b.getI32Type(), value);
  } else if (unsigned width = value.getType().getIntOrFloatBitWidth();
             width > 32) {
    encoded = arith::TruncIOp::create(b, b.getI32Type(), value);
    Value back = arith::ExtSIOp::create(b, value.getType(), encoded);
    unfit = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, back, value);
  } else if (width == 1) {
    encoded = arith::ExtUIOp::create(b, b.getI32Type(), value);
  } else {
    encoded = width == 32
                  ? value
                  : Value(arith::ExtSIOp::create(b, b.getI32Type(), value));
  }
  if (!unfit)
    return {encoded, encoded};
  return {arith::SelectOp::create(b, unfit, i32(INT32_MIN), encoded),
          arith::SelectOp::create(b, unfit, i32(INT32_MAX), encoded)};
}

Value attn::decodeSummary(ImplicitLocOpBuilder &b, Type type, Value bits) {
  if (isa<FloatType>(type))
    return arith::BitcastOp::create(b, b.getF32Type(), orderedBits(b, bits));
  return arith::IndexCastOp::create(b, b.getIndexType(), bits);
}
