//===- Float8.cpp - 8-bit floats in arith ops -----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Float8.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

static const llvm::fltSemantics &semanticsOf(Type float8) {
  return cast<FloatType>(float8).getFloatSemantics();
}

/// Bits of the mantissa that are stored, and the least exponent of a normal
/// number.
static int mantissaBits(Type float8) {
  return int(llvm::APFloat::semanticsPrecision(semanticsOf(float8))) - 1;
}
static int leastExponent(Type float8) {
  return llvm::APFloat::semanticsMinExponent(semanticsOf(float8));
}

double attn::getMaxFinite(Type float8) {
  return llvm::APFloat::getLargest(semanticsOf(float8)).convertToDouble();
}

namespace {
/// Constants of f64 and i64.
struct Numbers {
  ImplicitLocOpBuilder &b;

  Value real(double value) {
    return arith::ConstantOp::create(b, b.getF64FloatAttr(value));
  }
  Value integer(uint64_t value) {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(int64_t(value)));
  }
  Value bitsOf(Value real) {
    return arith::BitcastOp::create(b, b.getI64Type(), real);
  }
  Value fromBits(Value bits) {
    return arith::BitcastOp::create(b, b.getF64Type(), bits);
  }
};
} // namespace

Value attn::roundToFloat8(ImplicitLocOpBuilder &b, Value f64, Type float8) {
  Numbers n{b};
  Value most = n.real(getMaxFinite(float8));
  Value magnitude = math::AbsFOp::create(b, f64);
  // NaN is not above.
  Value isBeyond =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, magnitude, most);
  Value clamped = arith::SelectOp::create(b, isBeyond, most, magnitude);
  // The power of two at or below the magnitude, then the unit in the last
  // place of the 8-bit type there.
  Value power = n.fromBits(arith::AndIOp::create(
      b, n.bitsOf(clamped), n.integer(0x7ff0000000000000u)));
  Value least = n.real(std::ldexp(1.0, leastExponent(float8)));
  Value isNormal =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, power, least);
  Value unit = arith::MulFOp::create(
      b, arith::SelectOp::create(b, isNormal, power, least),
      n.real(std::ldexp(1.0, -mantissaBits(float8))));
  // f64 has this unit between 2^52 and 2^53 units: an addition rounds there.
  Value shift = arith::MulFOp::create(b, unit, n.real(0x1.8p52));
  Value rounded =
      arith::SubFOp::create(b, arith::AddFOp::create(b, clamped, shift), shift);
  Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, f64, f64);
  return arith::SelectOp::create(b, isNaN, f64,
                                 math::CopySignOp::create(b, rounded, f64));
}

Value attn::encodeFloat8(ImplicitLocOpBuilder &b, Value rounded, Type float8) {
  Numbers n{b};
  const int mantissa = mantissaBits(float8), exponent = leastExponent(float8);
  Value magnitude = math::AbsFOp::create(b, rounded);
  // Subnormal numbers count units; of others the exponent and the mantissa are
  // moved down, with another bias.
  Value units = arith::FPToUIOp::create(
      b, b.getI64Type(),
      arith::MulFOp::create(b, magnitude,
                            n.real(std::ldexp(1.0, mantissa - exponent))));
  Value moved = arith::SubIOp::create(
      b,
      arith::ShRUIOp::create(b, n.bitsOf(magnitude), n.integer(52 - mantissa)),
      n.integer(uint64_t(1022 + exponent) << mantissa));
  Value isNormal =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, magnitude,
                            n.real(std::ldexp(1.0, exponent)));
  Value code = arith::SelectOp::create(b, isNormal, moved, units);
  Value sign = arith::AndIOp::create(
      b, arith::ShRUIOp::create(b, n.bitsOf(rounded), n.integer(56)),
      n.integer(0x80));
  Value isNaN =
      arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, rounded, rounded);
  code = arith::SelectOp::create(b, isNaN, n.integer(0x7f),
                                 arith::OrIOp::create(b, code, sign));
  return arith::BitcastOp::create(
      b, float8, arith::TruncIOp::create(b, b.getI8Type(), code));
}

Value attn::decodeFloat8(ImplicitLocOpBuilder &b, Value float8) {
  Type type = float8.getType(), i32 = b.getI32Type();
  auto integer = [&](uint32_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(int32_t(value)));
  };
  auto asFloat = [&](Value bits) -> Value {
    return arith::BitcastOp::create(b, b.getF32Type(), bits);
  };
  Value code = arith::ExtUIOp::create(
      b, i32, arith::BitcastOp::create(b, b.getI8Type(), float8));
  Value magnitude = arith::AndIOp::create(b, code, integer(0x7f));
  // With the exponent in place, what is left to correct is its bias; that makes
  // normal numbers of subnormal ones as well.
  Value scaled = asFloat(
      arith::ShLIOp::create(b, magnitude, integer(23 - mantissaBits(type))));
  // The bias of a type is one less the exponent of its least normal number.
  Value value = arith::MulFOp::create(
      b, scaled,
      arith::ConstantOp::create(
          b, b.getF32FloatAttr(
                 std::ldexp(1.0f, 127 - (1 - leastExponent(type))))));
  const uint32_t largest = llvm::APFloat::getLargest(semanticsOf(type))
                               .bitcastToAPInt()
                               .getZExtValue();
  Value isFinite = arith::CmpIOp::create(b, arith::CmpIPredicate::ule,
                                         magnitude, integer(largest));
  // The code after the largest number is infinity where there is one.
  constexpr uint32_t kInfinity = 0x7f800000, kNaN = 0x7fc00000;
  Value other = integer(kNaN);
  if (isa<Float8E5M2Type>(type))
    other = arith::SelectOp::create(
        b,
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, magnitude,
                              integer(largest + 1)),
        integer(kInfinity), other);
  value = arith::SelectOp::create(b, isFinite, value, asFloat(other));
  Value sign = arith::ShLIOp::create(
      b, arith::AndIOp::create(b, code, integer(0x80)), integer(24));
  return math::CopySignOp::create(b, value, asFloat(sign));
}
