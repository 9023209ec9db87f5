//===- NullDevice.h - a GPU that does nothing -------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNBENCH_NULLDEVICE_H
#define ATTN_TOOLS_ATTNBENCH_NULLDEVICE_H

#include "attn/Runtime/CudaDevice.h"

namespace attn::bench {

/// Accepts everything at once: what is left of a launch is the host's part. Its
/// memory is addresses without bytes, its events are the host's clock.
class NullDevice : public runtime::CudaDevice {
public:
  explicit NullDevice(std::string chip) : ownChip(std::move(chip)) {}

  std::string name() const override { return "null device"; }
  std::string chip() const override { return ownChip; }
  /// As an H100 has.
  int32_t multiprocessors() const override { return 132; }
  bool takesCubins() const override { return true; }
  runtime::Status allocate(size_t bytes, std::string_view name,
                           uint64_t &address) override;
  runtime::Status release(uint64_t address) override;
  runtime::Status copyToDevice(uint64_t to, const void *from,
                               size_t bytes) override;
  runtime::Status copyFromDevice(void *to, uint64_t from,
                                 size_t bytes) override;
  runtime::Status loadModule(std::string_view image,
                             runtime::ModuleHandle &module) override;
  runtime::Status unloadModule(runtime::ModuleHandle module) override;
  runtime::Status encodeTensorMap(const attn_rt_tensor_map_desc &desc,
                                  void *map) override;
  runtime::Status prepare(const runtime::Launch &launch) override;
  runtime::Status launch(const runtime::Launch &launch) override;
  runtime::Status synchronize(void *queue) override;
  runtime::Status createQueue(void *&queue) override;
  runtime::Status destroyQueue(void *queue) override;
  runtime::Status createEvent(void *&event) override;
  runtime::Status recordEvent(void *event, void *queue) override;
  runtime::Status elapsed(void *start, void *stop, double &seconds) override;
  runtime::Status destroyEvent(void *event) override;

  /// How many there were so far.
  uint64_t launches() const { return numLaunches; }
  uint64_t tensorMaps() const { return numTensorMaps; }

private:
  std::string ownChip;
  uint64_t nextAddress = 1 << 20;
  uint64_t numLaunches = 0, numTensorMaps = 0;
};

} // namespace attn::bench

#endif
