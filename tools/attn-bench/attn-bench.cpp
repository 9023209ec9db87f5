//===- attn-bench.cpp - how long the compiler takes -----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Times what a user waits for: the start of a process, parsing, the way from
// text to host code with the PTX inside, and that from text to a cubin, of
// which ptxas is a part.

#include "attn/Pipelines/Pipelines.h"
#include "attn/Pipelines/Registration.h"
#include "attn/Target/PTX.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <benchmark/benchmark.h>

using namespace mlir;

static const char *const beforeMask = R"mlir(
func.func @attention(%q: tensor<?x32x?x128xbf16>, %k: tensor<?x8x?x128xbf16>,
                     %v: tensor<?x8x?x128xbf16>)
    -> (tensor<?x32x?x128xbf16>, tensor<?x32x?xf32>) {
  %out, %lse = attn.attention
      query(%q : tensor<?x32x?x128xbf16>)
      key(%k : tensor<?x8x?x128xbf16>)
      value(%v : tensor<?x8x?x128xbf16>)
)mlir";

static const char *const causalMask = R"mlir(
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %keep = attn.causal %i, %j
      attn.yield %keep : i1
    }
)mlir";

static const char *const afterMask = R"mlir(
      -> tensor<?x32x?x128xbf16>, tensor<?x32x?xf32>
  return %out, %lse : tensor<?x32x?x128xbf16>, tensor<?x32x?xf32>
}
)mlir";

static std::string makeProgram(const char *mask) {
  return std::string(beforeMask) + mask + afterMask;
}

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
  std::string program = makeProgram(causalMask);
  for (auto _ : state)
    if (!parseSourceString<ModuleOp>(program, context.get()))
      state.SkipWithError("the program does not parse");
}
BENCHMARK(parsing)->Unit(benchmark::kMillisecond);

static void textToPtx(benchmark::State &state, const char *chip,
                      const char *mask) {
  auto context = makeContext();
  std::string program = makeProgram(mask);
  attn::CompileOptions options;
  options.chip = chip;
  for (auto _ : state) {
    auto module = parseSourceString<ModuleOp>(program, context.get());
    PassManager manager(context.get());
    attn::buildCompilePipeline(manager, options);
    if (!module || failed(manager.run(*module)))
      state.SkipWithError("the program does not compile");
  }
}

static void textToCubin(benchmark::State &state, const char *chip,
                        const char *mask) {
  if (attn::findPtxas().empty())
    return state.SkipWithError("no ptxas");
  auto context = makeContext();
  std::string program = makeProgram(mask);
  attn::CompileOptions options;
  options.chip = chip;
  for (auto _ : state) {
    auto module = parseSourceString<ModuleOp>(program, context.get());
    PassManager manager(context.get());
    attn::buildTilePipeline(manager, options);
    attn::buildSchedulePipeline(manager, options);
    attn::buildKernelPipeline(manager, options);
    if (!module || failed(manager.run(*module))) {
      state.SkipWithError("the program does not compile");
      return;
    }
    for (auto kernel : module->getOps<gpu::GPUModuleOp>()) {
      std::string messages;
      FailureOr<std::string> ptx = attn::translateToPTX(kernel, chip);
      if (failed(ptx) || failed(attn::assemblePTX(*ptx, chip, messages))) {
        state.SkipWithError("the kernel does not assemble");
        return;
      }
    }
  }
}

#define BENCHMARK_CHIP(function, name, ...)                                    \
  BENCHMARK_CAPTURE(function, name, __VA_ARGS__)                               \
      ->UseRealTime()                                                          \
      ->Unit(benchmark::kMillisecond)
BENCHMARK_CHIP(textToPtx, sm_80 causal, "sm_80", causalMask);
BENCHMARK_CHIP(textToPtx, sm_90a full, "sm_90a", "");
BENCHMARK_CHIP(textToPtx, sm_90a causal, "sm_90a", causalMask);
BENCHMARK_CHIP(textToCubin, sm_80 causal, "sm_80", causalMask);
BENCHMARK_CHIP(textToCubin, sm_90a full, "sm_90a", "");
BENCHMARK_CHIP(textToCubin, sm_90a causal, "sm_90a", causalMask);
#undef BENCHMARK_CHIP

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
