//===- Multicast.cpp - tiles shared by the blocks of a cluster ------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Loops.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlir::tile {
#define GEN_PASS_DEF_TILEMULTICASTPASS
#include "attn/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::tile

using namespace mlir;
using namespace mlir::tile;

namespace {
struct MulticastPass : tile::impl::TileMulticastPassBase<MulticastPass> {
  void runOnOperation() override {
    for (auto &[kernel, launches] : collectLaunches(getOperation())) {
      ScheduleAttr schedule = getSchedule(kernel);
      if (schedule && schedule.getCluster() > 1 &&
          failed(share(kernel, launches)))
        return signalPassFailure();
    }
  }

private:
  LogicalResult share(gpu::GPUFuncOp kernel,
                      ArrayRef<gpu::LaunchFuncOp> launches) {
    int64_t cluster = getSchedule(kernel).getCluster();
    SmallVector<CopyTensorOp> copies;
    kernel.walk([&](CopyTensorOp copy) {
      auto loop = dyn_cast<scf::ForOp>(copy->getParentOp());
      if (copy.getPipeline() && loop && isInnermost(loop))
        copies.push_back(copy);
    });
    if (copies.empty())
      return kernel.emitError("expected tensor copies in a loop for cluster = ")
             << cluster << ": rows must be multiples of 16 bytes apart";
    llvm::SetVector<Value> maps, pipelines;
    for (CopyTensorOp copy : copies) {
      copy.setMulticast(true);
      maps.insert(copy.getMap());
      pipelines.insert(copy.getPipeline());
    }
    for (Value map : maps)
      splitBoxes(cast<BlockArgument>(map).getArgNumber(), launches, cluster);
    for (Value pipeline : pipelines) {
      auto create = pipeline.getDefiningOp<CreatePipelineOp>();
      create.setConsumers(create.getConsumers() * cluster);
      for (Operation *user : pipeline.getUsers())
        if (auto release = dyn_cast<PipelineReleaseOp>(user))
          release.setMulticast(true);
    }
    // No block leaves while the other may still write to it.
    OpBuilder b(kernel.getBody().front().getTerminator());
    BarrierOp::create(b, kernel.getLoc());
    kernel->setAttr("tile.cluster", b.getI64IntegerAttr(cluster));
    for (gpu::LaunchFuncOp launch : launches)
      launchClusters(launch, cluster);
    return success();
  }

  /// Each block copies its part of the rows.
  static void splitBoxes(unsigned argument,
                         ArrayRef<gpu::LaunchFuncOp> launches,
                         int64_t cluster) {
    for (gpu::LaunchFuncOp launch : launches)
      if (auto encode = launch.getKernelOperand(argument)
                            .getDefiningOp<EncodeTensorMapOp>())
        encode.setRows(encode.getRows() / cluster);
  }

  static void launchClusters(gpu::LaunchFuncOp launch, int64_t cluster) {
    OpBuilder b(launch);
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, launch.getLoc(), value);
    };
    launch.getClusterSizeXMutable().assign(constant(cluster));
    launch.getClusterSizeYMutable().assign(constant(1));
    launch.getClusterSizeZMutable().assign(constant(1));
  }
};
} // namespace
