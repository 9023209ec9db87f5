//===- attn-bench.cpp - how long the compiler takes -----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Times what a user waits for: the start of a process, parsing, and the way
// from text to host code with the PTX inside. ptxas is not part of any of them.

#include "attn/Pipelines/Pipelines.h"
#include "attn/Pipelines/Registration.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <benchmark/benchmark.h>

using namespace mlir;

static const char *const program = R"mlir(
func.func @causal(%q: tensor<?x32x?x128xbf16>, %k: tensor<?x8x?x128xbf16>,
                  %v: tensor<?x8x?x128xbf16>)
    -> (tensor<?x32x?x128xbf16>, tensor<?x32x?xf32>) {
  %out, %lse = attn.attention
      query(%q : tensor<?x32x?x128xbf16>)
      key(%k : tensor<?x8x?x128xbf16>)
      value(%v : tensor<?x8x?x128xbf16>)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %keep = attn.causal %i, %j
      attn.yield %keep : i1
    } -> tensor<?x32x?x128xbf16>, tensor<?x32x?xf32>
  return %out, %lse : tensor<?x32x?x128xbf16>, tensor<?x32x?xf32>
}
)mlir";

static std::string optPath;

/// Without threads: a benchmark of two cores says little about one kernel.
static std::unique_ptr<MLIRContext> makeContext() {
  DialectRegistry registry;
  attn::registerAllDialects(registry);
  auto context =
      std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  return context;
}

static void processStart(benchmark::State &state) {
  const std::optional<llvm::StringRef> redirects[] = {
      llvm::StringRef(), llvm::StringRef(), llvm::StringRef()};
  for (auto _ : state)
    if (llvm::sys::ExecuteAndWait(optPath, {optPath, "--version"},
                                  /*Env=*/std::nullopt, redirects))
      state.SkipWithError("attn-opt --version failed");
}
// A child's time is not in the parent's CPU time.
BENCHMARK(processStart)->UseRealTime()->Unit(benchmark::kMillisecond);

static void contextCreation(benchmark::State &state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(makeContext());
}
BENCHMARK(contextCreation)->Unit(benchmark::kMillisecond);

static void parsing(benchmark::State &state) {
  auto context = makeContext();
  for (auto _ : state)
    if (!parseSourceString<ModuleOp>(program, context.get()))
      state.SkipWithError("the program does not parse");
}
BENCHMARK(parsing)->Unit(benchmark::kMillisecond);

static void textToPtx(benchmark::State &state) {
  auto context = makeContext();
  for (auto _ : state) {
    auto module = parseSourceString<ModuleOp>(program, context.get());
    PassManager manager(context.get());
    attn::buildCompilePipeline(manager, attn::CompileOptions());
    if (!module || failed(manager.run(*module)))
      state.SkipWithError("the program does not compile");
  }
}
BENCHMARK(textToPtx)->Unit(benchmark::kMillisecond);

int main(int argc, char **argv) {
  const std::string self = llvm::sys::fs::getMainExecutable(
      argv[0], reinterpret_cast<void *>(&main));
  llvm::SmallString<128> path = llvm::sys::path::parent_path(self);
  llvm::sys::path::append(path, "attn-opt");
  optPath = path.str().str();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
