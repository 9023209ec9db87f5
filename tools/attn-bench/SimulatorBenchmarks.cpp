//===- SimulatorBenchmarks.cpp - speed of the simulator -------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// On one host thread: how many cores there are, and how busy, is not a property
// of the simulator.

#include "Benchmarks.h"
#include "Outcome.h"
#include "TensorSet.h"
#include "attn/Runtime/SimDevice.h"
#include "attn/Runtime/Stream.h"
#include <benchmark/benchmark.h>

using namespace attn;
using namespace attn::bench;

static constexpr int64_t kBatch = 1, kLength = 512;

static void simulate(benchmark::State &state, const Program &program,
                     sim::Timing timing) {
  auto compiled = CompiledProgram::compile(program);
  if (!compiled)
    return fail(state, llvm::toString(compiled.takeError()));
  runtime::SimOptions options;
  options.chip = program.chip;
  options.timing = timing;
  options.threads = 1;
  auto device = std::make_shared<runtime::SimDevice>(options);
  TensorSet tensors(device, program, kBatch, kLength);
  if (failed(state, tensors.allocate()))
    return;
  auto stream = runtime::createStream(device);
  // Parses the module.
  if (tensors.call(compiled->call, stream.get()))
    return fail(state, attn_rt_last_error());
  device->reset();
  for (auto _ : state)
    if (tensors.call(compiled->call, stream.get()))
      return fail(state, attn_rt_last_error());
  const sim::Counters &counters = device->counters();
  using benchmark::Counter;
  state.counters["instructions_per_s"] =
      Counter(static_cast<double>(counters.instructions), Counter::kIsRate);
  state.counters["matrix_flops_per_s"] =
      Counter(static_cast<double>(counters.mmaFlops), Counter::kIsRate);
}

void attn::bench::registerSimulatorBenchmarks() {
  for (const char *chip : {"sm_80", "sm_90a"})
    for (sim::Timing timing : {sim::Timing::Latest, sim::Timing::Earliest}) {
      Program program;
      program.chip = chip;
      program.causal = true;
      program.heads = 2;
      program.keyHeads = 1;
      const std::string name =
          "simulator/" + program.name() +
          (timing == sim::Timing::Latest ? "/latest" : "/earliest");
      benchmark::RegisterBenchmark(name.c_str(), simulate, program, timing)
          ->Unit(benchmark::kMillisecond);
    }
}
