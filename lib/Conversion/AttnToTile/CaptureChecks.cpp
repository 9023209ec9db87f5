//===- CaptureChecks.cpp - that regions read inside of captures -----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CaptureChecks.h"
#include "HostChecks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::attn;

namespace {
/// A sum of multiples of the positions b, h, i and j, of captured scalars, and
/// of a constant.
struct IndexSum {
  std::array<int64_t, 4> factors = {};
  SmallVector<std::pair<int64_t, Value>> scalars;
  int64_t constant = 0;
};

class CaptureChecks : HostChecks {
public:
  explicit CaptureChecks(AttentionOpInterface op) : HostChecks(op), op(op) {}

  void run() {
    for (Region *region : {&op.getScore(), &op.getMask(), &op.getSink()}) {
      // A score region has the score before the positions.
      firstPosition = region == &op.getScore();
      region->walk([&](LoadOp load) {
        for (auto [d, index] : llvm::enumerate(load.getIndices()))
          check(load, d, index);
      });
    }
  }

private:
  void check(LoadOp load, int64_t d, Value index) {
    IndexSum sum;
    Region &region = *load->getParentRegion();
    if (!add(region, index, 1, sum))
      return; // through memory, a division or the like
    Value capture = load.getCapture();
    Value size = dim(capture, d), zero = constant(0);
    Value least = constant(sum.constant);
    for (auto [factor, scalar] : sum.scalars)
      least = plus(least, factor, scalar);
    Value largest = least, isEmpty;
    for (auto [n, factor] : llvm::enumerate(sum.factors)) {
      if (n >= region.getNumArguments() - firstPosition)
        break; // a sink region has no positions in sequences
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

  bool add(Region &region, Value value, int64_t factor, IndexSum &sum) {
    APInt number;
    if (matchPattern(value, m_ConstantInt(&number))) {
      sum.constant += factor * number.getSExtValue();
      return true;
    }
    if (!region.isAncestor(value.getParentRegion())) {
      if (value.getType().isIndex())
        sum.scalars.push_back({factor, value});
      return value.getType().isIndex();
    }
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      sum.factors[argument.getArgNumber() - firstPosition] += factor;
      return true;
    }
    if (auto two = value.getDefiningOp<arith::AddIOp>())
      return add(region, two.getLhs(), factor, sum) &&
             add(region, two.getRhs(), factor, sum);
    if (auto two = value.getDefiningOp<arith::SubIOp>())
      return add(region, two.getLhs(), factor, sum) &&
             add(region, two.getRhs(), -factor, sum);
    auto product = value.getDefiningOp<arith::MulIOp>();
    return product && matchPattern(product.getRhs(), m_ConstantInt(&number)) &&
           add(region, product.getLhs(), factor * number.getSExtValue(), sum);
  }

  AttentionOpInterface op;
  unsigned firstPosition = 0;
};
} // namespace

void attn::buildCaptureChecks(AttentionOpInterface op) {
  CaptureChecks(op).run();
}
