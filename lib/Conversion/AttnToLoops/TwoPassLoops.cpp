//===- TwoPassLoops.cpp - attention as an unfused program -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is rounded here is what such a program stores to memory: the scaled
// scores, the scores after the region, the weights and the output. The first
// pass over a row ends with the normalizer's state, the second takes the
// weights of that state, so that nothing is ever rescaled. Weights of a
// normalizer that never rescales are final when they are made.
//
// With queries of 8-bit floats scores stay f32, and the weights are rounded to
// 8-bit floats as they are before the row's factor.

#include "AttentionLoops.h"
#include "Float8.h"
#include "ScalarRegion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::attn;

namespace {
class TwoPassLoops : public AttentionLoops {
public:
  TwoPassLoops(AttentionOpInterface op, const RoundedTypes &types)
      : AttentionLoops(op, Float32Type::get(op.getContext())), types(types) {}

private:
  void allocateBuffers() override {
    scores = allocate(ShapedType::kDynamic, realType, keys);
    kept = allocate(ShapedType::kDynamic, b.getI1Type(), keys);
  }

  void emitRow(const Row &row) override {
    beginRow(row);
    SmallVector<Value> state = emitScores(row);
    NormalizerFinish end = normalizer.finish(b, b.getLoc(), rows, 1.0, state);
    emitOutput(row, state, end.factor);
    if (op.getLse())
      store(end.lse, op.getLse(), {row.b, row.h, row.i});
  }

  /// Scores of the row, or weights that are final. Returns the state of the
  /// normalizer after all of them.
  SmallVector<Value> emitScores(const Row &row) {
    auto step = [&](Value j, ValueRange state) -> SmallVector<Value> {
      setKept(j, false);
      return ifKept(row, j, state, [&]() -> SmallVector<Value> {
        Value s = rounded(scaledDot(row, j));
        if (!op.getScore().empty())
          s = rounded(score(row, j, s));
        NormalizerStep next = update(s, state);
        final = !next.rescale;
        store(final ? next.weights : s, scores, j);
        setKept(j, true);
        return next.state;
      });
    };
    return loopOverKeys(normalizer.init(b, b.getLoc(), rows), step);
  }

  NormalizerStep update(Value s, ValueRange state) {
    return normalizer.update(b, b.getLoc(), rows, s, 1.0, /*mayDropRow=*/true,
                             /*threshold=*/0, state);
  }

  /// One score more, all of which are in `state` already, leaves its maximum as
  /// it is: the weights are those of the whole row.
  void emitOutput(const Row &row, ValueRange state, Value factor) {
    clearOutput();
    loop(keys, [&](Value j) {
      // 0 * NaN is NaN, so what the mask dropped must not be multiplied.
      Value keep = memref::LoadOp::create(b, kept, j);
      auto branch = scf::IfOp::create(b, keep, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      Value weight = load(scores, j);
      if (!final)
        weight = update(weight, state).weights;
      if (hasFloat8Weights())
        weight = roundedToFloat8(weight);
      else
        weight = rounded(withFactor(weight, factor));
      accumulate(row, j, weight, Value());
    });
    finishMap(row, [&](Value d) {
      Value sum = load(output, d);
      if (hasFloat8Weights())
        sum = withFactor(sum, factor);
      return throughType(sum, types.out);
    });
  }

  Value withFactor(Value value, Value factor) {
    return factor ? Value(arith::MulFOp::create(b, value, factor)) : value;
  }

  bool hasFloat8Weights() const { return isFloat8(types.element); }

  /// Weights from 0 to 1 are rounded in a range with more of the type's
  /// numbers.
  Value roundedToFloat8(Value weight) {
    const double range = normalizer.hasUnitWeights() ? kFloat8WeightFactor : 1;
    weight = arith::MulFOp::create(b, weight, real(range));
    Value narrow = roundToFloat8(b, convertFloat(b, weight, b.getF64Type()),
                                 Float8E4M3FNType::get(b.getContext()));
    return arith::MulFOp::create(b, convertFloat(b, narrow, realType),
                                 real(1 / range));
  }

  void setKept(Value j, bool keep) {
    Value flag = arith::ConstantOp::create(b, b.getBoolAttr(keep));
    memref::StoreOp::create(b, flag, kept, j);
  }

  Value throughType(Value value, Type type) {
    return convertFloat(b, convertFloat(b, value, type), realType);
  }

  Value rounded(Value value) override {
    return hasFloat8Weights() ? value : throughType(value, types.element);
  }

  /// Key and value of 8 bits beside a wider query are stored so, and no more.
  bool scalesElements() const override { return !hasFloat8Weights(); }

  RoundedTypes types;
  Value scores, kept;
  bool final = false; // scores are weights after the first pass
};
} // namespace

std::unique_ptr<AttentionLoops>
attn::makeTwoPassLoops(AttentionOpInterface op, const RoundedTypes &types) {
  return std::make_unique<TwoPassLoops>(op, types);
}
