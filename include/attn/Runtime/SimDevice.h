//===- SimDevice.h - the simulator as a device -----------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_RUNTIME_SIMDEVICE_H
#define ATTN_RUNTIME_SIMDEVICE_H

#include "attn/Runtime/Device.h"
#include "attn/Sim/Simulator.h"
#include <map>
#include <memory>
#include <vector>

namespace attn::runtime {

struct SimOptions {
  std::string chip = "sm_80";
  uint64_t seed = 0; ///< of the warp scheduler
  sim::Timing timing = sim::Timing::Latest;
  int32_t multiprocessors = 0; ///< that programs see; 0 = the largest product's
  unsigned threads = 0;        ///< host threads; 0 = one per core
  uint64_t instructionLimit = 0; ///< per warp; 0 = the simulator's default
  sim::Float8Accumulation float8Accumulation = sim::Float8Accumulation::Float32;
};

/// Runs PTX on the CPU and judges it. A launch with a finding fails with
/// ATTN_RT_FINDING, and so does reading a buffer that was never written.
/// Launches are finished when launch() returns.
class SimDevice : public Device {
public:
  explicit SimDevice(SimOptions options = {});
  ~SimDevice() override;

  std::string name() const override;
  std::string chip() const override { return options.chip; }
  int32_t multiprocessors() const override;
  bool takesCubins() const override { return false; }
  Status allocate(size_t bytes, std::string_view name,
                  uint64_t &address) override;
  Status release(uint64_t address) override;
  Status copyToDevice(uint64_t to, const void *from, size_t bytes) override;
  Status copyFromDevice(void *to, uint64_t from, size_t bytes) override;
  Status loadModule(std::string_view image, ModuleHandle &module) override;
  Status unloadModule(ModuleHandle module) override;
  Status encodeTensorMap(const attn_rt_tensor_map_desc &desc,
                         void *map) override;
  Status prepare(const Launch &launch) override;
  Status launch(const Launch &launch) override;
  Status synchronize(void *queue) override;

  /// All findings so far, in the order of the launches.
  const std::vector<sim::Finding> &findings() const { return allFindings; }
  /// Sums over all launches so far.
  const sim::Counters &counters() const { return allCounters; }
  /// What one launch did. Bytes are those of global memory.
  struct LaunchCounters {
    uint64_t instructions, bytesRead, bytesWritten;
  };
  /// One for each launch so far.
  const std::vector<LaunchCounters> &launches() const { return perLaunch; }
  void reset(); ///< forgets findings and counters, not buffers or modules

private:
  SimOptions options;
  sim::Memory memory;
  std::map<ModuleHandle, std::shared_ptr<const sim::Module>> modules;
  ModuleHandle nextModule = 1;
  std::map<uint64_t, std::string> names; ///< of live buffers, by address
  std::vector<sim::Finding> allFindings;
  sim::Counters allCounters;
  std::vector<LaunchCounters> perLaunch;
};

} // namespace attn::runtime

#endif
