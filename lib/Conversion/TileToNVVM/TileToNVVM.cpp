//===- TileToNVVM.cpp - kernels over tiles to instructions ----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Common/ThreadGroup.h"
#include "Patterns.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "attn/Support/TargetDesc.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"

namespace mlir::attn {
#define GEN_PASS_DEF_TILETONVVMPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::tile;

/// A tile op is spread over the threads of its block: their number must be
/// known and be that of the layouts' warps.
static LogicalResult checkBlock(Operation *op) {
  if (!isa_and_nonnull<TileDialect>(op->getDialect()))
    return success();
  auto kernel = op->getParentOfType<gpu::GPUFuncOp>();
  std::optional<ArrayRef<int32_t>> size;
  if (kernel)
    size = kernel.getKnownBlockSize();
  if (!size || size->size() != 3 || (*size)[0] % 32 || (*size)[0] <= 0 ||
      (*size)[1] != 1 || (*size)[2] != 1)
    return op->emitOpError("expected a gpu.func whose known_block_size is one-"
                           "dimensional and a multiple of 32");
  SmallVector<Type> types(op->getOperandTypes());
  llvm::append_range(types, op->getResultTypes());
  int64_t expected = getFragmentWarps(kernel);
  for (Type type : types) {
    if (!isFragment(type))
      continue;
    auto fragment = cast<RankedTensorType>(type);
    int64_t warps = getWarps(fragment) * getGroups(fragment);
    if (warps != expected)
      return op->emitOpError("expected fragments of ")
             << expected << " warps, as the block has"
             << (expected * 32 == (*size)[0] ? "" : " without a producer")
             << ", but got " << warps;
  }
  return success();
}

/// Roles and what may stand in them.
static LogicalResult checkRoles(Operation *op) {
  if (!isa_and_nonnull<TileDialect>(op->getDialect()))
    return success();
  if (auto roles = dyn_cast<WarpSpecializeOp>(op)) {
    auto kernel = op->getParentOfType<gpu::GPUFuncOp>();
    int64_t threads = kernel.getKnownBlockSize()->front();
    int64_t expected = (roles.getConsumers() + 1) * kWarpGroupThreads;
    if (threads != expected)
      return op->emitOpError("expected a block of ")
             << expected << " threads, but got " << threads;
    if (roles->getParentOp() != kernel)
      return op->emitOpError("expected to be in the kernel's own block");
    return success();
  }
  // One thread cannot do what takes a warp.
  if (ThreadGroup::of(op).threads == 1 &&
      !isa<CopyTensorOp, PipelineAcquireOp, PipelineWaitOp, SlotOp, AliasOp,
           UniformOp, LoadConstantOp>(op))
    return op->emitOpError("expected all threads of a warp group, but the "
                           "producer is one elected thread");
  return success();
}

/// What the chip must have for an op; null when nothing beyond any chip's.
static const char *missingFeature(Operation *op,
                                  const ::attn::TargetDesc &desc) {
  if (isa<DotAsyncOp, DotWaitOp>(op))
    return desc.hasWgmma ? nullptr : "asynchronous matrix products";
  if (isa<CopyTensorOp, CopyOutTensorOp, CopyOutWaitOp>(op))
    return desc.hasTensorCopy ? nullptr : "tensor copies";
  if (isa<CreatePipelineOp, PipelineAcquireOp, PipelineCommitOp, PipelineWaitOp,
          PipelineReleaseOp>(op))
    return desc.hasTransactionBarrier ? nullptr : "transaction barriers";
  if (isa<WarpSpecializeOp, TakeTurnOp, PassTurnOp, StartTurnsOp, ZeroRowsOp,
          FenceAsyncOp>(op))
    return desc.hasSetMaxRegisters ? nullptr : "warp groups with roles";
  return nullptr;
}

/// wgmma takes the swizzle from the bits of an address: buffers start where
/// its pattern does.
static LogicalResult checkPlace(Operation *op, const ::attn::TargetDesc &desc) {
  auto alloc = dyn_cast<AllocOp>(op);
  if (!alloc || !alloc.getOffset() || !desc.hasWgmma)
    return success();
  auto type = cast<MemRefType>(alloc.getBuffer().getType());
  int64_t period = 8 * cast<SwizzleAttr>(type.getLayout()).getBytes();
  if (int64_t(*alloc.getOffset()) % period == 0)
    return success();
  return op->emitOpError("expected an offset that is a multiple of ")
         << period << " bytes, the period of the swizzle, but got "
         << int64_t(*alloc.getOffset());
}

static LogicalResult check(Operation *op, const ::attn::TargetDesc &desc) {
  if (const char *feature = missingFeature(op, desc))
    return op->emitOpError("needs ")
           << feature << ", which " << desc.chip << " does not have";
  return success(succeeded(checkBlock(op)) && succeeded(checkRoles(op)) &&
                 succeeded(checkPlace(op, desc)));
}

static void populatePatterns(TypeConverter &converter,
                             RewritePatternSet &patterns,
                             const ::attn::TargetDesc &desc) {
  populateFragmentPatterns(converter, patterns);
  populateRowPatterns(converter, patterns);
  populateHalvesPatterns(converter, patterns);
  populateWarpPatterns(converter, patterns);
  populateScalarWarpPatterns(converter, patterns);
  populateSharedPatterns(converter, patterns);
  populateGlobalPatterns(converter, patterns);
  populateGlobalValuesPatterns(converter, patterns, desc.hasFp8);
  populateRotateRowsPatterns(converter, patterns,
                             /*toAsyncProxy=*/desc.hasWgmma);
  populateAsyncCopyPatterns(converter, patterns,
                            /*toAsyncProxy=*/desc.hasWgmma);
  populateMatrixPatterns(converter, patterns);
  if (desc.hasWgmma)
    populateWarpGroupMatrixPatterns(converter, patterns);
  if (desc.hasStmatrix)
    populateSharedStorePatterns(converter, patterns);
  if (desc.hasTransactionBarrier)
    populatePipelinePatterns(converter, patterns);
  if (desc.hasTensorCopy)
    populateTensorCopyPatterns(converter, patterns);
  if (desc.hasSetMaxRegisters)
    populateRolePatterns(converter, patterns);
}

namespace {
struct TileToNVVMPass : mlir::attn::impl::TileToNVVMPassBase<TileToNVVMPass> {
  using TileToNVVMPassBase::TileToNVVMPassBase;

  void runOnOperation() override {
    const ::attn::TargetDesc *desc = ::attn::TargetDesc::lookup(chip);
    if (!desc || !desc->hasMma16 || !desc->hasAsyncCopy) {
      getOperation().emitError(::attn::TargetDesc::explainUnknown(chip));
      return signalPassFailure();
    }
    WalkResult checked = getOperation().walk([&](Operation *op) {
      return succeeded(check(op, *desc)) ? WalkResult::advance()
                                         : WalkResult::interrupt();
    });
    if (checked.wasInterrupted())
      return signalPassFailure();
    TypeConverter converter;
    addTileTypeConversions(converter);
    ConversionTarget target(getContext());
    target.addIllegalDialect<TileDialect>();
    target.addLegalOp<WarpSpecializeOp>();
    target.addIllegalOp<memref::LoadOp, memref::StoreOp>();
    target.addLegalDialect<LLVM::LLVMDialect, NVVM::NVVMDialect>();
    target.markUnknownOpDynamicallyLegal(
        [&](Operation *op) { return converter.isLegal(op); });

    RewritePatternSet patterns(&getContext());
    populatePatterns(converter, patterns, *desc);
    scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                         target);
    ConversionConfig config;
    config.allowPatternRollback = false;
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns), config)))
      return signalPassFailure();
    getOperation().walk([](WarpSpecializeOp op) { lowerRoles(op); });
  }
};
} // namespace
