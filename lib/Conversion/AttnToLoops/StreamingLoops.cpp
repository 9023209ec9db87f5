//===- StreamingLoops.cpp - the definition of attn.attention --------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AttentionLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::attn;

namespace {
class StreamingLoops : public AttentionLoops {
public:
  StreamingLoops(AttentionOpInterface op, Type real)
      : AttentionLoops(op, real) {}

private:
  void emitRow(const Row &row) override {
    beginRow(row);
    clearOutput();
    SmallVector<Value> state = normalizer.init(b, b.getLoc(), rows);
    state = loopOverKeys(state, [&](Value j, ValueRange before) {
      return ifKept(row, j, before, [&] { return step(row, j, before); });
    });
    finish(row, state);
  }

  /// One more key: the new state of the normalizer and of the output row.
  SmallVector<Value> step(const Row &row, Value j, ValueRange state) {
    Value s = score(row, j, scaledDot(row, j));
    // The scale is part of the score already. A kept score may still be -inf,
    // so a row can be empty so far.
    NormalizerStep next =
        normalizer.update(b, b.getLoc(), rows, s, 1.0,
                          /*mayDropRow=*/true, /*threshold=*/0, state);
    accumulate(row, j, next.weights, next.rescale);
    return next.state;
  }

  void finish(const Row &row, ValueRange state) {
    NormalizerFinish end = normalizer.finish(b, b.getLoc(), rows, 1.0, state);
    finishMap(row, [&](Value d) {
      Value sum = load(output, d);
      if (end.factor)
        sum = arith::MulFOp::create(b, sum, end.factor);
      return sum;
    });
    if (op.getLse())
      store(end.lse, op.getLse(), {row.b, row.h, row.i});
  }
};
} // namespace

std::unique_ptr<AttentionLoops>
attn::makeStreamingLoops(AttentionOpInterface op, Type real) {
  return std::make_unique<StreamingLoops>(op, real);
}
