//===- Pipeline.cpp - transaction barriers of a ring ----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Common/SharedTile.h"
#include "Common/ThreadGroup.h"
#include "Hopper/Barriers.h"
#include "Hopper/InlineAsm.h"
#include "Patterns.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::tile;

static int64_t getStages(Value pipeline) {
  return cast<PipelineType>(pipeline.getType()).getStages();
}

FillBarriers::FillBarriers(Integers &e, Value pipeline, Value base,
                           Value fill) {
  int64_t stages = getStages(pipeline);
  full = e.add(base, e.shiftLeft(e.rem(fill, stages), 3));
  empty = e.add(full, 8 * stages);
  parity = e.bitAnd(e.div(fill, stages), 1);
}

/// Until the phase of that parity is complete. The loop stays a loop: what is
/// computed before it is not moved behind it.
static void emitWait(Integers &e, Value barrier, Value parity) {
  InlineAsm text(e);
  text.line(".reg .pred done;");
  text.line("WAIT:");
  text.line("mbarrier.try_wait.parity.shared::cta.b64 done, [" +
            text.input(barrier) + "], " + text.input(parity) + ";");
  text.line("@done bra DONE;");
  text.line("bra WAIT;");
  text.line("DONE:");
  text.emit();
}

namespace {
/// One thread gives the barriers their counts; other threads see them after
/// the next tile.barrier.
struct CreateLowering : OpConversionPattern<CreatePipelineOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CreatePipelineOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!op.getOffset())
      return op.emitOpError("expected an offset: run tile-allocate-smem first");
    if (ThreadGroup::of(op).kind != ThreadGroup::Kind::Block)
      return op.emitOpError("expected to be outside of roles");
    Integers e(op.getLoc(), rewriter);
    Value base = getSharedAddress(e, int64_t(*op.getOffset()));
    int64_t stages = getStages(op.getPipeline());
    ThreadIndex t(e);
    InlineAsm text(e);
    text.line(".reg .pred first;");
    text.line("setp.eq.u32 first, " + text.input(t.thread) + ", 0;");
    std::string address = text.input(base);
    for (int64_t i = 0; i < 2 * stages; ++i)
      text.line("@first mbarrier.init.shared::cta.b64 [" + address + "+" +
                Twine(8 * i) + "], " +
                Twine(i < stages ? op.getProducers() : op.getConsumers()) +
                ";");
    // Once for all, behind the last.
    if (isLast(op))
      text.line("@first fence.mbarrier_init.release.cluster;");
    text.emit();
    rewriter.replaceOp(op, base);
    return success();
  }

private:
  static bool isLast(Operation *op) {
    while ((op = op->getNextNode()))
      if (isa<CreatePipelineOp>(op))
        return false;
    return true;
  }
};

/// A step of a pipeline: what it does with the two barriers of its fill.
template <typename OpT> struct StepLowering : OpConversionPattern<OpT> {
  using OpConversionPattern<OpT>::OpConversionPattern;
  LogicalResult
  matchAndRewrite(OpT op, typename OpT::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    emit(e, op,
         FillBarriers(e, op.getPipeline(), adaptor.getPipeline(),
                      adaptor.getFill()));
    rewriter.eraseOp(op);
    return success();
  }
  virtual void emit(Integers &e, OpT op,
                    const FillBarriers &barriers) const = 0;
};

struct AcquireLowering : StepLowering<PipelineAcquireOp> {
  using StepLowering::StepLowering;
  void emit(Integers &e, PipelineAcquireOp op,
            const FillBarriers &barriers) const override {
    // Before the first release the phase before the first counts as complete.
    emitWait(e, barriers.empty, e.bitXor(barriers.parity, 1));
  }
};

struct WaitLowering : StepLowering<PipelineWaitOp> {
  using StepLowering::StepLowering;
  void emit(Integers &e, PipelineWaitOp op,
            const FillBarriers &barriers) const override {
    emitWait(e, barriers.full, barriers.parity);
  }
};

/// The end of a fill by cp.async and ordinary stores.
struct CommitLowering : StepLowering<PipelineCommitOp> {
  using StepLowering::StepLowering;
  void emit(Integers &e, PipelineCommitOp op,
            const FillBarriers &barriers) const override {
    InlineAsm text(e);
    text.line("cp.async.wait_group " + Twine(op.getPending()) + ";");
    text.line("fence.proxy.async.shared::cta;");
    text.line("mbarrier.arrive.shared::cta.b64 _, [" +
              text.input(barriers.full) + "];");
    text.emit();
  }
};

/// One lane of each warp arrives; at the barriers of all blocks of the cluster
/// where they fill the slot together.
struct ReleaseLowering : StepLowering<PipelineReleaseOp> {
  using StepLowering::StepLowering;
  void emit(Integers &e, PipelineReleaseOp op,
            const FillBarriers &barriers) const override {
    InlineAsm text(e);
    text.line(".reg .pred leads;");
    text.line("elect.sync _|leads, 0xffffffff;");
    std::string empty = text.input(barriers.empty);
    if (op.getMulticast()) {
      text.line(".reg .b32 remote;");
      for (int64_t rank = 0; rank < getClusterSize(op); ++rank) {
        text.line("mapa.shared::cluster.u32 remote, " + empty + ", " +
                  Twine(rank) + ";");
        text.line("@leads mbarrier.arrive.release.cluster.shared::cluster.b64 "
                  "_, [remote];");
      }
    } else {
      text.line("@leads mbarrier.arrive.shared::cta.b64 _, [" + empty + "];");
    }
    text.emit();
  }
};
} // namespace

void tile::populatePipelinePatterns(TypeConverter &converter,
                                    RewritePatternSet &patterns) {
  patterns.add<CreateLowering, AcquireLowering, WaitLowering, CommitLowering,
               ReleaseLowering>(converter, patterns.getContext());
}
