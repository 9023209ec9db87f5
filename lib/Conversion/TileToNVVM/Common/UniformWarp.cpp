//===- UniformWarp.cpp - numbers that a warp agrees on --------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "UniformWarp.h"
#include "Patterns.h"
#include "ThreadGroup.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::tile;

/// Marks the shuffle at the kernel's start.
static constexpr StringRef kUniformWarp = "tile.uniform_warp";

Value tile::emitUniform(Integers &e, Value value) {
  return NVVM::ShflOp::create(e.b, value.getType(), e.constant(-1), value,
                              e.constant(0), e.constant(31),
                              NVVM::ShflKind::idx, UnitAttr());
}

Value tile::getUniformWarp(Integers &e) {
  auto kernel =
      e.b.getInsertionBlock()->getParentOp()->getParentOfType<gpu::GPUFuncOp>();
  if (!kernel)
    kernel = cast<gpu::GPUFuncOp>(e.b.getInsertionBlock()->getParentOp());
  Block &entry = kernel.getBody().front();
  for (Operation &op : entry)
    if (op.hasAttr(kUniformWarp))
      return op.getResult(0);
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointToStart(&entry);
  Value thread = NVVM::ThreadIdXOp::create(e.b, e.b.getI32Type());
  Value warp = emitUniform(e, e.shiftRight(thread, 5));
  warp.getDefiningOp()->setAttr(kUniformWarp, e.b.getUnitAttr());
  return warp;
}

Value tile::getUniformWarpGroup(Integers &e) {
  return e.shiftRight(getUniformWarp(e), 2);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {
struct UniformLowering : OpConversionPattern<UniformOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(UniformOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    // An elected thread has no one to agree with.
    bool alone = ThreadGroup::of(op).threads == 1;
    rewriter.replaceOp(op, alone ? adaptor.getValue()
                                 : emitUniform(e, adaptor.getValue()));
    return success();
  }
};

struct RowGroupLowering : OpConversionPattern<RowGroupOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(RowGroupOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    int64_t warps = getFragmentWarps(op->getParentOfType<gpu::GPUFuncOp>());
    int64_t groups = op.getGroups();
    if (warps % groups)
      return op.emitOpError("expected groups that divide the ")
             << warps << " warps of the rows, but got " << groups;
    rewriter.replaceOp(op, e.div(getUniformWarp(e), warps / groups));
    return success();
  }
};

/// Of the thread's own elements, then of the warp's threads.
struct AnyLowering : OpConversionPattern<AnyOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(AnyOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    ValueRange elements = adaptor.getCondition();
    Value any = elements.front();
    for (Value element : elements.drop_front())
      any = arith::OrIOp::create(e.b, any, element);
    rewriter.replaceOpWithNewOp<NVVM::VoteSyncOp>(
        op, e.b.getI1Type(), e.constant(-1), any, NVVM::VoteSyncKind::any);
    return success();
  }
};

struct LaneLowering : OpConversionPattern<LaneOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(LaneOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<NVVM::LaneIdOp>(op, rewriter.getI32Type());
    return success();
  }
};

struct BallotLowering : OpConversionPattern<BallotOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(BallotOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    rewriter.replaceOpWithNewOp<NVVM::VoteSyncOp>(
        op, e.b.getI32Type(), e.constant(-1), adaptor.getCondition(),
        NVVM::VoteSyncKind::ballot);
    return success();
  }
};
} // namespace

void tile::populateWarpPatterns(TypeConverter &converter,
                                RewritePatternSet &patterns) {
  patterns.add<UniformLowering, RowGroupLowering, AnyLowering, LaneLowering,
               BallotLowering>(converter, patterns.getContext());
}
