//===- Object.cpp - LLVM IR to an object file of the host -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Object.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
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
  if (llvm::Error error = makeOptimizingTransformer(
          /*optLevel=*/2, /*sizeLevel=*/0, machine.get())(&module))
    return source.emitError("the host code cannot be optimized: ")
           << llvm::toString(std::move(error));
  llvm::SmallString<0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager codegen;
  if (machine->addPassesToEmitFile(codegen, stream, nullptr,
                                   llvm::CodeGenFileType::ObjectFile))
    return source.emitError("this LLVM cannot write objects for this machine");
  codegen.run(module);
  return object.str().str();
}
