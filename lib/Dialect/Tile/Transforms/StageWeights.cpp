//===- StageWeights.cpp - weights through shared memory -------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Loops.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"

namespace mlir::tile {
#define GEN_PASS_DEF_TILESTAGEWEIGHTSPASS
#include "attn/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::tile

using namespace mlir;
using namespace mlir::tile;

namespace {
struct StageWeightsPass
    : tile::impl::TileStageWeightsPassBase<StageWeightsPass> {
  void runOnOperation() override {
    schedule = getSchedule(getOperation());
    if (!schedule || schedule.getWeights() != Weights::Shared)
      return;
    SmallVector<DotOp> dots;
    getOperation().walk([&](DotOp dot) {
      if (dot.getA().getDefiningOp<ConvertOp>())
        dots.push_back(dot);
    });
    for (DotOp dot : dots)
      stage(dot);
  }

private:
  /// Whether all groups have met in this iteration, on every way to `op`.
  static bool meetBefore(Operation *op) {
    for (Operation &other : *op->getBlock()) {
      if (&other == op)
        return false;
      if (meets(other))
        return true;
    }
    return false;
  }

  static bool meets(Operation &op) {
    if (isa<CombineOp>(op))
      return true;
    auto branch = dyn_cast<scf::IfOp>(op);
    return branch && branch.elseBlock() &&
           llvm::all_of(
               ArrayRef<Block *>{branch.thenBlock(), branch.elseBlock()},
               [](Block *block) { return llvm::any_of(*block, meets); });
  }

  void stage(DotOp dot) {
    auto convert = dot.getA().getDefiningOp<ConvertOp>();
    auto type = cast<RankedTensorType>(convert.getResult().getType());
    OpBuilder b = OpBuilder::atBlockBegin(&getOperation().getBody().front());
    Value buffer =
        AllocOp::create(b, dot.getLoc(),
                        getSharedType(type.getDimSize(0), type.getDimSize(1),
                                      type.getElementType(), getGroups(type)),
                        IntegerAttr(), /*slots=*/1);
    b.setInsertionPoint(convert);
    bool shared = getGroups(type) > 1;
    if (shared && !meetBefore(convert))
      BarrierOp::create(b, dot.getLoc()); // all have read those before
    StoreOp::create(b, dot.getLoc(), convert.getSource(), buffer);
    if (schedule.getConsumers()) // warp groups read it by another way
      FenceAsyncOp::create(b, dot.getLoc());
    if (shared)
      BarrierOp::create(b, dot.getLoc());
    dot.getAMutable().assign(buffer);
    if (convert->use_empty())
      convert.erase();
  }

  ScheduleAttr schedule;
};
} // namespace
