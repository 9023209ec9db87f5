//===- PingPong.cpp - warp groups that issue in turns ---------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FlashAttention-3 (arXiv 2407.08608), section 3.1.

#include "Loops.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"

namespace mlir::tile {
#define GEN_PASS_DEF_TILEPINGPONGPASS
#include "attn/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::tile

using namespace mlir;
using namespace mlir::tile;

namespace {
struct PingPongPass : tile::impl::TilePingPongPassBase<PingPongPass> {
  void runOnOperation() override {
    ScheduleAttr schedule = getSchedule(getOperation());
    if (!schedule || !schedule.getPingPong())
      return;
    int64_t groups = schedule.getConsumers();
    getOperation().walk([&](WarpSpecializeOp roles) {
      bool turns = false;
      roles.getConsumer().walk([&](scf::ForOp loop) {
        SmallVector<DotAsyncOp> dots(loop.getBody()->getOps<DotAsyncOp>());
        if (dots.size() != 2 || !isInnermost(loop))
          return;
        OpBuilder b(dots.front());
        TakeTurnOp::create(b, dots.front().getLoc(), groups);
        b.setInsertionPointAfter(dots.back());
        PassTurnOp::create(b, dots.back().getLoc(), groups);
        turns = true;
      });
      if (!turns)
        return;
      OpBuilder b = OpBuilder::atBlockBegin(&roles.getConsumer().front());
      StartTurnsOp::create(b, roles.getLoc(), groups);
    });
  }
};
} // namespace
