//===- KernelBenchmarks.cpp - times of kernels on a GPU -------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A launch is timed between two events that lie next to it in its queue. The
// launches of a batch are enqueued without waiting, so that the queue is never
// empty and no time of the host is in the figures. Consecutive launches use
// different tensors, together larger than any L2.

#include "Benchmarks.h"
#include "NullDevice.h"
#include "Outcome.h"
#include "TensorSet.h"
#include "attn/Runtime/Stream.h"
#include "attn/Support/TargetDesc.h"
#include <algorithm>
#include <benchmark/benchmark.h>

using namespace attn;
using namespace attn::bench;
using runtime::Status;

/// More than the L2 of any GPU so far.
static constexpr uint64_t kL2Bytes = uint64_t(128) << 20;
/// The usual sizes: as many tokens and features in all, whatever the length.
static constexpr int64_t kTokens = 16384, kFeatures = 2048;
/// Launches that are enqueued at a time, and those before them that are not
/// counted: the first finds an idle GPU and waits for the host.
static constexpr size_t kBatch = 20, kWarmUp = 2;
/// Batches per repetition, whatever the time of one.
static constexpr int kBatches = 5;

static double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 ? values[half]
                           : (values[half - 1] + values[half]) / 2;
}

/// Multiplications and additions of both products, for the pairs that the mask
/// keeps.
static double flops(const Program &program, int64_t batch, int64_t length) {
  const double pairs =
      program.causal ? 0.5 * length * (length + 1) : 1.0 * length * length;
  return 4.0 * batch * program.heads * program.headDim * pairs;
}

namespace {
/// Times launches of one program.
class LaunchTimer {
public:
  LaunchTimer(std::shared_ptr<runtime::CudaDevice> device) : device(device) {}
  LaunchTimer(const LaunchTimer &) = delete;
  LaunchTimer &operator=(const LaunchTimer &) = delete;
  ~LaunchTimer() {
    stream.reset();
    for (void *event : events)
      device->destroyEvent(event);
    if (queue)
      device->destroyQueue(queue);
  }

  Status prepare(const Program &program, int64_t batch, int64_t length) {
    auto result = CompiledProgram::compile(program);
    if (!result)
      return Status::error(ATTN_RT_INVALID_ARGUMENT,
                           llvm::toString(result.takeError()));
    compiled = std::move(*result);
    Status status = makeTensors(program, batch, length);
    if (status.ok())
      status = device->createQueue(queue);
    for (size_t i = 0; i <= kWarmUp + kBatch && status.ok(); ++i) {
      void *event = nullptr;
      status = device->createEvent(event);
      if (status.ok())
        events.push_back(event);
    }
    if (status.ok())
      stream = runtime::createStream(device, queue);
    return status;
  }

  /// Seconds of each of kBatch launches.
  Status measure(std::vector<double> &seconds) {
    Status status = device->recordEvent(events[0], queue);
    for (size_t i = 1; i < events.size() && status.ok(); ++i) {
      if (sets[next]->call(compiled.call, stream.get()))
        return runtime::lastError();
      next = (next + 1) % sets.size();
      status = device->recordEvent(events[i], queue);
    }
    if (status.ok())
      status = device->synchronize(queue);
    seconds.clear();
    for (size_t i = kWarmUp + 1; i < events.size() && status.ok(); ++i) {
      seconds.push_back(0);
      status = device->elapsed(events[i - 1], events[i], seconds.back());
    }
    return status;
  }

  size_t numSets() const { return sets.size(); }

private:
  /// So many sets that what a launch reads was not used by the last kL2Bytes.
  Status makeTensors(const Program &program, int64_t batch, int64_t length) {
    uint64_t others = 0;
    do {
      sets.push_back(
          std::make_unique<TensorSet>(device, program, batch, length));
      if (Status status = sets.back()->allocate(); !status.ok())
        return status;
      if (sets.size() > 1)
        others += sets.back()->bytes();
    } while (others < kL2Bytes);
    return Status::success();
  }

  std::shared_ptr<runtime::CudaDevice> device;
  CompiledProgram compiled;
  std::vector<std::unique_ptr<TensorSet>> sets;
  std::vector<void *> events;
  void *queue = nullptr;
  runtime::StreamPtr stream;
  size_t next = 0;
};
} // namespace

/// Null after skip(): there is no GPU, or not one that we compile for.
static std::shared_ptr<runtime::CudaDevice>
openDevice(benchmark::State &state, const std::string &nullGpu) {
  std::shared_ptr<runtime::CudaDevice> device;
  std::string reason;
  if (!nullGpu.empty())
    device = std::make_shared<NullDevice>(nullGpu);
  else
    device = runtime::CudaDevice::open({}, reason);
  if (!device)
    skip(state, reason);
  else if (const std::string chip = device->chip(); !TargetDesc::lookup(chip)) {
    skip(state, device->name() + ": " + TargetDesc::explainUnknown(chip));
    device.reset();
  }
  return device;
}

static void timeKernel(benchmark::State &state, Program program, int64_t length,
                       const std::string &nullGpu) {
  auto device = openDevice(state, nullGpu);
  if (!device)
    return;
  program.chip = device->chip();
  const int64_t batch = kTokens / length;
  LaunchTimer timer(device);
  std::vector<double> seconds, all;
  if (failed(state, timer.prepare(program, batch, length)) ||
      failed(state, timer.measure(seconds))) // loads the module
    return;
  for (auto _ : state) {
    if (failed(state, timer.measure(seconds)))
      return;
    state.SetIterationTime(median(seconds));
    all.insert(all.end(), seconds.begin(), seconds.end());
  }
  const double perLaunch = median(all);
  state.counters["median_us"] = 1e6 * perLaunch;
  if (nullGpu.empty())
    state.counters["tflops"] =
        1e-12 * flops(program, batch, length) / perLaunch;
  state.counters["tensor_sets"] = static_cast<double>(timer.numSets());
  state.SetLabel(device->name() + ", " + program.chip);
}

void attn::bench::registerKernelBenchmarks(const std::string &nullGpu) {
  for (bool causal : {false, true})
    for (int64_t headDim : {64, 128, 256})
      for (int64_t length : {4096, 16384}) {
        Program program;
        program.causal = causal;
        program.headDim = headDim;
        program.heads = program.keyHeads = kFeatures / headDim;
        const std::string name =
            (nullGpu.empty() ? "kernel/" : "null_kernel/") +
            std::string(causal ? "causal/" : "full/") +
            std::to_string(headDim) + "/" + std::to_string(length);
        benchmark::RegisterBenchmark(name.c_str(), timeKernel, program, length,
                                     nullGpu)
            ->UseManualTime()
            ->Iterations(kBatches)
            ->Unit(benchmark::kMicrosecond);
      }
}
