//===- Object.cpp - LLVM IR to an object file of the host -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Object.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/Transforms/IPO/Internalize.h"

using namespace mlir;

/// Null after a diagnostic.
static std::unique_ptr<llvm::TargetMachine> createHostMachine(ModuleOp source) {
  if (llvm::InitializeNativeTarget() ||
      llvm::InitializeNativeTargetAsmPrinter()) {
    source.emitError("this LLVM has no backend for this machine");
    return nullptr;
  }
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) {
    source.emitError("this LLVM has no backend for this machine: ") << error;
    return nullptr;
  }
  // No CPU is named: the object runs on other machines than this one.
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, /*CPU=*/"", /*Features=*/"",
                                  llvm::TargetOptions(), llvm::Reloc::PIC_));
}

LogicalResult attn::aot::prepareForHost(llvm::Module &module, ModuleOp source) {
  std::unique_ptr<llvm::TargetMachine> machine = createHostMachine(source);
  if (!machine)
    return failure();
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  return success();
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
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(module, modules);
}

FailureOr<std::string> attn::aot::emitObject(llvm::Module &module,
                                             const llvm::StringSet<> &visible,
                                             ModuleOp source) {
  std::unique_ptr<llvm::TargetMachine> machine = createHostMachine(source);
  if (!machine)
    return failure();
  module.setPICLevel(llvm::PICLevel::BigPIC);
  llvm::internalizeModule(module, [&](const llvm::GlobalValue &value) {
    return visible.contains(value.getName());
  });
  optimize(module, *machine);
  llvm::SmallString<0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager codegen;
  if (machine->addPassesToEmitFile(codegen, stream, nullptr,
                                   llvm::CodeGenFileType::ObjectFile))
    return source.emitError("this LLVM cannot write objects for this machine");
  codegen.run(module);
  return object.str().str();
}
