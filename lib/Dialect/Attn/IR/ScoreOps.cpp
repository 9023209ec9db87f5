//===- ScoreOps.cpp - definitions of the named score and mask ops ---------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// attn.load
//===----------------------------------------------------------------------===//

void LoadOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  if (isa<BaseMemRefType>(getCapture().getType()))
    effects.emplace_back(MemoryEffects::Read::get(), &getCaptureMutable(),
                         SideEffects::DefaultResource::get());
}

LogicalResult LoadOp::inferReturnTypes(MLIRContext *,
                                       std::optional<Location> loc,
                                       Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  auto type = dyn_cast<ShapedType>(adaptor.getCapture().getType());
  if (!type)
    return emitOptionalError(loc, "capture must be a tensor or memref");
  types.push_back(type.getElementType());
  return success();
}

LogicalResult LoadOp::verify() {
  auto type = cast<ShapedType>(getCapture().getType());
  if (int64_t(getIndices().size()) != type.getRank())
    return emitOpError("[L1] expected ")
           << type.getRank() << " indices for capture of type " << type
           << ", but got " << getIndices().size();
  return success();
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// base + offset, where a missing offset is 0.
static Value shifted(OpBuilder &b, Location loc, Value base, Value offset) {
  return offset ? Value(arith::AddIOp::create(b, loc, base, offset)) : base;
}

Value CausalOp::expand(OpBuilder &b) {
  return arith::CmpIOp::create(b, getLoc(), arith::CmpIPredicate::sle, getJ(),
                               shifted(b, getLoc(), getI(), getOffset()));
}

Value WindowOp::expand(OpBuilder &b) {
  Location loc = getLoc();
  Value center = shifted(b, loc, getI(), getOffset());
  Value keep;
  auto conjoin = [&](arith::CmpIPredicate predicate, Value bound) {
    Value side = arith::CmpIOp::create(b, loc, predicate, getJ(), bound);
    keep = keep ? Value(arith::AndIOp::create(b, loc, keep, side)) : side;
  };
  if (getLeft())
    conjoin(arith::CmpIPredicate::sge,
            arith::SubIOp::create(b, loc, center, getLeft()));
  if (getRight())
    conjoin(arith::CmpIPredicate::sle,
            arith::AddIOp::create(b, loc, center, getRight()));
  return keep ? keep
              : Value(arith::ConstantOp::create(b, loc, b.getBoolAttr(true)));
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

Value AlibiOp::expand(OpBuilder &b) {
  Location loc = getLoc();
  Value distance = arith::SubIOp::create(b, loc, getJ(), getI());
  Value integer = arith::IndexCastOp::create(b, loc, b.getI32Type(), distance);
  Value real = arith::SIToFPOp::create(b, loc, b.getF32Type(), integer);
  Value bias = arith::MulFOp::create(b, loc, getSlope(), real);
  return arith::AddFOp::create(b, loc, getScore(), bias);
}

Value SoftcapOp::expand(OpBuilder &b) {
  Location loc = getLoc();
  Value ratio = arith::DivFOp::create(b, loc, getScore(), getCap());
  Value bounded = math::TanhOp::create(b, loc, ratio);
  return arith::MulFOp::create(b, loc, getCap(), bounded);
}

#define GET_OP_CLASSES
#include "attn/Dialect/Attn/IR/AttnOps.cpp.inc"
