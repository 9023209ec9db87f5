//===- LiftedRegion.cpp - scalar regions over whole tiles -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LiftedRegion.h"
#include "attn/Conversion/RealArithmetic.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::attn;

Value attn::narrowIndex(OpBuilder &b, Location loc, Value index) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value low = arith::MaxSIOp::create(b, loc, index, constant(-kIndexLimit));
  Value both = arith::MinSIOp::create(b, loc, low, constant(kIndexLimit));
  return arith::IndexCastOp::create(b, loc, b.getI32Type(), both);
}

/// Positions are i32 inside a kernel.
static Type narrowType(Type type) {
  return type.isIndex() ? IntegerType::get(type.getContext(), 32) : type;
}

RankedTensorType LiftedRegion::join(ValueRange lifted, Type element) const {
  bool rows = false, cols = false;
  for (Value value : lifted)
    if (auto tensor = dyn_cast<RankedTensorType>(value.getType())) {
      rows |= !isa<tile::ColumnsAttr>(tensor.getEncoding());
      cols |= !isa<tile::RowsAttr>(tensor.getEncoding());
    }
  if (rows && cols)
    return types.tile(columns, element);
  if (rows)
    return types.rows(element);
  return cols ? types.columns(columns, element) : RankedTensorType();
}

Value LiftedRegion::to(OpBuilder &b, Location loc, Value value,
                       RankedTensorType type) {
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  if (tensor && tensor.getEncoding() == type.getEncoding())
    return value;
  Type element = tensor ? tensor.getElementType() : value.getType();
  return tile::BroadcastOp::create(
      b, loc,
      RankedTensorType::get(type.getShape(), element, type.getEncoding()),
      value);
}

Value LiftedRegion::toTile(OpBuilder &b, Location loc, Value value) {
  return to(b, loc, value, types.tile(columns, b.getI1Type()));
}

Value LiftedRegion::lift(OpBuilder &b, Value value) {
  if (Value known = values.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  if (!op) {
    emitError(value.getLoc(), "value is not available in the kernel");
    return {};
  }
  Value lifted;
  if (auto load = dyn_cast<LoadOp>(op))
    lifted = liftLoad(b, load);
  else if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op))
    lifted = liftIndexCast(b, op);
  else
    lifted = liftElementwise(b, op);
  if (lifted)
    values.map(value, lifted);
  return lifted;
}

Value LiftedRegion::liftLoad(OpBuilder &b, LoadOp load) {
  Location loc = load.getLoc();
  Value source = values.lookupOrNull(load.getCapture());
  if (!source) {
    load.emitError("capture is not available in the kernel");
    return {};
  }
  SmallVector<Value> indices;
  for (Value index : load.getIndices()) {
    indices.push_back(lift(b, index));
    if (!indices.back())
      return {};
  }
  Type element = load.getType();
  RankedTensorType layout = join(indices, narrowType(element));
  if (layout) {
    SmallVector<Value> spread;
    for (Value index : indices)
      spread.push_back(isa<RankedTensorType>(index.getType())
                           ? to(b, loc, index, layout)
                           : index);
    return tile::GatherOp::create(b, loc, layout, source, spread);
  }
  for (Value &index : indices)
    index = arith::IndexCastOp::create(b, loc, b.getIndexType(), index);
  Value loaded = memref::LoadOp::create(b, loc, source, indices);
  return element.isIndex() ? narrowIndex(b, loc, loaded) : loaded;
}

/// `index` is i32 already: what remains is a change of width, or nothing.
Value LiftedRegion::liftIndexCast(OpBuilder &b, Operation *op) {
  Value source = lift(b, op->getOperand(0));
  if (!source)
    return {};
  Type from = getElementTypeOrSelf(source.getType());
  Type to = narrowType(op->getResult(0).getType());
  Type result = to;
  if (auto tensor = dyn_cast<RankedTensorType>(source.getType()))
    result = RankedTensorType::get(tensor.getShape(), to, tensor.getEncoding());
  unsigned fromWidth = from.getIntOrFloatBitWidth();
  unsigned toWidth = to.getIntOrFloatBitWidth();
  if (fromWidth == toWidth)
    return source;
  if (fromWidth > toWidth)
    return arith::TruncIOp::create(b, op->getLoc(), result, source);
  if (isa<arith::IndexCastUIOp>(op))
    return arith::ExtUIOp::create(b, op->getLoc(), result, source);
  return arith::ExtSIOp::create(b, op->getLoc(), result, source);
}

/// x / y with a divisor that is known for fewer elements than the quotient: one
/// reciprocal each, then products.
Value LiftedRegion::liftDivision(OpBuilder &b, Location loc, Value x, Value y,
                                 RankedTensorType layout) {
  Value one = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(1.0f));
  if (auto type = dyn_cast<RankedTensorType>(y.getType()))
    one = to(b, loc, one, type);
  Value reciprocal = arith::DivFOp::create(b, loc, one, y);
  return liftProduct(b, loc, x, reciprocal, layout);
}

/// x * y, where factors that are known for fewer elements than the product meet
/// each other first: score * scale * temperature is one product a score.
Value LiftedRegion::liftProduct(OpBuilder &b, Location loc, Value x, Value y,
                                RankedTensorType layout) {
  auto isNarrow = [&](ValueRange values) {
    RankedTensorType type = join(values, b.getI1Type());
    return !type || type.getEncoding() != layout.getEncoding();
  };
  auto product = [&](Value left, Value right) -> Value {
    return arith::MulFOp::create(b, loc, left, right, kRealProduct);
  };
  if (isNarrow(x))
    std::swap(x, y);
  auto inner = x.getDefiningOp<arith::MulFOp>();
  auto spread = inner && inner.getFastmath() == kRealProduct
                    ? inner.getRhs().getDefiningOp<tile::BroadcastOp>()
                    : nullptr;
  if (spread && isNarrow({spread.getSource(), y})) {
    Value first = spread.getSource();
    if (RankedTensorType both = join({first, y}, b.getI1Type()))
      y = product(to(b, loc, first, both), to(b, loc, y, both));
    else
      y = product(first, y);
    x = inner.getLhs();
  }
  return product(to(b, loc, x, layout), to(b, loc, y, layout));
}

Value LiftedRegion::liftElementwise(OpBuilder &b, Operation *op) {
  Location loc = op->getLoc();
  if (op->getNumResults() != 1 || !OpTrait::hasElementwiseMappableTraits(op)) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      TypedAttr value = constant.getValue();
      if (auto index = dyn_cast<IntegerAttr>(value);
          index && constant.getType().isIndex())
        value = b.getI32IntegerAttr(
            std::clamp(index.getInt(), -kIndexLimit, kIndexLimit));
      return arith::ConstantOp::create(b, loc, value);
    }
    op->emitError(
        "cannot be evaluated over a tile: expected an elementwise op");
    return {};
  }
  IRMapping operands;
  SmallVector<Value> lifted;
  for (Value operand : op->getOperands()) {
    lifted.push_back(lift(b, operand));
    if (!lifted.back())
      return {};
  }
  RankedTensorType layout = join(lifted, b.getI1Type());
  if (isa<arith::DivFOp>(op) && layout &&
      getElementTypeOrSelf(lifted[1].getType()).isF32() &&
      join(lifted[1], b.getI1Type()) != layout)
    return liftDivision(b, loc, lifted[0], lifted[1], layout);
  // f32 stands for a real number, unless the region looks at its bits.
  if (isa<arith::MulFOp>(op) && layout && op->getResult(0).getType().isF32() &&
      op->getBlock()->getOps<arith::BitcastOp>().empty())
    return liftProduct(b, loc, lifted[0], lifted[1], layout);
  for (auto [operand, value] : llvm::zip(op->getOperands(), lifted))
    operands.map(operand, layout ? to(b, loc, value, layout) : value);
  Operation *clone = b.clone(*op, operands);
  Type element = narrowType(op->getResult(0).getType());
  clone->getResult(0).setType(
      layout ? Type(RankedTensorType::get(layout.getShape(), element,
                                          layout.getEncoding()))
             : element);
  // Index arithmetic does not overflow (A14).
  auto sum = dyn_cast<arith::ArithIntegerOverflowFlagsInterface>(clone);
  if (sum && op->getResult(0).getType().isIndex())
    clone->setAttr(sum.getIntegerOverflowAttrName(),
                   arith::IntegerOverflowFlagsAttr::get(
                       b.getContext(), arith::IntegerOverflowFlags::nsw));
  return clone->getResult(0);
}
