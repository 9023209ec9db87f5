//===- SineCosine.cpp - sine and cosine of any angle ----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instructions sin.approx and cos.approx are good near 0 only, and
// positions times frequencies are not. Here x = k * pi / 2 + r with |r| <= pi /
// 4: pi / 2 comes in three parts (Cody and Waite), of which the first has 21
// bits, so that x - k * high is exact and the next part is subtracted with one
// rounding. Polynomials give sine and cosine of r, k which of them is which.

#include "SineCosine.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

static constexpr double kTwoOverPi = 0.63661977236758134;
static constexpr double kHalfPi[] = {1.570796012878418, 3.1391647326017846e-07};

/// Least largest error on |r| <= 1.01 * pi / 4: of sin(r) / r by 0.08, of
/// cos(r) by 0.002 of 2^-24.
static constexpr double kSine[] = {-0.16666653752326965, 0.008332112804055214,
                                   -0.00019508741388563067};
static constexpr double kCosine[] = {
    -0.5, 0.04166664555668831, -0.0013887305976822972, 2.4431205019936897e-05};

/// 1.5 * 2^23: what is added to it is rounded to an integer, which the low bits
/// of the sum are.
static constexpr double kRounder = 12582912.0;

namespace {
class SineCosine {
public:
  SineCosine(Location loc, OpBuilder &builder, Value x) : b(loc, builder) {
    Value sum = fma(x, real(kTwoOverPi), real(kRounder));
    quadrant = arith::BitcastOp::create(b, b.getI32Type(), sum);
    Value k = arith::SubFOp::create(b, sum, real(kRounder));
    Value r = x;
    for (double part : kHalfPi)
      r = fma(k, real(-part), r);
    Value square = multiply(r, r);
    sineOfRest = fma(multiply(r, square), polynomial(square, kSine), r);
    cosineOfRest = fma(square, polynomial(square, kCosine), real(1.0));
    isOdd = arith::CmpIOp::create(b, arith::CmpIPredicate::ne,
                                  arith::AndIOp::create(b, quadrant, i32(1)),
                                  i32(0));
  }

  Value sine() {
    return signedBy(
        quadrant, arith::SelectOp::create(b, isOdd, cosineOfRest, sineOfRest));
  }
  Value cosine() {
    return signedBy(
        arith::AddIOp::create(b, quadrant, i32(1)),
        arith::SelectOp::create(b, isOdd, sineOfRest, cosineOfRest));
  }

private:
  Value real(double value) {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(float(value)));
  }
  Value i32(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  Value multiply(Value u, Value v) { return arith::MulFOp::create(b, u, v); }
  Value fma(Value u, Value v, Value w) {
    return math::FmaOp::create(b, u, v, w);
  }
  Value polynomial(Value x, ArrayRef<double> coefficients) {
    Value sum = real(coefficients.back());
    for (double coefficient : llvm::reverse(coefficients.drop_back()))
      sum = fma(sum, x, real(coefficient));
    return sum;
  }
  /// -value in the quadrants 2 and 3, modulo 4.
  Value signedBy(Value number, Value value) {
    Value sign = arith::ShLIOp::create(
        b, arith::AndIOp::create(b, number, i32(2)), i32(30));
    Value bits = arith::BitcastOp::create(b, b.getI32Type(), value);
    return arith::BitcastOp::create(b, b.getF32Type(),
                                    arith::XOrIOp::create(b, bits, sign));
  }

  ImplicitLocOpBuilder b;
  Value quadrant, isOdd;
  Value sineOfRest, cosineOfRest;
};

template <typename OpT> struct SineCosineLowering : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    if (!op.getOperand().getType().isF32())
      return rewriter.notifyMatchFailure(op, "only of f32");
    SineCosine both(op.getLoc(), rewriter, op.getOperand());
    if constexpr (std::is_same_v<OpT, math::SincosOp>) {
      Value sine = both.sine();
      rewriter.replaceOp(op, {sine, both.cosine()});
    } else if constexpr (std::is_same_v<OpT, math::SinOp>) {
      rewriter.replaceOp(op, both.sine());
    } else {
      rewriter.replaceOp(op, both.cosine());
    }
    return success();
  }
};
} // namespace

void tile::populateSineCosinePatterns(RewritePatternSet &patterns) {
  patterns.add<SineCosineLowering<math::SinOp>, SineCosineLowering<math::CosOp>,
               SineCosineLowering<math::SincosOp>>(patterns.getContext());
}
