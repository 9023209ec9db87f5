//===- TwoPassLoops.cpp - softmax attention as an unfused program ---------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is rounded here is what such a program stores to memory: the scaled
// scores, the scores after the region, the weights and the output.

#include "AttentionLoops.h"
#include "ScalarRegion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;

namespace {
class TwoPassLoops : public AttentionLoops {
public:
  explicit TwoPassLoops(AttentionOp op)
      : AttentionLoops(op, Float32Type::get(op.getContext())) {}

private:
  void allocateBuffers() override {
    scores = allocate(ShapedType::kDynamic, realType, keys);
    kept = allocate(ShapedType::kDynamic, b.getI1Type(), keys);
  }

  void emitRow(const Row &row) override {
    loadQueryRow(row);
    Value max = emitScores(row);
    // Any finite reference does for a row without a finite score.
    Value none =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, max, real(-kInf));
    Value reference = arith::SelectOp::create(b, none, real(0.0), max);
    Value sum = emitExponentials(reference);
    Value empty =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, sum, real(0.0));
    emitOutput(row, arith::SelectOp::create(b, empty, real(1.0), sum));
    if (Value lse = op.getLse()) {
      Value log = math::LogOp::create(b, sum);
      store(arith::AddFOp::create(b, max, log), lse, {row.b, row.h, row.i});
    }
  }

  /// Scores of the row, -inf for a dropped one. Returns their maximum.
  Value emitScores(const Row &row) {
    auto step = [&](Value j, ValueRange max) -> SmallVector<Value> {
      store(real(-kInf), scores, j);
      setKept(j, false);
      return ifKept(row, j, max, [&]() -> SmallVector<Value> {
        Value s = rounded(scaledDot(row, j));
        if (!op.getScore().empty())
          s = rounded(score(row, j, s));
        store(s, scores, j);
        setKept(j, true);
        return {arith::MaximumFOp::create(b, max[0], s)};
      });
    };
    return loop(keys, real(-kInf), step).front();
  }

  /// Replaces the scores by exp(score - max) and returns their sum.
  Value emitExponentials(Value max) {
    auto step = [&](Value j, ValueRange sum) -> SmallVector<Value> {
      Value shifted = arith::SubFOp::create(b, load(scores, j), max);
      Value exponential = math::ExpOp::create(b, shifted);
      store(exponential, scores, j);
      return {arith::AddFOp::create(b, sum[0], exponential)};
    };
    return loop(keys, real(0.0), step).front();
  }

  void emitOutput(const Row &row, Value sum) {
    Value nothing = real(0.0);
    loop(valueDim, [&](Value d) { store(nothing, output, d); });
    loop(keys, [&](Value j) {
      // 0 * NaN is NaN, so what the mask dropped must not be multiplied.
      Value keep = memref::LoadOp::create(b, kept, j);
      auto branch = scf::IfOp::create(b, keep, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      Value weight = arith::DivFOp::create(b, load(scores, j), sum);
      accumulate(row, j, rounded(weight), Value());
    });
    loop(valueDim, [&](Value d) {
      store(rounded(load(output, d)), op.getOut(), {row.b, row.h, row.i, d});
    });
  }

  void setKept(Value j, bool keep) {
    Value flag = arith::ConstantOp::create(b, b.getBoolAttr(keep));
    memref::StoreOp::create(b, flag, kept, j);
  }

  /// `value` as it is after a trip through memory.
  Value rounded(Value value) {
    return convertFloat(b, convertFloat(b, value, op.getElementType()),
                        realType);
  }

  static constexpr double kInf = std::numeric_limits<double>::infinity();
  Value scores, kept;
};
} // namespace

std::unique_ptr<AttentionLoops> attn::makeTwoPassLoops(AttentionOp op) {
  return std::make_unique<TwoPassLoops>(op);
}
