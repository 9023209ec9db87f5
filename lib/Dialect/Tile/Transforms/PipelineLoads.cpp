//===- PipelineLoads.cpp - copies issued ahead of their use ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Loops.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::tile {
#define GEN_PASS_DEF_TILEPIPELINELOADSPASS
#include "attn/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::tile

using namespace mlir;
using namespace mlir::tile;

namespace {
/// One loop whose body copies tiles, and what surrounds it.
class LoopPipeline {
public:
  LoopPipeline(scf::ForOp loop, int64_t stages)
      : loop(loop), stages(stages), b(loop.getLoc(), loop) {
    for (auto copy : loop.getBody()->getOps<CopyOp>())
      copies.push_back(copy);
  }

  LogicalResult run() {
    // A single buffer that is copied once an iteration is never free ahead of
    // time.
    if (copies.empty() || (stages == 1 && copies.size() == 1))
      return success();
    if (failed(check()))
      return failure();
    startCopiesBeforeLoop();
    findEarlyReader();
    if (stages == 1)
      alternate();
    else
      rotate();
    for (CopyOp copy : copies)
      copy.erase();
    finishCopiesAfterLoop();
    return success();
  }

private:
  LogicalResult check() {
    if (!loop.getInductionVar().getType().isInteger(32) ||
        !matchPattern(loop.getStep(), m_One()))
      return loop.emitOpError("expected an i32 loop with step 1 around copies "
                              "that are pipelined");
    for (CopyOp copy : copies) {
      if (dependsOnCarried(copy.getRow()) ||
          (copy.getInBounds() && dependsOnCarried(copy.getInBounds())))
        return copy.emitOpError("expected a row that does not depend on values "
                                "that the loop carries");
      auto alloc = copy.getTarget().getDefiningOp<AllocOp>();
      if (!alloc)
        return copy.emitOpError(
            "expected the target of a pipelined copy to be a "
            "tile.alloc");
      for (Operation *user : alloc->getUsers()) {
        Operation *inBody = loop.getBody()->findAncestorOpInBlock(*user);
        if (!inBody || inBody->isBeforeInBlock(copy))
          return copy.emitOpError(
              "expected every use of the buffer to follow its "
              "copy in the loop");
      }
    }
    if (stages != 1)
      return success();
    // The first buffer is refilled where the last copy stands.
    for (Operation *user : copies.front().getTarget().getUsers())
      if (copies.back()->isBeforeInBlock(
              loop.getBody()->findAncestorOpInBlock(*user)))
        return copies.front().emitOpError(
            "expected the buffer's uses before the last copy of the loop");
    return success();
  }

  /// Whether `value` cannot be computed for a later iteration.
  bool dependsOnCarried(Value value) {
    if (loop.isDefinedOutsideOfLoop(value) || value == loop.getInductionVar())
      return false;
    Operation *op = value.getDefiningOp();
    return !op || !isPure(op) || llvm::any_of(op->getOperands(), [&](Value v) {
      return dependsOnCarried(v);
    });
  }

  /// Copies ahead of the loop join its first group, unless they are read ahead
  /// of it as well.
  void startCopiesBeforeLoop() {
    for (Operation &op : llvm::make_early_inc_range(*loop->getBlock())) {
      if (&op == loop.getOperation())
        break;
      if (auto copy = dyn_cast<CopyOp>(op)) {
        early.insert(copy.getTarget());
        OpBuilder at(copy);
        CopyAsyncOp::create(at, copy.getLoc(), copy.getSource(), copy.getRow(),
                            copy.getTarget(), copy.getInBounds(),
                            copy.getAlignment(), copy.getSecond());
        copy.erase();
      }
    }
  }

  /// What is read before the loop is a group of its own. The first copies of
  /// the loop are started before it is waited for.
  void findEarlyReader() {
    start = loop;
    for (Value buffer : early)
      for (Operation *user : buffer.getUsers()) {
        Operation *reader = loop->getBlock()->findAncestorOpInBlock(*user);
        if (reader && !isa<CopyAsyncOp>(reader) &&
            reader->isBeforeInBlock(start))
          start = reader;
      }
    if (start == loop)
      return;
    b.setInsertionPoint(start);
    AsyncCommitOp::create(b);
  }

  /// Between the first copies of the loop, `groups` of them, and the loop.
  void waitForEarlyCopies(int64_t groups) {
    if (start == loop)
      return;
    b.setInsertionPoint(start);
    AsyncWaitOp::create(b, groups);
  }

  /// Nothing is in flight when the buffers get other uses; the loop may have
  /// run zero times.
  void finishCopiesAfterLoop() {
    b.setInsertionPointAfter(loop);
    AsyncWaitOp::create(b, 0);
  }

  /// The asynchronous form of `copy` for iteration `t`.
  void issue(CopyOp copy, Value t, Value target) {
    IRMapping mapping;
    mapping.map(loop.getInductionVar(), t);
    Value row = recompute(b, loop, copy.getRow(), mapping);
    Value inBounds;
    if (copy.getInBounds())
      inBounds = recompute(b, loop, copy.getInBounds(), mapping);
    CopyAsyncOp::create(b, copy.getLoc(), copy.getSource(), row, target,
                        inBounds, copy.getAlignment(), copy.getSecond());
  }

  Value constant(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }

  /// Emits `body` for iteration `t` unless the loop has ended by then.
  void guarded(Value t, llvm::function_ref<void()> body) {
    Value exists = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, t,
                                         loop.getUpperBound());
    auto branch = scf::IfOp::create(b, exists, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    body();
  }

  Value ahead(int64_t iterations) {
    // No wrap-around: lets range analysis see that a later iteration is not the
    // first.
    return arith::AddIOp::create(b, loop.getInductionVar(),
                                 constant(iterations),
                                 arith::IntegerOverflowFlags::nsw);
  }

  /// One stage: at each copy's place wait for it and start the next one, whose
  /// buffer has just lost its last reader.
  void alternate() {
    CopyOp first = copies.front();
    b.setInsertionPoint(start);
    guarded(loop.getLowerBound(),
            [&] { issue(first, loop.getLowerBound(), first.getTarget()); });
    AsyncCommitOp::create(b);
    waitForEarlyCopies(/*groups=*/1);
    for (auto [i, copy] : llvm::enumerate(copies)) {
      b.setInsertionPoint(copy);
      AsyncWaitOp::create(b, 0);
      if (i + 1 < copies.size()) {
        CopyOp next = copies[i + 1];
        issue(next, loop.getInductionVar(), next.getTarget());
      } else {
        Value t = ahead(1);
        guarded(t, [&] { issue(first, t, first.getTarget()); });
      }
      AsyncCommitOp::create(b);
    }
  }

  /// Several stages: rings of buffers, one group and one barrier per iteration.
  void rotate() {
    auto issueAll = [&](Value t) {
      Value slot = slotOf(t);
      for (CopyOp copy : copies)
        issue(copy, t, SlotOp::create(b, copy.getTarget(), slot));
    };
    for (CopyOp copy : copies)
      copy.getTarget().getDefiningOp<AllocOp>().setSlots(stages);

    b.setInsertionPoint(start);
    for (int64_t stage = 0; stage + 1 < stages; ++stage) {
      Value t = arith::AddIOp::create(b, loop.getLowerBound(), constant(stage));
      guarded(t, [&] { issueAll(t); });
      AsyncCommitOp::create(b);
    }
    waitForEarlyCopies(stages - 1);
    b.setInsertionPoint(copies.front());
    Value slot = slotOf(loop.getInductionVar());
    for (CopyOp copy : copies) {
      Value current = SlotOp::create(b, copy.getTarget(), slot);
      copy.getTarget().replaceUsesWithIf(current, [&](OpOperand &use) {
        return loop->isProperAncestor(use.getOwner()) &&
               !isa<SlotOp, CopyOp>(use.getOwner());
      });
    }
    AsyncWaitOp::create(b, stages - 2);
    Value t = ahead(stages - 1);
    guarded(t, [&] { issueAll(t); });
    AsyncCommitOp::create(b);
  }

  Value slotOf(Value t) {
    Value turn = arith::SubIOp::create(b, t, loop.getLowerBound());
    return arith::RemUIOp::create(b, turn, constant(stages));
  }

  scf::ForOp loop;
  int64_t stages;
  ImplicitLocOpBuilder b;
  SmallVector<CopyOp> copies;
  llvm::SmallSetVector<Value, 2> early; ///< buffers copied ahead of the loop
  Operation *start = nullptr; ///< the first copies of the loop stand before it
};

struct PipelineLoadsPass
    : tile::impl::TilePipelineLoadsPassBase<PipelineLoadsPass> {
  void runOnOperation() override {
    ScheduleAttr schedule = getSchedule(getOperation());
    if (!schedule || schedule.getConsumers())
      return; // roles have pipelines of their own
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) { loops.push_back(loop); });
    for (scf::ForOp loop : loops)
      if (failed(LoopPipeline(loop, schedule.getStages()).run()))
        return signalPassFailure();
  }
};
} // namespace
