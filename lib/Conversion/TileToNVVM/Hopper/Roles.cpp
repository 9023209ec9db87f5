//===- Roles.cpp - warp groups with roles, and their turns ----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Common/NamedBarriers.h"
#include "Common/ThreadGroup.h"
#include "Common/UniformWarp.h"
#include "Patterns.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::tile;

/// Threads at a turn's barrier: of the warp group whose turn it becomes, and of
/// the one that passes it on.
static constexpr int64_t kTurnThreads = 2 * kWarpGroupThreads;

void tile::emitAsyncProxyFence(OpBuilder &b, Location loc) {
  NVVM::FenceProxyOp::create(
      b, loc,
      NVVM::ProxyKindAttr::get(b.getContext(), NVVM::ProxyKind::async_shared),
      NVVM::SharedSpaceAttr::get(b.getContext(),
                                 NVVM::SharedSpace::shared_cta));
}

static Value equals(Integers &e, Value value, int64_t constant) {
  return arith::CmpIOp::create(e.b, arith::CmpIPredicate::eq, value,
                               e.constant(constant));
}

static void arriveAtTurn(Integers &e, Value id) {
  NVVM::BarrierArriveOp::create(e.b, id, e.constant(kTurnThreads));
}

/// Barrier of the group after this thread's one; made outside of all loops.
static Value nextTurn(Integers &e, int64_t groups) {
  Value warp = getUniformWarp(e);
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointAfter(warp.getDefiningOp());
  Value group = getUniformWarpGroup(e);
  return e.select(equals(e, group, groups - 1), e.constant(kTurnBarrier),
                  e.add(group, kTurnBarrier + 1));
}

namespace {
struct TakeTurnLowering : OpConversionPattern<TakeTurnOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(TakeTurnOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    Value id = e.add(getUniformWarpGroup(e), kTurnBarrier);
    NVVM::BarrierOp::create(e.b, TypeRange(), id, e.constant(kTurnThreads),
                            NVVM::BarrierReductionAttr(), Value());
    rewriter.eraseOp(op);
    return success();
  }
};

struct PassTurnLowering : OpConversionPattern<PassTurnOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(PassTurnOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    arriveAtTurn(e, nextTurn(e, op.getGroups()));
    rewriter.eraseOp(op);
    return success();
  }
};

/// The last group passes the turn on without having had it.
struct StartTurnsLowering : OpConversionPattern<StartTurnsOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(StartTurnsOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    Value isLast = equals(e, getUniformWarpGroup(e), op.getGroups() - 1);
    auto branch = scf::IfOp::create(e.b, isLast, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPointToStart(branch.thenBlock());
    arriveAtTurn(e, e.constant(kTurnBarrier));
    rewriter.eraseOp(op);
    return success();
  }
};

/// A warp's rows of a product are those that its own lanes have written: it is
/// enough that they meet, where all threads do not.
struct FenceLowering : OpConversionPattern<FenceAsyncOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(FenceAsyncOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    emitAsyncProxyFence(rewriter, op.getLoc());
    if (!isa_and_nonnull<BarrierOp>(op->getNextNode()))
      NVVM::SyncWarpOp::create(
          rewriter, op.getLoc(),
          arith::ConstantOp::create(rewriter, op.getLoc(),
                                    rewriter.getI32IntegerAttr(-1)));
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

void tile::populateRolePatterns(TypeConverter &converter,
                                RewritePatternSet &patterns) {
  patterns.add<TakeTurnLowering, PassTurnLowering, StartTurnsLowering,
               FenceLowering>(converter, patterns.getContext());
}

//===----------------------------------------------------------------------===//
// tile.warp_specialize
//===----------------------------------------------------------------------===//

/// A branch on a condition, entered by the builder.
static Block *enterBranch(Integers &e, Value condition) {
  auto branch = scf::IfOp::create(e.b, condition, /*withElseRegion=*/false);
  e.b.setInsertionPointToStart(branch.thenBlock());
  return branch.thenBlock();
}

static void moveBody(Region &from, Block *to) {
  to->getOperations().splice(std::prev(to->end()),
                             from.front().getOperations());
}

static void setRegisters(Integers &e, int64_t count,
                         NVVM::SetMaxRegisterAction action) {
  if (count)
    NVVM::SetMaxRegisterOp::create(e.b, count, action);
}

void tile::lowerRoles(WarpSpecializeOp op) {
  OpBuilder builder(op);
  Integers e(op.getLoc(), builder);
  int64_t consumers = op.getConsumers();
  Value isProducer = equals(e, getUniformWarpGroup(e), consumers);
  auto roles = scf::IfOp::create(e.b, isProducer, /*withElseRegion=*/true);

  // A whole warp group changes its registers, before any of it is elected.
  Block *producer = roles.thenBlock();
  e.b.setInsertionPointToStart(producer);
  setRegisters(e, op.getProducerRegisters(),
               NVVM::SetMaxRegisterAction::decrease);
  if (op.getElected()) {
    enterBranch(e, equals(e, getUniformWarp(e), 4 * consumers));
    producer =
        enterBranch(e, NVVM::ElectSyncOp::create(e.b, e.b.getI1Type(),
                                                 /*membermask=*/Value()));
  }
  moveBody(op.getProducer(), producer);

  e.b.setInsertionPointToStart(roles.elseBlock());
  setRegisters(e, op.getConsumerRegisters(),
               NVVM::SetMaxRegisterAction::increase);
  moveBody(op.getConsumer(), roles.elseBlock());
  op.erase();
}
