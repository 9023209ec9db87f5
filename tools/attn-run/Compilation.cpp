//===- Compilation.cpp - from a program to host code ----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Compilation.h"
#include "attn/Pipelines/Diagnostics.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Pipelines/Reference.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/PassManager.h"

using namespace attn;
using namespace attn::run;

using EngineOrError = llvm::Expected<std::unique_ptr<jit::Engine>>;

/// Drops the functions that the entry does not use: what is wrong with them is
/// nobody's question here.
static void keepOnly(mlir::ModuleOp module, llvm::StringRef entry) {
  auto kept = module.lookupSymbol<mlir::func::FuncOp>(entry);
  for (auto func :
       llvm::make_early_inc_range(module.getOps<mlir::func::FuncOp>()))
    if (func != kept && mlir::SymbolTable::symbolKnownUseEmpty(func, kept))
      func.erase();
}

/// Runs the pipeline that `build` makes on a copy of the program and compiles
/// the result for this CPU.
static EngineOrError
compile(Program &program,
        llvm::function_ref<void(mlir::OpPassManager &)> build) {
  mlir::OwningOpRef<mlir::ModuleOp> module(program.module().clone());
  keepOnly(*module, program.entry());
  mlir::MLIRContext *context = module->getContext();
  DiagnosticCollector diagnostics(context);
  mlir::PassManager manager(context);
  build(manager);
  if (mlir::failed(manager.run(*module)))
    return diagnostics.takeError("the program does not compile");
  auto engine = jit::Engine::create(*module);
  if (!engine) {
    llvm::consumeError(engine.takeError());
    return diagnostics.takeError("the host code does not compile");
  }
  return engine;
}

EngineOrError run::compileReference(Program &program,
                                    mlir::attn::ReferencePrecision precision) {
  ReferenceOptions options;
  options.precision = precision;
  return compile(program, [&](mlir::OpPassManager &manager) {
    buildReferencePipeline(manager, options);
  });
}

EngineOrError run::compileForDevice(Program &program,
                                    const CompileOptions &options) {
  return compile(program, [&](mlir::OpPassManager &manager) {
    buildCompilePipeline(manager, options);
  });
}
