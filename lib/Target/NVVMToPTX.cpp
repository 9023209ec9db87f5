//===- NVVMToPTX.cpp - kernels through LLVM's NVPTX backend ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LineInfo.h"
#include "attn/Support/TargetDesc.h"
#include "attn/Target/PTX.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

/// Not LLVM's default pipeline: its loop-invariant code motion (and, in code
/// generation, loop strength reduction) moves every swizzled address out of the
/// loop, where each costs a register that the accumulators need. Inlining and
/// unrolling have nothing to do: the kernel is one function and its tiles are
/// spread already.
static constexpr const char *kPasses =
    "function(sroa,early-cse,instcombine<no-verify-fixpoint>,simplifycfg,"
    "early-cse,adce)";

/// Options of the backend that no API sets.
static void setBackendOption(StringRef name, StringRef value) {
  auto &options = llvm::cl::getRegisteredOptions();
  auto option = options.find(name);
  if (option != options.end())
    option->second->addOccurrence(0, name, value);
}

static void initializeBackend() {
  static bool initialized = [] {
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    setBackendOption("disable-lsr", "true");
    setBackendOption("nvptx-short-ptr", "true"); // 32-bit shared addresses
    return true;
  }();
  (void)initialized;
}

/// The schedule's instruction order, which the kernels carry as an attribute.
static bool ordersForPressure(gpu::GPUModuleOp module) {
  bool pressure = false;
  for (auto kernel : module.getOps<LLVM::LLVMFuncOp>()) {
    ArrayAttr entries = kernel.getPassthroughAttr();
    if (!entries)
      continue;
    for (Attribute entry : entries)
      if (auto pair = dyn_cast<ArrayAttr>(entry);
          pair && pair.size() == 2 &&
          pair[0] == StringAttr::get(module.getContext(), "attn-order"))
        pressure |= cast<StringAttr>(pair[1]).getValue() == "pressure";
  }
  return pressure;
}

static std::unique_ptr<llvm::TargetMachine>
createTargetMachine(gpu::GPUModuleOp module, StringRef chip) {
  const attn::TargetDesc *desc = attn::TargetDesc::lookup(chip);
  if (!desc) {
    module.emitError(attn::TargetDesc::explainUnknown(chip));
    return nullptr;
  }
  initializeBackend();
  // Read when the target machine makes its lowering.
  setBackendOption("nvptx-sched4reg",
                   ordersForPressure(module) ? "true" : "false");
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) {
    module.emitError("this LLVM has no NVPTX backend: ") << error;
    return nullptr;
  }
  llvm::TargetOptions options;
  // Fused multiply-add, as a CUDA compiler does by default.
  options.AllowFPOpFusion = llvm::FPOpFusion::Fast;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, chip, desc->ptxFeature, options, std::nullopt, std::nullopt,
      llvm::CodeGenOptLevel::Aggressive));
}

/// Inline assembly of a kernel is executed by warps together: it must not be
/// moved into a branch or copied to several.
static void markConvergent(llvm::Module &module) {
  for (llvm::Function &function : module)
    for (llvm::Instruction &instruction : llvm::instructions(function))
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction);
          call && call->isInlineAsm())
        call->setConvergent();
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  llvm::ModulePassManager manager;
  llvm::cantFail(builder.parsePassPipeline(manager, kPasses));
  manager.run(module, modules);
}

/// Errors of LLVM become diagnostics of the module, where LLVM would exit.
static void reportErrors(llvm::LLVMContext &context, gpu::GPUModuleOp module) {
  context.setDiagnosticHandlerCallBack(
      [](const llvm::DiagnosticInfo *info, void *data) {
        if (info->getSeverity() != llvm::DS_Error)
          return;
        std::string text;
        llvm::raw_string_ostream stream(text);
        llvm::DiagnosticPrinterRawOStream printer(stream);
        info->print(printer);
        static_cast<Operation *>(data)->emitError("cannot be compiled to PTX: ")
            << text;
      },
      module.getOperation());
}

namespace {
/// A kernel module as optimized LLVM IR, with what it lives in.
struct Translation {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;
};
} // namespace

/// Null after a diagnostic.
static std::unique_ptr<Translation> translate(gpu::GPUModuleOp module,
                                              StringRef chip) {
  auto result = std::make_unique<Translation>();
  result->machine = createTargetMachine(module, chip);
  if (!result->machine)
    return nullptr;
  reportErrors(result->context, module);
  attn::attachLineInfo(module);
  result->module =
      translateModuleToLLVMIR(module, result->context, module.getName());
  if (!result->module) {
    module.emitError("cannot be translated to LLVM IR");
    return nullptr;
  }
  result->module->setTargetTriple(result->machine->getTargetTriple());
  result->module->setDataLayout(result->machine->createDataLayout());
  markConvergent(*result->module);
  optimize(*result->module, *result->machine);
  return result;
}

FailureOr<std::string> attn::translateToLLVMIR(gpu::GPUModuleOp module,
                                               StringRef chip) {
  std::unique_ptr<Translation> translation = translate(module, chip);
  if (!translation)
    return failure();
  std::string text;
  llvm::raw_string_ostream(text) << *translation->module;
  return text;
}

FailureOr<std::string> attn::translateToPTX(gpu::GPUModuleOp module,
                                            StringRef chip) {
  std::unique_ptr<Translation> translation = translate(module, chip);
  if (!translation)
    return failure();
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager codegen;
  if (translation->machine->addPassesToEmitFile(
          codegen, stream, nullptr, llvm::CodeGenFileType::AssemblyFile)) {
    module.emitError("the NVPTX backend cannot emit text");
    return failure();
  }
  unsigned errors = 0;
  ScopedDiagnosticHandler counter(module.getContext(), [&](Diagnostic &) {
    ++errors;
    return failure(); // for the next handler to print
  });
  codegen.run(*translation->module);
  if (errors)
    return failure();
  return text.str().str();
}
