//===- RoundFloat8.cpp - f32 values to pairs of 8-bit floats --------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RoundFloat8.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include <cmath>

using namespace mlir;
using namespace mlir::tile;

static Value real(Integers &e, double value) {
  return arith::ConstantOp::create(e.b, e.b.getF32FloatAttr(float(value)));
}

static Value bitsOf(Integers &e, Value f32) {
  return arith::BitcastOp::create(e.b, e.b.getI32Type(), f32);
}

static Value compare(Integers &e, arith::CmpFPredicate predicate, Value x,
                     Value y) {
  return arith::CmpFOp::create(e.b, predicate, x, y);
}

/// The code of one value, as i32.
static Value encode(Integers &e, Value value, Type float8) {
  const llvm::fltSemantics &format =
      cast<FloatType>(float8).getFloatSemantics();
  const int mantissa = int(llvm::APFloat::semanticsPrecision(format)) - 1,
            exponent = llvm::APFloat::semanticsMinExponent(format),
            dropped = 23 - mantissa;
  Value most = real(e, llvm::APFloat::getLargest(format).convertToDouble());
  Value magnitude = arith::BitcastOp::create(
      e.b, e.b.getF32Type(), e.bitAnd(bitsOf(e, value), INT32_MAX));
  magnitude = arith::MinNumFOp::create(e.b, magnitude, most);
  // Half of the last place, less one where that place is even, carries.
  Value bits = bitsOf(e, magnitude);
  Value isOdd = e.bitAnd(e.shiftRight(bits, dropped), 1);
  Value normal = e.shiftRight(
      e.add(e.add(bits, (1 << (dropped - 1)) - 1), isOdd), dropped);
  normal = e.add(normal, -(int64_t(126 + exponent) << mantissa));
  // Added to this, a subnormal number is rounded to units of the least one.
  Value shift = real(e, std::ldexp(1.0, exponent + dropped));
  Value subnormal =
      e.sub(bitsOf(e, arith::AddFOp::create(e.b, magnitude, shift)),
            bitsOf(e, shift));
  Value isSubnormal = compare(e, arith::CmpFPredicate::OLT, magnitude,
                              real(e, std::ldexp(1.0, exponent)));
  Value sign = e.bitAnd(e.shiftRight(bitsOf(e, value), 24), 0x80);
  Value code = e.add(e.select(isSubnormal, subnormal, normal), sign);
  Value isNaN = compare(e, arith::CmpFPredicate::UNO, value, value);
  return e.select(isNaN, e.constant(0x7f), code);
}

Value tile::roundPairToFloat8(Integers &e, Value low, Value high, Type float8,
                              bool hasInstruction) {
  Type i16 = e.b.getI16Type();
  if (!hasInstruction)
    return arith::TruncIOp::create(
        e.b, i16,
        e.add(encode(e, low, float8), e.shiftLeft(encode(e, high, float8), 8)));
  StringRef name = isa<Float8E4M3FNType>(float8) ? "llvm.nvvm.ff.to.e4m3x2.rn"
                                                 : "llvm.nvvm.ff.to.e5m2x2.rn";
  // The first operand becomes the high byte.
  return LLVM::CallIntrinsicOp::create(e.b, i16, e.b.getStringAttr(name),
                                       ValueRange{high, low})
      .getResult(0);
}
