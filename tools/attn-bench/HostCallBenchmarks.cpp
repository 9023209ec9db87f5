//===- HostCallBenchmarks.cpp - what a launch costs on the host -----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled host functions on a device that does nothing: checks of sizes, the
// grid, tensor maps up to the driver's part, and the runtime's way to a launch.

#include "Benchmarks.h"
#include "NullDevice.h"
#include "Outcome.h"
#include "TensorSet.h"
#include "attn/Runtime/Stream.h"
#include <benchmark/benchmark.h>

using namespace attn;
using namespace attn::bench;

namespace {
/// A compiled program, its arguments and a stream on a null device.
struct HostCall {
  static constexpr int64_t kBatch = 4, kLength = 4096;

  /// False after fail().
  bool prepare(benchmark::State &state, const Program &program) {
    auto result = CompiledProgram::compile(program);
    if (!result) {
      fail(state, llvm::toString(result.takeError()));
      return false;
    }
    compiled = std::move(*result);
    device = std::make_shared<NullDevice>(program.chip);
    tensors = std::make_unique<TensorSet>(device, program, kBatch, kLength);
    stream = runtime::createStream(device);
    return !failed(state, tensors->allocate());
  }

  /// The number of calls was that of the iterations and one to warm up.
  void report(benchmark::State &state) const {
    const auto calls = static_cast<uint64_t>(state.iterations()) + 1;
    const double launches = 1.0 * device->launches() / calls;
    state.counters["launches"] = launches;
    state.counters["tensor_maps"] = 1.0 * device->tensorMaps() / calls;
    if (device->launches() != calls)
      fail(state,
           "expected one launch per call, but got " + std::to_string(launches));
  }

  CompiledProgram compiled;
  std::shared_ptr<NullDevice> device;
  std::unique_ptr<TensorSet> tensors;
  runtime::StreamPtr stream;
};
} // namespace

/// The function itself, with descriptors that are ready.
static void hostCall(benchmark::State &state, const Program &program) {
  HostCall host;
  if (!host.prepare(state, program))
    return;
  if (host.tensors->call(host.compiled.call, host.stream.get()))
    return fail(state, attn_rt_last_error());
  for (auto _ : state)
    if (host.tensors->call(host.compiled.call, host.stream.get()))
      return fail(state, attn_rt_last_error());
  host.report(state);
}

/// What attn_rt_variant::host comes to: the table has no room for a closure.
static HostFunction variantTarget = nullptr;
static int32_t variantHost(void **args) {
  return variantTarget(args[0], args[1], args[2], args[3], args[4], args[5]);
}

/// The same through the table of a compiled function.
static void runtimeCall(benchmark::State &state, const Program &program) {
  HostCall host;
  if (!host.prepare(state, program))
    return;
  variantTarget = host.compiled.call;
  const int64_t query[] = {-1, program.heads, -1, program.headDim};
  const int64_t key[] = {-1, program.keyHeads, -1, program.headDim};
  const attn_rt_argument arguments[TensorSet::kTensors] = {
      {"query", query, 4, ATTN_RT_ELEMENT_BF16, 0},
      {"key", key, 4, ATTN_RT_ELEMENT_BF16, 0},
      {"value", key, 4, ATTN_RT_ELEMENT_BF16, 0},
      {"out", query, 4, ATTN_RT_ELEMENT_BF16, 1},
      {"lse", query, 3, ATTN_RT_ELEMENT_F32, 1}};
  const attn_rt_variant variant = {program.chip.c_str(), variantHost};
  const attn_rt_entry entry = {"attention",         arguments, &variant,
                               TensorSet::kTensors, 1,         ATTN_RT_VERSION};
  const auto args = host.tensors->arguments();
  if (attn_rt_call(&entry, host.stream.get(), args.data(), nullptr, 0))
    return fail(state, attn_rt_last_error());
  for (auto _ : state)
    if (attn_rt_call(&entry, host.stream.get(), args.data(), nullptr, 0))
      return fail(state, attn_rt_last_error());
  host.report(state);
}

void attn::bench::registerHostCallBenchmarks() {
  for (bool throughTable : {false, true})
    for (const char *chip : {"sm_80", "sm_90a"})
      for (bool causal : {false, true}) {
        Program program;
        program.chip = chip;
        program.causal = causal;
        benchmark::RegisterBenchmark(
            ((throughTable ? "runtime_call/" : "host_call/") + program.name())
                .c_str(),
            throughTable ? runtimeCall : hostCall, program)
            ->Unit(benchmark::kNanosecond);
      }
}
