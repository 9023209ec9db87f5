//===- Engine.cpp - runs compiled host functions --------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/JIT/Engine.h"
#include "RoundingCalls.h"
#include "attn/Runtime/Runtime.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/TargetSelect.h"

using namespace attn::jit;

Engine::Engine(std::unique_ptr<mlir::ExecutionEngine> engine)
    : engine(std::move(engine)) {}
Engine::~Engine() = default;

/// What the host code may call beyond the C library. By address rather than by
/// name: an executable does not export its functions.
static llvm::orc::SymbolMap symbols(llvm::orc::MangleAndInterner mangle) {
  llvm::orc::SymbolMap map;
  auto add = [&](llvm::StringRef name, void *address) {
    map[mangle(name)] = {llvm::orc::ExecutorAddr::fromPtr(address),
                         llvm::JITSymbolFlags::Exported |
                             llvm::JITSymbolFlags::Callable};
  };
  add("attn_rt_launch", reinterpret_cast<void *>(attn_rt_launch));
  add("attn_rt_launch_cluster",
      reinterpret_cast<void *>(attn_rt_launch_cluster));
  add("attn_rt_encode_tensor_map",
      reinterpret_cast<void *>(attn_rt_encode_tensor_map));
  add("attn_rt_multiprocessors",
      reinterpret_cast<void *>(attn_rt_multiprocessors));
  add("attn_rt_take_workspace",
      reinterpret_cast<void *>(attn_rt_take_workspace));
  add("attn_rt_fail", reinterpret_cast<void *>(attn_rt_fail));
  add("attn_rt_last_error", reinterpret_cast<void *>(attn_rt_last_error));
  for (auto [name, address] : roundingCalls())
    add(name, address);
  return map;
}

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
  (*engine)->registerSymbols(symbols);
  return std::unique_ptr<Engine>(new Engine(std::move(*engine)));
}

llvm::Error Engine::invoke(llvm::StringRef name,
                           llvm::MutableArrayRef<void *> args) {
  return engine->invokePacked(("_mlir_ciface_" + name).str(), args);
}

llvm::Expected<void *> Engine::lookup(llvm::StringRef name) {
  return engine->lookup(("_mlir_ciface_" + name).str());
}
