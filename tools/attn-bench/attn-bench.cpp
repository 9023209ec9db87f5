//===- attn-bench.cpp - how long everything takes -------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The project's benchmarks, under the options of Google Benchmark. A benchmark
// that the machine cannot run is skipped and says why; one that goes wrong
// makes the exit status 1.

#include "Benchmarks.h"
#include "Outcome.h"
#include "attn/Runtime/CudaDevice.h"
#include "attn/Support/TargetDesc.h"
#include "attn/Target/PTX.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include <benchmark/benchmark.h>

static const char *const usage =
    "attn-bench: compile times, host calls, the simulator, kernels on a GPU\n"
    "\n"
    "  --null_gpu=CHIP  time kernels on a device that does nothing, as\n"
    "                   null_kernel/...: their set-up without a GPU\n"
    "\n"
    "and the options of Google Benchmark, among them\n"
    "\n"
    "  --benchmark_list_tests\n"
    "  --benchmark_filter=REGEX\n"
    "  --benchmark_min_time=SECONDS\n"
    "  --benchmark_repetitions=N\n"
    "  --benchmark_out=FILE.json\n"
    "\n"
    "tools/dev/bench-compare compares two such files.\n";

static void printHelp() { llvm::outs() << usage; }

/// "Intel(R) Xeon(R) Processor (rocketlake)": the first may say little.
static std::string describeCpu() {
  std::string name = llvm::sys::getHostCPUName().str();
  auto file = llvm::MemoryBuffer::getFileAsStream("/proc/cpuinfo");
  if (!file)
    return name;
  llvm::StringRef rest = (*file)->getBuffer().split("model name").second;
  llvm::StringRef line = rest.split('\n').first.split(':').second.trim();
  return line.empty() ? name : (line + " (" + name + ")").str();
}

/// "13.0.88", or "none".
static std::string describePtxas() {
  const std::string ptxas = attn::findPtxas();
  llvm::SmallString<128> log;
  if (ptxas.empty() || llvm::sys::fs::createTemporaryFile("attn", "log", log))
    return "none";
  llvm::sys::ExecuteAndWait(ptxas, {ptxas, "--version"}, /*Env=*/std::nullopt,
                            {llvm::StringRef(), log.str(), log.str()});
  auto file = llvm::MemoryBuffer::getFile(log);
  llvm::sys::fs::remove(log);
  if (!file)
    return "none";
  return (*file)->getBuffer().split(", V").second.split('\n').first.str();
}

/// What decides whether two files can be compared.
static void describeMachine() {
  benchmark::AddCustomContext("cpu", describeCpu());
  benchmark::AddCustomContext("build_type", ATTN_BUILD_TYPE);
  benchmark::AddCustomContext("llvm", LLVM_VERSION_STRING);
  benchmark::AddCustomContext("ptxas", describePtxas());
  std::string reason;
  auto device = attn::runtime::CudaDevice::open({}, reason);
  benchmark::AddCustomContext("gpu", device ? device->name() : "none");
}

/// Takes --null_gpu=CHIP out of the arguments. False after a message.
static bool takeNullGpu(int &argc, char **argv, std::string &chip) {
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    llvm::StringRef argument = argv[i];
    if (argument.consume_front("--null_gpu="))
      chip = argument.str();
    else
      argv[kept++] = argv[i];
  }
  argc = kept;
  argv[argc] = nullptr;
  if (chip.empty() || attn::TargetDesc::lookup(chip))
    return true;
  llvm::errs() << "attn-bench: --null_gpu: "
               << attn::TargetDesc::explainUnknown(chip) << '\n';
  return false;
}

int main(int argc, char **argv) {
  const std::string self = llvm::sys::fs::getMainExecutable(
      argv[0], reinterpret_cast<void *>(&main));
  llvm::SmallString<128> optPath = llvm::sys::path::parent_path(self);
  llvm::sys::path::append(optPath, "attn-opt");
  std::string nullGpu;
  if (!takeNullGpu(argc, argv, nullGpu))
    return 2;
  benchmark::Initialize(&argc, argv, printHelp);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  describeMachine();
  attn::bench::registerProcessBenchmarks(optPath.str().str());
  attn::bench::registerCompileBenchmarks();
  attn::bench::registerJitBenchmarks();
  attn::bench::registerHostCallBenchmarks();
  attn::bench::registerSimulatorBenchmarks();
  attn::bench::registerKernelBenchmarks(nullGpu);
  benchmark::RunSpecifiedBenchmarks();
  return attn::bench::anyFailed() ? 1 : 0;
}
