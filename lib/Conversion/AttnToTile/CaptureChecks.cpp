//===- CaptureChecks.cpp - that regions read inside of captures -----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CaptureChecks.h"
#include "HostChecks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::attn;

namespace {
class CaptureChecks : HostChecks {
public:
  explicit CaptureChecks(AttentionOpInterface op) : HostChecks(op), op(op) {}

  void run() {
    op->walk([&](LoadOp load) {
      for (auto [d, index] : llvm::enumerate(load.getIndices()))
        check(load, d, index);
    });
  }

private:
  void check(LoadOp load, int64_t d, Value index) {
    std::optional<IndexSum> sum = getIndexSum(op, index);
    if (!sum)
      return;
    unsigned positions = load->getParentRegion() == &op.getSink() ? 2 : 4;
    Value capture = load.getCapture();
    Value size = dim(capture, d), zero = constant(0);
    Value least = constant(sum->constant);
    for (auto [factor, scalar] : sum->scalars)
      least = plus(least, factor, scalar);
    Value largest = least, isEmpty;
    for (auto [n, factor] :
         llvm::enumerate(ArrayRef(sum->factors).take_front(positions))) {
      Value length = lengthOf(n);
      Value none =
          arith::CmpIOp::create(b, arith::CmpIPredicate::eq, length, zero);
      isEmpty = isEmpty ? arith::OrIOp::create(b, isEmpty, none) : none;
      if (factor == 0)
        continue;
      Value last = arith::SubIOp::create(b, length, constant(1));
      Value &end = factor < 0 ? least : largest;
      end = plus(end, factor, last);
    }
    std::string what = "index of dimension " + std::to_string(d) +
                       " of a captured tensor of rank " +
                       std::to_string(load.getIndices().size());
    // Nothing is read where there is no position.
    requireAtLeast(zero, arith::SelectOp::create(b, isEmpty, zero, least),
                   "smallest " + what);
    requireAtMost(
        size,
        arith::SelectOp::create(b, isEmpty, zero,
                                arith::AddIOp::create(b, largest, constant(1))),
        "largest " + what + ", plus one");
  }

  Value plus(Value sum, int64_t factor, Value value) {
    return arith::AddIOp::create(
        b, sum, arith::MulIOp::create(b, value, constant(factor)));
  }

  /// B, Hq, Sq and Sk.
  Value lengthOf(int64_t position) {
    return position < 3 ? dim(op.getQuery(), position) : dim(op.getKey(), 2);
  }

  AttentionOpInterface op;
};
} // namespace

void attn::buildCaptureChecks(AttentionOpInterface op) {
  CaptureChecks(op).run();
}
