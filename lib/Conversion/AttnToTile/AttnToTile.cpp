//===- AttnToTile.cpp - attention ops to kernels over tiles ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Differential.h"
#include "Forward.h"
#include "FusedRotary.h"
#include "HeadDims.h"
#include "HostLaunch.h"
#include "KernelFunction.h"
#include "OperandScales.h"
#include "QuantizeKernel.h"
#include "RegionLoads.h"
#include "RotaryKernel.h"
#include "attn/Conversion/LiveTiles.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/Analysis/MaskBounds.h"
#include "attn/Support/TargetDesc.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNTOTILEPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

/// What a chip's instructions and this lowering can do, said in the user's
/// terms.
static LogicalResult checkSupported(AttentionOpInterface op, StringRef chip,
                                    tile::ScheduleAttr schedule,
                                    int64_t alignment) {
  if (!op.isBufferized())
    return op.emitError("expected memrefs: run attn-bufferize first");
  if (op.getElementType().isF32())
    return op.emitError("f32 inputs are not supported on ")
           << chip << ", expected f16 or bf16 (the reference runs f32)";
  if (failed(checkHeadDims(op, chip)))
    return failure();
  if (auto attention = dyn_cast<AttentionOp>(op.getOperation());
      attention && hasFloat8(attention) &&
      failed(checkFloat8(attention, chip, schedule, alignment)))
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

/// Whether an operand of the op is in the same memory.
static bool uses(RotaryOp op, Value memref) {
  return llvm::any_of(op->getOperands(), [&](Value operand) {
    return memoryOf(operand) == memoryOf(memref);
  });
}

/// How the walk over the key tiles gets by with what the mask says.
static void explainMask(AttentionOpInterface op, bool isListed) {
  if (op.getMask().empty())
    return;
  auto options = remark::RemarkOpts::name("mask").category("attn");
  bool isBounded = !analyzeMask(op.getMask(), Axis::Key).limits.empty();
  remark::passed(op.getLoc(), options) << remark::reason(
      "{0}", isListed    ? "key tiles: a list for each block of rows"
             : isBounded ? "key tiles: closed bounds for each block of rows"
                         : "key tiles: all of them");
  for (Operation *undecided : getUndecided(op.getMask()))
    remark::missed(undecided->getLoc(), options)
        << remark::reason("no bounds of '{0}' over a tile: tiles that it "
                          "decides are partial",
                          undecided->getName().getStringRef());
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
    if (!parseRotaryRule(rotary)) {
      getOperation().emitError("expected rotary=auto, before or fused, but "
                               "got ")
          << rotary.getValue();
      return signalPassFailure();
    }
    for (auto func :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      SmallVector<Operation *> ops;
      func.walk([&](Operation *op) {
        if (isa<AttentionOpInterface, QuantizeOp, RotaryOp>(op))
          ops.push_back(op);
      });
      if (ops.empty())
        continue;
      fuseRotations(ops);
      if (failed(convert(func, ops)))
        return signalPassFailure();
    }
  }

private:
  /// Rotations that a kernel of attention does are ops no more.
  void fuseRotations(SmallVectorImpl<Operation *> &ops) {
    fused.clear();
    for (Operation *op : llvm::to_vector(ops)) {
      auto attention = dyn_cast<AttentionOpInterface>(op);
      auto schedule = op->getAttrOfType<tile::ScheduleAttr>("tile.schedule");
      if (!attention || !schedule || !attention.isBufferized())
        continue;
      RotaryChoices choices =
          chooseRotary(attention, schedule, chip, *parseRotaryRule(rotary));
      FusedRotations rotations;
      if (choices.query.fused)
        rotations.query = choices.query.rotary;
      if (choices.key.fused)
        rotations.key = choices.key.rotary;
      llvm::erase_if(ops, [&](Operation *other) {
        return other == rotations.query || other == rotations.key;
      });
      fused[op] = rotations;
    }
  }

  LogicalResult convert(func::FuncOp func, ArrayRef<Operation *> ops) {
    OpBuilder b(func);
    auto module = gpu::GPUModuleOp::create(b, func.getLoc(),
                                           (func.getName() + "_kernels").str());
    SymbolTable(getOperation()).insert(module, Block::iterator(func));
    getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                            b.getUnitAttr());
    for (unsigned number = 0; !ops.empty(); ++number) {
      std::string name = (func.getName() + "_" + Twine(number)).str();
      SmallVector<RotaryOp> rotations = takeRotations(ops);
      LogicalResult converted =
          TypeSwitch<Operation *, LogicalResult>(ops.front())
              .Case<AttentionOpInterface, QuantizeOp>(
                  [&](auto op) { return convert(op, module, name); })
              .Default([&](Operation *) {
                return convert(rotations, module, name);
              });
      if (failed(converted))
        return failure();
      size_t done = std::max<size_t>(rotations.size(), 1);
      for (Operation *op : ops.take_front(done))
        op->erase();
      ops = ops.drop_front(done);
    }
    launchAfterChecks(func);
    return success();
  }

  /// Rotations that come first and do not need one another: query and key of an
  /// attention. They run in one launch.
  static SmallVector<RotaryOp> takeRotations(ArrayRef<Operation *> ops) {
    SmallVector<RotaryOp> taken;
    for (Operation *op : ops) {
      auto rotary = dyn_cast<RotaryOp>(op);
      bool depends = !rotary || llvm::any_of(taken, [&](RotaryOp earlier) {
        return earlier->getBlock() != op->getBlock() ||
               uses(rotary, earlier.getOuts()) ||
               uses(earlier, rotary.getOuts());
      });
      if (depends)
        break;
      taken.push_back(rotary);
    }
    return taken;
  }

  LogicalResult convert(AttentionOpInterface op, gpu::GPUModuleOp module,
                        StringRef name) {
    auto schedule = op->getAttrOfType<tile::ScheduleAttr>("tile.schedule");
    if (!schedule)
      return op.emitError("expected a tile.schedule: run attn-choose-schedule "
                          "first");
    if (failed(checkSupported(op, chip, schedule, alignment)))
      return failure();
    if (auto difference = dyn_cast<DifferentialOp>(op.getOperation());
        difference && failed(checkDifferentialSchedule(difference, schedule)))
      return failure();
    FusedRotations rotations = fused.lookup(op);
    rotations.redirect(op);
    rotations.buildOperands(alignment);
    buildArgumentChecks(op, alignment);
    SmallVector<Value> more = rotations.operands;
    SmallVector<Type> moreTypes;
    for (Value operand : more)
      moreTypes.push_back(getRowMajorType(operand.getType()));
    Value tiles;
    if (needsLiveTiles(op.getMask(), Axis::Key))
      tiles = buildLiveTiles(op, schedule, module, name, Axis::Key);
    explainMask(op, bool(tiles));
    if (schedule.getConsumers())
      redirectLoadsWithoutKeys(op);
    if (tiles) {
      more.push_back(tiles);
      moreTypes.push_back(tiles.getType());
    }
    gpu::GPUFuncOp kernel = createKernel(module, op, schedule, name, moreTypes);
    if (failed(buildForwardKernel(op, rotations, schedule, alignment, kernel)))
      return failure();
    buildLaunch(op, schedule, kernel, more);
    rotations.erase();
    return success();
  }

  LogicalResult convert(ArrayRef<RotaryOp> ops, gpu::GPUModuleOp module,
                        StringRef name) {
    for (RotaryOp op : ops)
      if (!op.isBufferized())
        return op->emitError("expected memrefs: run attn-bufferize first");
    gpu::GPUFuncOp kernel = buildRotaryKernel(ops, alignment, module, name);
    for (RotaryOp op : ops)
      buildRotaryChecks(op, alignment);
    buildRotaryLaunch(ops, kernel);
    return success();
  }

  LogicalResult convert(QuantizeOp op, gpu::GPUModuleOp module,
                        StringRef name) {
    if (failed(checkQuantize(op)))
      return failure();
    gpu::GPUFuncOp maxima;
    if (!op.getBlock())
      maxima =
          buildMaximaKernel(op, alignment, module, (name + "_maxima").str());
    gpu::GPUFuncOp kernel = buildQuantizeKernel(op, alignment, module, name);
    buildQuantizeChecks(op, alignment);
    buildQuantizeLaunch(op, maxima, kernel);
    return success();
  }

  /// A call that does not fit launches nothing, not even its first kernels:
  /// sizes are checked, and workspace is taken, before the first launch.
  static void launchAfterChecks(func::FuncOp func) {
    Block &body = func.getBody().front();
    for (auto launch : llvm::to_vector(body.getOps<gpu::LaunchFuncOp>()))
      launch->moveBefore(body.getTerminator());
  }

  gpu::GPUFuncOp createKernel(gpu::GPUModuleOp module, AttentionOpInterface op,
                              tile::ScheduleAttr schedule, StringRef name,
                              ArrayRef<Type> more) {
    SmallVector<Type> arguments;
    for (Value operand : getKernelOperands(op))
      arguments.push_back(getKernelArgumentType(op, operand, schedule.getN()));
    llvm::append_range(arguments, more);
    gpu::GPUFuncOp kernel = createKernelFunction(
        module, op.getLoc(), name, arguments, schedule.getThreads());
    kernel->setAttr("tile.schedule", schedule);
    return kernel;
  }

  /// By op of attention.
  llvm::DenseMap<Operation *, FusedRotations> fused;
};
} // namespace
