//===- AttnToTile.cpp - attention ops to kernels over tiles ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Differential.h"
#include "Forward.h"
#include "HostLaunch.h"
#include "attn/Conversion/Passes.h"
#include "attn/Support/TargetDesc.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNTOTILEPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

/// What a chip's instructions and this lowering can do, said in the user's
/// terms.
static LogicalResult checkSupported(AttentionOpInterface op, StringRef chip) {
  if (!op.isBufferized())
    return op.emitError("expected memrefs: run attn-bufferize first");
  if (op.getElementType().isF32())
    return op.emitError("f32 inputs are not supported on ")
           << chip << ", expected f16 or bf16 (the reference runs f32)";
  for (auto [name, size] : {std::pair("head_dim", op.getHeadDim()),
                            {"value head_dim", op.getValueHeadDim()}})
    if (size < 16 || size > 256 || size % 8)
      return op.emitError("expected a ")
             << name << " that is a multiple of 8 from 16 to 256 on " << chip
             << ", but got " << size;
  for (Value capture : op.getCaptures())
    if (!isa<MemRefType>(capture.getType()) &&
        !capture.getType().isIntOrIndexOrFloat())
      return op.emitError("expected captures that are scalars or memrefs, but "
                          "got ")
             << capture.getType();
  return success();
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
      SmallVector<AttentionOpInterface> ops;
      func.walk([&](AttentionOpInterface op) { ops.push_back(op); });
      if (!ops.empty() && failed(convert(func, ops)))
        return signalPassFailure();
    }
  }

private:
  LogicalResult convert(func::FuncOp func, ArrayRef<AttentionOpInterface> ops) {
    OpBuilder b(func);
    auto module = gpu::GPUModuleOp::create(b, func.getLoc(),
                                           (func.getName() + "_kernels").str());
    SymbolTable(getOperation()).insert(module, Block::iterator(func));
    getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                            b.getUnitAttr());
    for (auto [number, attention] : llvm::enumerate(ops)) {
      AttentionOpInterface op = attention;
      auto schedule = op->getAttrOfType<tile::ScheduleAttr>("tile.schedule");
      if (!schedule)
        return op.emitError(
            "expected a tile.schedule: run attn-choose-schedule "
            "first");
      if (failed(checkSupported(op, chip)))
        return failure();
      if (auto difference = dyn_cast<DifferentialOp>(op.getOperation());
          difference && failed(checkDifferentialSchedule(difference, schedule)))
        return failure();
      std::string name = (func.getName() + "_" + Twine(number)).str();
      gpu::GPUFuncOp kernel = createKernel(module, op, schedule, name);
      if (failed(buildForwardKernel(op, schedule, alignment, kernel)))
        return failure();
      buildArgumentChecks(op, alignment);
      buildLaunch(op, schedule, kernel);
      op.erase();
    }
    return success();
  }

  gpu::GPUFuncOp createKernel(gpu::GPUModuleOp module, AttentionOpInterface op,
                              tile::ScheduleAttr schedule, StringRef name) {
    OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
    SmallVector<Type> arguments;
    for (Value operand : getKernelOperands(op))
      arguments.push_back(getKernelArgumentType(op, operand));
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
