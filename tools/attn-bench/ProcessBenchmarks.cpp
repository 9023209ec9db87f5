//===- ProcessBenchmarks.cpp - what comes before any compiling ------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Benchmarks.h"
#include "Outcome.h"
#include "ProcessorTime.h"
#include "Program.h"
#include "mlir/IR/MLIRContext.h"
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

static void contextCreation(benchmark::State &state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(makeContext());
}

void attn::bench::registerProcessBenchmarks(const std::string &optPath) {
  benchmark::RegisterBenchmark("process_start", processStart, optPath)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("context_creation", contextCreation)
      ->Unit(benchmark::kMillisecond);
}
