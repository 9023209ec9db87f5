//===- CompileBenchmarks.cpp - how long a user waits for a kernel ---------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text to host code with the PTX inside, and to the cubin. All times are those
// of processors: what a user with a free core waits for, and other programs
// change it little. Stages are counters.

#include "Benchmarks.h"
#include "Outcome.h"
#include "ProcessorTime.h"
#include "Program.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Target/PTX.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include <benchmark/benchmark.h>

using namespace mlir;
using namespace attn::bench;

namespace {
/// Seconds of processor time of all iterations so far.
struct Stages {
  double parse = 0, tile = 0, schedule = 0, nvvm = 0, host = 0, ptx = 0,
         ptxas = 0;
};

/// Of the host pipeline, the pass that makes the PTX: LLVM's optimizer and
/// back end.
class PtxClock : public PassInstrumentation {
public:
  explicit PtxClock(double &seconds) : seconds(seconds) {}
  void runBeforePass(Pass *pass, Operation *) override {
    if (isMeant(pass))
      start = threadSeconds();
  }
  void runAfterPass(Pass *pass, Operation *) override {
    if (isMeant(pass))
      seconds += threadSeconds() - start;
  }

private:
  static bool isMeant(Pass *pass) {
    return pass->getArgument() == "attn-embed-kernels";
  }
  double &seconds;
  double start = 0;
};

/// One program on its way, stage by stage.
class StagedCompilation {
public:
  StagedCompilation(const Program &program, Stages &stages)
      : context(makeContext()), text(program.text()), stages(stages) {
    options.chip = program.chip;
  }

  LogicalResult textToPtx() {
    const double start = threadSeconds();
    module = parseSourceString<ModuleOp>(text, context.get());
    stages.parse += threadSeconds() - start;
    if (!module)
      return failure();
    if (failed(run(attn::buildTilePipeline, stages.tile)) ||
        failed(run(attn::buildSchedulePipeline, stages.schedule)) ||
        failed(run(attn::buildKernelPipeline, stages.nvvm)))
      return failure();
    double both = 0, ptx = 0;
    if (failed(run(attn::buildHostPipeline, both, &ptx)))
      return failure();
    stages.ptx += ptx;
    stages.host += both - ptx;
    return success(ptx > 0);
  }

  LogicalResult ptxToCubin(std::string &messages) {
    const std::string suffix = "_text";
    unsigned numKernelModules = 0;
    for (auto global : module->getOps<LLVM::GlobalOp>()) {
      auto ptx = dyn_cast_or_null<StringAttr>(global.getValueOrNull());
      if (!ptx || !global.getName().ends_with(suffix))
        continue;
      ++numKernelModules;
      const double start = childSeconds();
      auto cubin =
          attn::assemblePTX(ptx.getValue().rtrim('\0'), options.chip, messages);
      stages.ptxas += childSeconds() - start;
      if (failed(cubin))
        return failure();
    }
    return success(numKernelModules > 0);
  }

private:
  LogicalResult run(void (*build)(OpPassManager &,
                                  const attn::CompileOptions &),
                    double &seconds, double *ptxSeconds = nullptr) {
    const double start = threadSeconds();
    PassManager manager(context.get());
    if (ptxSeconds)
      manager.addInstrumentation(std::make_unique<PtxClock>(*ptxSeconds));
    build(manager, options);
    LogicalResult result = manager.run(*module);
    seconds += threadSeconds() - start;
    return result;
  }

  std::unique_ptr<MLIRContext> context;
  std::string text;
  attn::CompileOptions options;
  OwningOpRef<ModuleOp> module;
  Stages &stages;
};
} // namespace

static void compile(benchmark::State &state, const Program &program,
                    bool assemble) {
  if (assemble && attn::findPtxas().empty())
    return skip(state, "no ptxas");
  Stages stages;
  StagedCompilation compilation(program, stages);
  for (auto _ : state) {
    const double start = threadSeconds() + childSeconds();
    std::string messages;
    if (failed(compilation.textToPtx()))
      return fail(state, program.name() + " does not compile");
    if (assemble && failed(compilation.ptxToCubin(messages)))
      return fail(state, program.name() + " does not assemble: " + messages);
    state.SetIterationTime(threadSeconds() + childSeconds() - start);
  }
  auto report = [&](const char *name, double seconds) {
    state.counters[name] =
        benchmark::Counter(1e3 * seconds, benchmark::Counter::kAvgIterations);
  };
  report("parse_ms", stages.parse);
  report("tile_ms", stages.tile);
  report("schedule_ms", stages.schedule);
  report("nvvm_ms", stages.nvvm);
  report("ptx_ms", stages.ptx);
  report("host_ms", stages.host);
  if (assemble)
    report("ptxas_ms", stages.ptxas);
}

void attn::bench::registerCompileBenchmarks() {
  for (bool assemble : {false, true})
    for (const char *chip : {"sm_80", "sm_90a"})
      for (bool causal : {false, true})
        for (int64_t headDim : {64, 128, 256}) {
          Program program;
          program.chip = chip;
          program.causal = causal;
          program.headDim = headDim;
          const char *family = assemble ? "text_to_cubin/" : "text_to_ptx/";
          benchmark::RegisterBenchmark((family + program.name()).c_str(),
                                       compile, program, assemble)
              ->UseManualTime()
              ->Unit(benchmark::kMillisecond);
        }
}
