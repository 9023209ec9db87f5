//===- ProcessBenchmarks.cpp - what comes before any compiling ------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Benchmarks.h"
#include "Outcome.h"
#include "ProcessorTime.h"
#include "Program.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include <benchmark/benchmark.h>

using namespace attn::bench;

static void processStart(benchmark::State &state, const std::string &optPath) {
  const std::optional<llvm::StringRef> redirects[] = {
      llvm::StringRef(), llvm::StringRef(), llvm::StringRef()};
  for (auto _ : state) {
    // A child's time is not in the parent's.
    const double start = childSeconds();
    if (llvm::sys::ExecuteAndWait(optPath, {optPath, "--version"},
                                  /*Env=*/std::nullopt, redirects))
      return fail(state, optPath + " --version failed");
    state.SetIterationTime(childSeconds() - start);
  }
}

/// `import attn`, with Python's own start; nothing is loaded before something
/// is compiled.
static void pythonImport(benchmark::State &state) {
  const llvm::StringRef python = ATTN_PYTHON;
  if (!llvm::sys::fs::can_execute(python))
    return skip(state, "no Python");
  const std::optional<llvm::StringRef> redirects[] = {
      llvm::StringRef(), llvm::StringRef(), llvm::StringRef()};
  const llvm::StringRef environment[] = {"PYTHONPATH=" ATTN_PYTHONPATH};
  for (auto _ : state) {
    const double start = childSeconds();
    if (llvm::sys::ExecuteAndWait(python, {python, "-c", "import attn"},
                                  llvm::ArrayRef(environment), redirects))
      return fail(state, "import attn failed");
    state.SetIterationTime(childSeconds() - start);
  }
}

static void contextCreation(benchmark::State &state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(makeContext());
}

void attn::bench::registerProcessBenchmarks(const std::string &optPath) {
  benchmark::RegisterBenchmark("process_start", processStart, optPath)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("python_import", pythonImport)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("context_creation", contextCreation)
      ->Unit(benchmark::kMillisecond);
}
