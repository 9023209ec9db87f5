//===- ScalarRegion.cpp - score and mask regions at one position ----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In a region f32 stands for "a real number": it becomes the type that the
// reference computes in. Integers, and floats of other types, are a choice of
// the region's author and stay.

#include "ScalarRegion.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::attn;

Value attn::convertFloat(ImplicitLocOpBuilder &b, Value value, Type to) {
  auto width = [](Type type) { return cast<FloatType>(type).getWidth(); };
  if (value.getType() == to)
    return value;
  unsigned narrow = std::min(width(value.getType()), width(to));
  unsigned wide = std::max(width(value.getType()), width(to));
  // Two 16-bit types meet in f32 as well.
  if ((narrow < 32 && wide > 32) || narrow == wide)
    value = convertFloat(b, value, b.getF32Type());
  if (width(value.getType()) < width(to))
    return arith::ExtFOp::create(b, to, value);
  return arith::TruncFOp::create(b, to, value);
}

/// The bits of an f32 mean nothing once it is an f64.
static bool isPromotable(Region &region) {
  return llvm::none_of(region.front(), [](Operation &op) {
    return isa<arith::BitcastOp>(op) && (op.getOperand(0).getType().isF32() ||
                                         op.getResult(0).getType().isF32());
  });
}

namespace {
/// Clones the ops of one region with f32 replaced by `real`.
class RegionCloner {
public:
  RegionCloner(ImplicitLocOpBuilder &b, Region &region, Type real)
      : b(b), region(region), real(real) {}

  Value clone(ValueRange arguments) {
    for (auto [from, to] : llvm::zip(region.getArguments(), arguments))
      map.map(from, isa<FloatType>(to.getType())
                        ? convertFloat(b, to, promoted(from.getType()))
                        : to);
    for (Operation &op : region.front().without_terminator())
      cloneOp(&op);
    return use(cast<YieldOp>(region.front().getTerminator()).getValue());
  }

private:
  Type promoted(Type type) const { return type.isF32() ? real : type; }

  /// The clone of `value`; a capture is promoted where it is used.
  Value use(Value value) {
    if (Value mapped = map.lookupOrNull(value))
      return mapped;
    if (!value.getType().isF32())
      return value;
    Value converted = convertFloat(b, value, real);
    map.map(value, converted);
    return converted;
  }

  void cloneOp(Operation *op) {
    if (auto load = dyn_cast<LoadOp>(op))
      return cloneLoad(load);
    if (isa<arith::ExtFOp, arith::TruncFOp>(op)) {
      Value result = op->getResult(0);
      map.map(result, convertFloat(b, use(op->getOperand(0)),
                                   promoted(result.getType())));
      return;
    }
    if (auto constant = dyn_cast<arith::ConstantOp>(op);
        constant && constant.getType().isF32()) {
      double value = cast<FloatAttr>(constant.getValue()).getValueAsDouble();
      map.map(constant.getResult(),
              Value(arith::ConstantOp::create(b, b.getFloatAttr(real, value))));
      return;
    }
    for (Value operand : op->getOperands())
      if (Value mapped = use(operand); mapped != operand)
        map.map(operand, mapped);
    Operation *clone = b.clone(*op, map);
    for (Value result : clone->getResults())
      result.setType(promoted(result.getType()));
  }

  void cloneLoad(LoadOp op) {
    SmallVector<Value> indices;
    for (Value index : op.getIndices())
      indices.push_back(use(index));
    Value element = memref::LoadOp::create(b, op.getCapture(), indices);
    if (element.getType().isF32())
      element = convertFloat(b, element, real);
    map.map(op.getResult(), element);
  }

  ImplicitLocOpBuilder &b;
  Region &region;
  Type real;
  IRMapping map;
};
} // namespace

Value attn::evaluateRegion(ImplicitLocOpBuilder &b, Region &region,
                           ValueRange arguments, Type real) {
  Type inside = isPromotable(region) ? real : Type(b.getF32Type());
  Value result = RegionCloner(b, region, inside).clone(arguments);
  return isa<FloatType>(result.getType()) ? convertFloat(b, result, real)
                                          : result;
}
