//===- AttnToTile.cpp - attention ops to kernels over tiles ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Forward.h"
#include "HeadDims.h"
#include "HostLaunch.h"
#include "LiveTiles.h"
#include "attn/Conversion/Passes.h"
#include "attn/Support/TargetDesc.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNTOTILEPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

/// What a chip's instructions and this lowering can do, said in the user's
/// terms.
static LogicalResult checkSupported(AttentionOp op, StringRef chip,
                                    tile::ScheduleAttr schedule) {
  if (!op.isBufferized())
    return op.emitError("expected memrefs: run attn-bufferize first");
  if (op.getElementType().isF32())
    return op.emitError("f32 inputs are not supported on ")
           << chip << ", expected f16 or bf16 (the reference runs f32)";
  if (failed(checkHeadDims(op, chip)))
    return failure();
  if (schedule.getGroups() > 1 && op.getNormalizerOrDefault().dependsOnOrder())
    return op.emitError("expected a normalizer that does not depend on the "
                        "order of the keys where groups of warps share them "
                        "(split = columns, as for head dims over 256), but "
                        "got ")
           << op.getNormalizerOrDefault();
  for (Value capture : op.getCaptures())
    if (!isa<MemRefType>(capture.getType()) &&
        !capture.getType().isIntOrIndexOrFloat())
      return op.emitError("expected captures that are scalars or memrefs, but "
                          "got ")
             << capture.getType();
  return success();
}

/// How the walk over the key tiles gets by with what the mask says.
static void explainMask(AttentionOp op, bool isListed) {
  if (op.getMask().empty())
    return;
  auto options = remark::RemarkOpts::name("mask").category("attn");
  remark::passed(op.getLoc(), options)
      << (isListed ? "key tiles: a list of live ones for each block of rows"
                   : "key tiles: closed bounds of each block of rows");
  for (Operation *undecided : getUndecided(op.getMask()))
    remark::missed(undecided->getLoc(), options)
        << remark::reason("no bounds of '{0}' over a tile: tiles that it "
                          "decides are partial",
                          undecided->getName().getStringRef());
}

/// All of a call's workspace is taken before its first launch: moves it, and
/// the sizes it needs, to the start of the function.
static void hoistWorkspaces(func::FuncOp func) {
  SetVector<Operation *> early;
  func.walk([&](WorkspaceOp op) {
    BackwardSliceOptions options;
    options.inclusive = true;
    (void)getBackwardSlice(op.getOperation(), &early, options);
  });
  Block &body = func.getBody().front();
  Operation *last = nullptr;
  for (Operation *op : topologicalSort(early)) {
    if (last)
      op->moveAfter(last);
    else
      op->moveBefore(&body, body.begin());
    last = op;
  }
}

namespace {
struct AttnToTilePass : mlir::attn::impl::AttnToTilePassBase<AttnToTilePass> {
  using AttnToTilePassBase::AttnToTilePassBase;

  void runOnOperation() override {
    if (!::attn::TargetDesc::lookup(chip)) {
      getOperation().emitError(::attn::TargetDesc::explainUnknown(chip));
      return signalPassFailure();
    }
    if (!llvm::is_contained({2, 4, 8, 16}, alignment)) {
      getOperation().emitError(
          "expected an alignment of 2, 4, 8 or 16 bytes, but "
          "got ")
          << alignment.getValue();
      return signalPassFailure();
    }
    for (auto func :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      SmallVector<AttentionOp> ops;
      func.walk([&](AttentionOp op) { ops.push_back(op); });
      if (!ops.empty() && failed(convert(func, ops)))
        return signalPassFailure();
    }
  }

private:
  LogicalResult convert(func::FuncOp func, ArrayRef<AttentionOp> ops) {
    OpBuilder b(func);
    auto module = gpu::GPUModuleOp::create(b, func.getLoc(),
                                           (func.getName() + "_kernels").str());
    SymbolTable(getOperation()).insert(module, Block::iterator(func));
    getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                            b.getUnitAttr());
    for (auto [number, attention] : llvm::enumerate(ops)) {
      AttentionOp op = attention;
      auto schedule = op->getAttrOfType<tile::ScheduleAttr>("tile.schedule");
      if (!schedule)
        return op.emitError(
            "expected a tile.schedule: run attn-choose-schedule "
            "first");
      if (failed(checkSupported(op, chip, schedule)))
        return failure();
      std::string name = (func.getName() + "_" + Twine(number)).str();
      buildArgumentChecks(op, alignment);
      Value tiles;
      if (needsLiveTiles(op.getMask()))
        tiles = buildLiveTiles(op, schedule, module, name);
      explainMask(op, bool(tiles));
      gpu::GPUFuncOp kernel = createKernel(module, op, schedule, name, tiles);
      if (failed(buildForwardKernel(op, schedule, alignment, kernel)))
        return failure();
      buildLaunch(op, schedule, kernel, tiles);
      op.erase();
    }
    hoistWorkspaces(func);
    return success();
  }

  gpu::GPUFuncOp createKernel(gpu::GPUModuleOp module, AttentionOp op,
                              tile::ScheduleAttr schedule, StringRef name,
                              Value tiles) {
    OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
    SmallVector<Type> arguments;
    for (Value operand : getKernelOperands(op))
      arguments.push_back(getKernelArgumentType(op, operand));
    if (tiles)
      arguments.push_back(tiles.getType());
    auto kernel = gpu::GPUFuncOp::create(b, op.getLoc(), name,
                                         b.getFunctionType(arguments, {}));
    kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
    kernel.setKnownBlockSizeAttr(
        b.getDenseI32ArrayAttr({int32_t(schedule.getThreads()), 1, 1}));
    kernel->setAttr("tile.schedule", schedule);
    return kernel;
  }
};
} // namespace
