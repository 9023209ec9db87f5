//===- Engine.cpp - runs compiled host functions --------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/JIT/Engine.h"
#include "RuntimeSymbols.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/TargetSelect.h"

using namespace attn::jit;

Engine::Engine(std::unique_ptr<mlir::ExecutionEngine> engine)
    : engine(std::move(engine)) {}
Engine::~Engine() = default;

llvm::Expected<std::unique_ptr<Engine>> Engine::create(mlir::ModuleOp module,
                                                       unsigned optLevel) {
  if (llvm::InitializeNativeTarget() ||
      llvm::InitializeNativeTargetAsmPrinter())
    return llvm::createStringError("this CPU is not one that LLVM can run on");
  mlir::registerBuiltinDialectTranslation(*module.getContext());
  mlir::registerLLVMDialectTranslation(*module.getContext());

  auto transformer = mlir::makeOptimizingTransformer(optLevel, /*sizeLevel=*/0,
                                                     /*targetMachine=*/nullptr);
  mlir::ExecutionEngineOptions options;
  options.transformer = transformer;
  options.jitCodeGenOptLevel = static_cast<llvm::CodeGenOptLevel>(optLevel);
  // The listeners cost start-up time and serve debuggers of JIT code only.
  options.enableGDBNotificationListener = false;
  options.enablePerfNotificationListener = false;
  auto engine = mlir::ExecutionEngine::create(module, options);
  if (!engine)
    return engine.takeError();
  (*engine)->registerSymbols(runtimeSymbols);
  return std::unique_ptr<Engine>(new Engine(std::move(*engine)));
}

llvm::Error Engine::invoke(llvm::StringRef name,
                           llvm::MutableArrayRef<void *> args) {
  return engine->invokePacked(("_mlir_ciface_" + name).str(), args);
}

llvm::Expected<void *> Engine::lookup(llvm::StringRef name) {
  return engine->lookup(("_mlir_ciface_" + name).str());
}
