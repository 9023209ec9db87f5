//===- JitBenchmarks.cpp - the first call of a variant --------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a program's text to a kernel that can be called, in a process that has
// compiled nothing yet: with an empty cache, ptxas included, and with a cache
// that has it. Processor time, of ptxas too.

#include "Benchmarks.h"
#include "Outcome.h"
#include "ProcessorTime.h"
#include "Program.h"
#include "attn/JIT/Compiler.h"
#include "attn/Target/PTX.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include <benchmark/benchmark.h>

using namespace attn::bench;

namespace {
class CacheFolder {
public:
  CacheFolder() {
    llvm::SmallString<128> made;
    if (!llvm::sys::fs::createUniqueDirectory("attn-bench", made))
      path = made.str().str();
  }
  ~CacheFolder() { llvm::sys::fs::remove_directories(path); }
  std::string path;
};
} // namespace

/// One compiler, one kernel. False after a message.
static bool compileOnce(benchmark::State &state, const Program &program,
                        const CacheFolder &folder,
                        attn::jit::CompilerStats &stats) {
  attn::jit::CompilerOptions options;
  options.cache.directory = folder.path;
  attn::CompileOptions compile;
  compile.chip = program.chip;
  auto compiler = attn::jit::Compiler::create(std::move(options));
  if (!compiler) {
    fail(state, llvm::toString(compiler.takeError()));
    return false;
  }
  auto kernel = (*compiler)->compile(program.text(), compile);
  if (!kernel) {
    fail(state, llvm::toString(kernel.takeError()));
    return false;
  }
  stats = (*compiler)->stats();
  return true;
}

static void firstCall(benchmark::State &state, const Program &program,
                      bool isWarm) {
  if (attn::findPtxas().empty())
    return skip(state, "no ptxas");
  const CacheFolder warm;
  attn::jit::CompilerStats stats;
  if (isWarm && !compileOnce(state, program, warm, stats))
    return;
  for (auto _ : state) {
    const CacheFolder cold;
    const double start = threadSeconds() + childSeconds();
    if (!compileOnce(state, program, isWarm ? warm : cold, stats))
      return;
    state.SetIterationTime(threadSeconds() + childSeconds() - start);
    if (stats.compiled != (isWarm ? 0 : 1))
      return fail(state, "the cache does not do what is measured");
  }
}

void attn::bench::registerJitBenchmarks() {
  for (bool isWarm : {false, true})
    for (const char *chip : {"sm_80", "sm_90a"}) {
      Program program;
      program.chip = chip;
      program.causal = true;
      program.headDim = 128;
      const char *family = isWarm ? "jit_warm/" : "jit_cold/";
      benchmark::RegisterBenchmark((family + program.name()).c_str(), firstCall,
                                   program, isWarm)
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
    }
}
