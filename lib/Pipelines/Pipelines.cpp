//===- Pipelines.cpp - the whole compiler on one page ---------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Pipelines/Pipelines.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"
#include "attn/Target/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Transforms/Passes.h"

// Factories only: the upstream headers cost 20 s of compile time.
namespace mlir {
#define GEN_PASS_DECL_CONVERTNVVMTOLLVMPASS
#define GEN_PASS_DECL_LOWERAFFINEPASS
#define GEN_PASS_DECL_RECONCILEUNREALIZEDCASTSPASS
#define GEN_PASS_DECL_SCFTOCONTROLFLOWPASS
#include "mlir/Conversion/Passes.h.inc"
namespace arith {
#define GEN_PASS_DECL_ARITHEXPANDOPSPASS
#define GEN_PASS_DECL_ARITHINTRANGEOPTS
#include "mlir/Dialect/Arith/Transforms/Passes.h.inc"
} // namespace arith
namespace memref {
#define GEN_PASS_DECL_EXPANDSTRIDEDMETADATAPASS
#include "mlir/Dialect/MemRef/Transforms/Passes.h.inc"
} // namespace memref
} // namespace mlir

using namespace mlir;

static void addCleanup(OpPassManager &manager) {
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void ::attn::buildTilePipeline(OpPassManager &manager,
                               const CompileOptions &options) {
  manager.addPass(mlir::attn::createAttnBufferizePass());
  // From here on nothing can ask which mask or bias is meant.
  manager.addPass(mlir::attn::createAttnExpandScoreOpsPass());
  manager.addPass(mlir::attn::createAttnMaskFromScorePass());
  addCleanup(manager);
  manager.addPass(mlir::attn::createAttnChooseSchedulePass(
      {options.chip, options.schedule}));
  manager.addPass(mlir::attn::createAttnToTilePass(
      {options.chip, options.alignment, options.rotary}));
  addCleanup(manager);
}

void ::attn::buildSchedulePipeline(OpPassManager &manager,
                                   const CompileOptions &options) {
  // Each pass looks at the schedule whether it has something to do.
  manager.addPass(tile::createTileUseTensorMapsPass());
  manager.addPass(tile::createTileWalkBlocksPass());
  OpPassManager &roles =
      manager.nest<gpu::GPUModuleOp>().nest<gpu::GPUFuncOp>();
  roles.addPass(tile::createTileStageWeightsPass());
  // From here on a ring of buffers has explicit fills: the rotation of the loop
  // reads one while the next arrives.
  roles.addPass(tile::createTileAssignWarpRolesPass());
  roles.addPass(tile::createTileOverlapSoftmaxPass());
  roles.addPass(tile::createTilePingPongPass());
  roles.addPass(tile::createTileConditionalRescalePass());
  manager.addPass(tile::createTileMulticastPass());
  OpPassManager &kernel =
      manager.nest<gpu::GPUModuleOp>().nest<gpu::GPUFuncOp>();
  // Before the split: a load issued ahead crosses from one part to the next.
  kernel.addPass(tile::createTilePipelineLoadsPass());
  // One comparison for one question, so that the split answers it everywhere.
  kernel.addPass(createCSEPass());
  kernel.addPass(tile::createTileSplitLoopsPass());
  // Only the first iteration can be out of bounds: drops the checks of the
  // others.
  kernel.addPass(arith::createArithIntRangeOpts());
  addCleanup(kernel);
  // Rows and scalars leave the loops here, where nothing is an address yet;
  // after the lowering it would cost a register for every address.
  kernel.addPass(createLoopInvariantCodeMotionPass());
  manager.addPass(tile::createTileAllocateSmemPass());
  manager.nest<gpu::GPUModuleOp>().nest<gpu::GPUFuncOp>().addPass(
      tile::createTileCheckResourcesPass({options.chip}));
}

void ::attn::buildKernelPipeline(OpPassManager &manager,
                                 const CompileOptions &options) {
  OpPassManager &kernels = manager.nest<gpu::GPUModuleOp>();
  kernels.addPass(mlir::attn::createTileToNVVMPass({options.chip}));
  // Slices of the arguments become base pointer, offset and strides.
  kernels.addPass(memref::createExpandStridedMetadataPass());
  kernels.addPass(createLowerAffinePass());
  addCleanup(kernels);
  kernels.addPass(createSCFToControlFlowPass());
  kernels.addPass(mlir::attn::createKernelToLLVMPass());
  // A tensor map is a pointer for both conversions.
  kernels.addPass(createReconcileUnrealizedCastsPass());
  // Instructions without an intrinsic become inline assembly.
  kernels.addPass(createConvertNVVMToLLVMPass());
}

void ::attn::buildHostPipeline(OpPassManager &manager,
                               const CompileOptions &options) {
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(arith::createArithExpandOpsPass());
  manager.addPass(mlir::attn::createAttnHostToLLVMPass());
  manager.addPass(
      mlir::attn::createAttnEmbedKernelsPass({options.chip, options.cubin}));
}

void ::attn::buildCompilePipeline(OpPassManager &manager,
                                  const CompileOptions &options) {
  buildTilePipeline(manager, options);
  buildSchedulePipeline(manager, options);
  buildKernelPipeline(manager, options);
  buildHostPipeline(manager, options);
}

namespace {
struct PipelineOptions : PassPipelineOptions<PipelineOptions> {
  Option<std::string> chip{*this, "chip", llvm::cl::desc("target chip"),
                           llvm::cl::init("sm_80")};
  Option<std::string> schedule{
      *this, "schedule",
      llvm::cl::desc("<m = .., n = .., warps = .., stages = ..> instead of the "
                     "table's")};
  Option<int> alignment{*this, "alignment",
                        llvm::cl::desc("bytes that rows are aligned to"),
                        llvm::cl::init(16)};
  Option<bool> cubin{*this, "cubin",
                     llvm::cl::desc("embed machine code beside the PTX"),
                     llvm::cl::init(false)};
  Option<std::string> rotary{
      *this, "rotary",
      llvm::cl::desc("attn.rotary 'before' attention, 'fused', or 'auto'"),
      llvm::cl::init("auto")};
};
} // namespace

static ::attn::CompileOptions toCompileOptions(const PipelineOptions &given) {
  return {given.chip, given.schedule, given.alignment, given.cubin,
          given.rotary};
}

auto ::attn::parseCompileOptions(const std::string &text)
    -> std::optional<CompileOptions> {
  auto given = PipelineOptions::createFromString(text);
  if (!given)
    return std::nullopt;
  return toCompileOptions(*given);
}

void ::attn::registerCompilePipelines() {
  auto add = [](StringRef name, StringRef text, auto build) {
    PassPipelineRegistration<PipelineOptions>(
        name, text,
        [build](OpPassManager &manager, const PipelineOptions &given) {
          build(manager, toCompileOptions(given));
        });
  };
  add("attn-tile-pipeline", "tensors to kernels in plain tile form",
      ::attn::buildTilePipeline);
  add("attn-schedule-pipeline", "the tile transforms", buildSchedulePipeline);
  add("attn-kernel-pipeline", "kernels to the LLVM dialect",
      buildKernelPipeline);
  add("attn-host-pipeline", "host functions to the LLVM dialect",
      buildHostPipeline);
  add("attn-compile", "the whole compiler", buildCompilePipeline);
}
