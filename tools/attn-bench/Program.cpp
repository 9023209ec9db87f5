//===- Program.cpp - the attention programs that are timed ----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Program.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Pipelines/Registration.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FormatVariadic.h"

using namespace attn;
using namespace attn::bench;

// {0}: query and out, {1}: key and value, {2}: lse, {3}: the mask.
static const char *const pattern = R"mlir(
func.func @attention(%q: {0}, %k: {1}, %v: {1}) -> ({0}, {2}) {{
  %out, %lse = attn.attention query(%q : {0}) key(%k : {1}) value(%v : {1}){3}
      -> {0}, {2}
  return %out, %lse : {0}, {2}
}
)mlir";

static const char *const causalMask = R"mlir(
      mask {
      ^bb0(%b: index, %h: index, %i: index, %j: index):
        %keep = attn.causal %i, %j
        attn.yield %keep : i1
      })mlir";

std::string Program::text() const {
  auto tensor = [&](int64_t numHeads) {
    return llvm::formatv("tensor<?x{0}x?x{1}xbf16>", numHeads, headDim).str();
  };
  return llvm::formatv(pattern, tensor(heads), tensor(keyHeads),
                       llvm::formatv("tensor<?x{0}x?xf32>", heads).str(),
                       causal ? causalMask : "")
      .str();
}

std::string Program::name() const {
  return chip + (causal ? "/causal/" : "/full/") + std::to_string(headDim);
}

std::unique_ptr<mlir::MLIRContext> bench::makeContext() {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  auto context = std::make_unique<mlir::MLIRContext>(
      registry, mlir::MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  return context;
}

llvm::Expected<CompiledProgram>
CompiledProgram::compile(const Program &program) {
  auto context = makeContext();
  auto module =
      mlir::parseSourceString<mlir::ModuleOp>(program.text(), context.get());
  mlir::PassManager manager(context.get());
  CompileOptions options;
  options.chip = program.chip;
  buildCompilePipeline(manager, options);
  if (!module || mlir::failed(manager.run(*module)))
    return llvm::createStringError(program.name() + " does not compile");
  CompiledProgram result;
  auto engine = jit::Engine::create(*module);
  if (!engine)
    return engine.takeError();
  result.engine = std::move(*engine);
  auto address = result.engine->lookup("attention");
  if (!address)
    return address.takeError();
  result.call = reinterpret_cast<HostFunction>(*address);
  return result;
}
