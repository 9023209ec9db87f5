//===- Reference.cpp - the reference as a pipeline ------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Pipelines/Reference.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/Transforms/RequestCWrappers.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Transforms/Passes.h"

// The upstream headers of these passes pull in the LLVM dialect, which costs
// 20 s of compile time; their factories are all that is needed.
namespace mlir {
#define GEN_PASS_DECL_ARITHTOLLVMCONVERSIONPASS
#define GEN_PASS_DECL_CONVERTCONTROLFLOWTOLLVMPASS
#define GEN_PASS_DECL_CONVERTFUNCTOLLVMPASS
#define GEN_PASS_DECL_CONVERTMATHTOFUNCS
#define GEN_PASS_DECL_CONVERTMATHTOLIBMPASS
#define GEN_PASS_DECL_CONVERTMATHTOLLVMPASS
#define GEN_PASS_DECL_FINALIZEMEMREFTOLLVMCONVERSIONPASS
#define GEN_PASS_DECL_LOWERAFFINEPASS
#define GEN_PASS_DECL_RECONCILEUNREALIZEDCASTSPASS
#define GEN_PASS_DECL_SCFTOCONTROLFLOWPASS
#include "mlir/Conversion/Passes.h.inc"
namespace arith {
#define GEN_PASS_DECL_ARITHEMULATEUNSUPPORTEDFLOATS
#define GEN_PASS_DECL_ARITHEXPANDOPSPASS
#include "mlir/Dialect/Arith/Transforms/Passes.h.inc"
} // namespace arith
namespace memref {
#define GEN_PASS_DECL_EXPANDSTRIDEDMETADATAPASS
#include "mlir/Dialect/MemRef/Transforms/Passes.h.inc"
} // namespace memref
namespace math {
#define GEN_PASS_DECL_MATHEXPANDOPSPASS
#define GEN_PASS_DECL_MATHEXTENDTOSUPPORTEDTYPES
#include "mlir/Dialect/Math/Transforms/Passes.h.inc"
} // namespace math
} // namespace mlir

using namespace mlir;

static void buildLoops(OpPassManager &manager,
                       const ::attn::ReferenceOptions &options) {
  manager.addPass(mlir::attn::createAttnBufferizePass());
  manager.addPass(mlir::attn::createAttnExpandScoreOpsPass());
  manager.addPass(mlir::attn::createAttnToLoopsPass({options.precision}));
}

/// Leaves no 16-bit float arithmetic, and no conversion to or from bf16: for
/// those the host would call a run-time library that may not be there.
static void buildHostFloats(OpPassManager &manager) {
  arith::ArithEmulateUnsupportedFloatsOptions emulate;
  emulate.sourceTypeStrs = {"f16", "bf16"};
  emulate.targetTypeStr = "f32";
  manager.addPass(arith::createArithEmulateUnsupportedFloats(emulate));
  math::MathExtendToSupportedTypesOptions extend;
  extend.targetTypeStr = "f32";
  manager.addPass(math::createMathExtendToSupportedTypes(extend));
  // Neither an intrinsic of LLVM nor a function of libm.
  math::MathExpandOpsPassOptions clamp;
  clamp.opMnemonics = {"clampf"};
  manager.addPass(math::createMathExpandOpsPass(clamp));
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  manager.addPass(arith::createArithExpandOpsPass(expand));
}

static void buildHostLLVM(OpPassManager &manager) {
  // Before math-to-funcs: its helper functions need no wrapper.
  manager.addNestedPass<func::FuncOp>(LLVM::createLLVMRequestCWrappersPass());
  manager.addPass(createConvertMathToFuncs());
  manager.addPass(createSCFToControlFlowPass());
  // Intrinsics first, so that LLVM may simplify them; libm for the rest.
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createConvertMathToLibmPass());
  // Views become base, offset and strides.
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createFinalizeMemRefToLLVMConversionPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
}

void ::attn::buildReferencePipeline(OpPassManager &manager,
                                    const ReferenceOptions &options) {
  buildLoops(manager, options);
  buildScalarHostPipeline(manager);
}

void ::attn::buildScalarHostPipeline(OpPassManager &manager) {
  buildHostFloats(manager);
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  buildHostLLVM(manager);
}

namespace {
struct PipelineOptions : PassPipelineOptions<PipelineOptions> {
  using Precision = mlir::attn::ReferencePrecision;
  Option<Precision> precision{
      *this, "precision", llvm::cl::desc("What is rounded, see attn-to-loops."),
      llvm::cl::init(Precision::Element),
      llvm::cl::values(clEnumValN(Precision::Element, "element", ""),
                       clEnumValN(Precision::Float64, "float64", ""),
                       clEnumValN(Precision::Same, "same", ""))};
};
} // namespace

void ::attn::registerReferencePipeline() {
  PassPipelineRegistration<PipelineOptions>(
      "attn-reference-pipeline",
      "From attn ops on tensors to naive loops in the LLVM dialect",
      [](OpPassManager &manager, const PipelineOptions &options) {
        buildReferencePipeline(manager, {options.precision});
      });
}
