//===- SplitLoops.cpp - cut loops where a condition changes ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::tile {
#define GEN_PASS_DEF_TILESPLITLOOPSPASS
#include "attn/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::tile

using namespace mlir;

namespace {
/// iv < bound (or its negation) decides an scf.if in the loop.
struct Cut {
  arith::CmpIOp compare;
  Value bound;
  bool holdsFirst; // true before the bound, false from it on
};
} // namespace

/// The comparisons behind a condition: through and, or.
static void collectComparisons(Value condition,
                               llvm::SetVector<Operation *> &comparisons) {
  Operation *op = condition.getDefiningOp();
  if (!op)
    return;
  if (isa<arith::CmpIOp>(op))
    comparisons.insert(op);
  if (isa<arith::AndIOp, arith::OrIOp>(op))
    for (Value operand : op->getOperands())
      collectComparisons(operand, comparisons);
}

static std::optional<Cut> asCut(arith::CmpIOp compare, scf::ForOp loop) {
  if (compare.getLhs() != loop.getInductionVar() ||
      !loop.isDefinedOutsideOfLoop(compare.getRhs()))
    return std::nullopt;
  switch (compare.getPredicate()) {
  case arith::CmpIPredicate::slt:
    return Cut{compare, compare.getRhs(), true};
  case arith::CmpIPredicate::sge:
    return Cut{compare, compare.getRhs(), false};
  default:
    return std::nullopt;
  }
}

static std::optional<Cut> findCut(scf::ForOp loop) {
  if (!matchPattern(loop.getStep(), m_One()))
    return std::nullopt; // a cut could fall between two iterations
  llvm::SetVector<Operation *> comparisons;
  for (Operation &op : *loop.getBody())
    if (auto branch = dyn_cast<scf::IfOp>(op))
      collectComparisons(branch.getCondition(), comparisons);
  for (Operation *op : comparisons)
    if (auto cut = asCut(cast<arith::CmpIOp>(op), loop))
      return cut;
  return std::nullopt;
}

static void setComparison(arith::CmpIOp compare, bool value) {
  OpBuilder b(compare);
  Value constant =
      arith::ConstantOp::create(b, compare.getLoc(), b.getBoolAttr(value));
  compare.replaceAllUsesWith(constant);
  compare.erase();
}

/// `loop` becomes [lower, cut); a clone of it runs [cut, upper) on its results.
static void split(scf::ForOp loop, Cut cut) {
  OpBuilder b(loop);
  Location loc = loop.getLoc();
  Value low = arith::MaxSIOp::create(b, loc, cut.bound, loop.getLowerBound());
  Value at = arith::MinSIOp::create(b, loc, low, loop.getUpperBound());
  at = arith::MaxSIOp::create(b, loc, at, loop.getLowerBound());

  IRMapping mapping;
  b.setInsertionPointAfter(loop);
  auto rest = cast<scf::ForOp>(b.clone(*loop, mapping));
  auto restCompare =
      mapping.lookup(cut.compare.getResult()).getDefiningOp<arith::CmpIOp>();
  loop.replaceAllUsesWith(rest.getResults());
  rest.getInitArgsMutable().assign(loop.getResults());
  rest.setLowerBound(at);
  loop.setUpperBound(at);
  setComparison(cut.compare, cut.holdsFirst);
  setComparison(restCompare, !cut.holdsFirst);
}

namespace {
struct SplitLoopsPass : tile::impl::TileSplitLoopsPassBase<SplitLoopsPass> {
  void runOnOperation() override {
    // A cut decides conditions, which may decide further ones: simplify
    // between.
    RewritePatternSet patterns(&getContext());
    scf::IfOp::getCanonicalizationPatterns(patterns, &getContext());
    arith::AndIOp::getCanonicalizationPatterns(patterns, &getContext());
    FrozenRewritePatternSet simplify(std::move(patterns));
    while (true) {
      if (failed(applyPatternsGreedily(getOperation(), simplify)))
        return signalPassFailure();
      SmallVector<std::pair<scf::ForOp, Cut>> cuts;
      getOperation().walk([&](scf::ForOp loop) {
        if (auto cut = findCut(loop))
          cuts.push_back({loop, *cut});
      });
      if (cuts.empty())
        return;
      split(cuts.front().first, cuts.front().second);
    }
  }
};
} // namespace
