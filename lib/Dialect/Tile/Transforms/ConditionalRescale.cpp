//===- ConditionalRescale.cpp - no multiplication by one ------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FlashAttention-4 (arXiv 2603.05451): with a threshold in the normalizer most
// tiles leave every row's reference point where it is.

#include "Loops.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::tile {
#define GEN_PASS_DEF_TILECONDITIONALRESCALEPASS
#include "attn/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::tile

using namespace mlir;
using namespace mlir::tile;

/// Whether `value` is an output that a loop carries, or a product about to be.
static bool isRunningOutput(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return isa<scf::ForOp>(argument.getOwner()->getParentOp());
  return isa_and_nonnull<DotWaitOp>(value.getDefiningOp()) &&
         isa<scf::ForOp>(value.getDefiningOp()->getParentOp());
}

namespace {
struct ConditionalRescalePass
    : tile::impl::TileConditionalRescalePassBase<ConditionalRescalePass> {
  void runOnOperation() override {
    ScheduleAttr schedule = getSchedule(getOperation());
    if (!schedule || schedule.getThreshold() == 0)
      return;
    SmallVector<arith::MulFOp> scales;
    getOperation().walk([&](arith::MulFOp op) {
      auto type = dyn_cast<RankedTensorType>(op.getType());
      auto spread = op.getRhs().getDefiningOp<BroadcastOp>();
      if (type && isa_and_nonnull<AccumulatorAttr>(type.getEncoding()) &&
          spread && isFragment(spread.getSource().getType()) &&
          isRunningOutput(op.getLhs()))
        scales.push_back(op);
    });
    for (arith::MulFOp op : scales)
      guard(op);
  }

private:
  static void guard(arith::MulFOp op) {
    ImplicitLocOpBuilder b(op.getLoc(), op);
    Value factor = op.getRhs().getDefiningOp<BroadcastOp>().getSource();
    Value one = BroadcastOp::create(
        b, factor.getType(),
        arith::ConstantOp::create(b, b.getF32FloatAttr(1.0)));
    Value changes =
        arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, factor, one);
    auto branch = scf::IfOp::create(b, op.getType(), AnyOp::create(b, changes),
                                    /*withElseRegion=*/true);
    op.getResult().replaceAllUsesWith(branch.getResult(0));
    b.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(b, op.getResult());
    op->moveBefore(branch.thenBlock()->getTerminator());
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, op.getLhs());
  }
};
} // namespace
