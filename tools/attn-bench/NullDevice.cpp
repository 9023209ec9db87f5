//===- NullDevice.cpp - a GPU that does nothing ---------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "NullDevice.h"
#include <chrono>
#include <cstring>

using namespace attn::bench;
using namespace attn::runtime;

using Clock = std::chrono::steady_clock;

Status NullDevice::allocate(size_t bytes, std::string_view name,
                            uint64_t &address) {
  constexpr uint64_t alignment = 256;
  address = nextAddress;
  nextAddress += (bytes / alignment + 1) * alignment;
  return Status::success();
}

Status NullDevice::release(uint64_t) { return Status::success(); }

Status NullDevice::copyToDevice(uint64_t, const void *, size_t) {
  return Status::success();
}

Status NullDevice::copyFromDevice(void *to, uint64_t, size_t bytes) {
  std::memset(to, 0, bytes);
  return Status::success();
}

Status NullDevice::loadModule(std::string_view, ModuleHandle &module) {
  module = 1;
  return Status::success();
}

Status NullDevice::unloadModule(ModuleHandle) { return Status::success(); }

Status NullDevice::encodeTensorMap(const attn_rt_tensor_map_desc &desc,
                                   void *map) {
  ++numTensorMaps;
  std::memset(map, 0, 128);
  return Status::success();
}

Status NullDevice::prepare(const Launch &) { return Status::success(); }

Status NullDevice::launch(const Launch &) {
  ++numLaunches;
  return Status::success();
}

Status NullDevice::synchronize(void *) { return Status::success(); }

Status NullDevice::createQueue(void *&queue) {
  queue = this;
  return Status::success();
}

Status NullDevice::destroyQueue(void *) { return Status::success(); }

Status NullDevice::createEvent(void *&event) {
  event = new Clock::time_point;
  return Status::success();
}

Status NullDevice::recordEvent(void *event, void *) {
  *static_cast<Clock::time_point *>(event) = Clock::now();
  return Status::success();
}

Status NullDevice::elapsed(void *start, void *stop, double &seconds) {
  seconds =
      std::chrono::duration<double>(*static_cast<Clock::time_point *>(stop) -
                                    *static_cast<Clock::time_point *>(start))
          .count();
  return Status::success();
}

Status NullDevice::destroyEvent(void *event) {
  delete static_cast<Clock::time_point *>(event);
  return Status::success();
}
