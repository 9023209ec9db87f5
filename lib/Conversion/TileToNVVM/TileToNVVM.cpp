//===- TileToNVVM.cpp - kernels over tiles to instructions ----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Patterns.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "attn/Support/TargetDesc.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
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
  for (Type type : types) {
    if (!isFragment(type))
      continue;
    int64_t warps = getWarps(cast<RankedTensorType>(type));
    if (warps * 32 != (*size)[0])
      return op->emitOpError("expected fragments of ")
             << (*size)[0] / 32 << " warps, as the block has, but got "
             << warps;
  }
  return success();
}

namespace {
struct TileToNVVMPass : mlir::attn::impl::TileToNVVMPassBase<TileToNVVMPass> {
  using TileToNVVMPassBase::TileToNVVMPassBase;

  void runOnOperation() override {
    const ::attn::TargetDesc *desc = ::attn::TargetDesc::lookup(chip);
    if (!desc || !desc->hasMma16 || !desc->hasAsyncCopy) {
      getOperation().emitError("unknown chip '")
          << chip << "', expected one of " << ::attn::TargetDesc::knownChips();
      return signalPassFailure();
    }
    WalkResult checked = getOperation().walk([](Operation *op) {
      return succeeded(checkBlock(op)) ? WalkResult::advance()
                                       : WalkResult::interrupt();
    });
    if (checked.wasInterrupted())
      return signalPassFailure();
    TypeConverter converter;
    addTileTypeConversions(converter);
    ConversionTarget target(getContext());
    target.addIllegalDialect<TileDialect>();
    target.addIllegalOp<memref::LoadOp>();
    target.addLegalDialect<LLVM::LLVMDialect, NVVM::NVVMDialect>();
    target.markUnknownOpDynamicallyLegal(
        [&](Operation *op) { return converter.isLegal(op); });

    RewritePatternSet patterns(&getContext());
    populateFragmentPatterns(converter, patterns);
    populateRowPatterns(converter, patterns);
    populateSharedPatterns(converter, patterns);
    populateGlobalPatterns(converter, patterns);
    populateAsyncCopyPatterns(converter, patterns);
    populateMatrixPatterns(converter, patterns);
    scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                         target);
    ConversionConfig config;
    config.allowPatternRollback = false;
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns), config)))
      signalPassFailure();
  }
};
} // namespace
