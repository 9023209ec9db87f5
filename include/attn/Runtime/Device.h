//===- Device.h - a machine that runs kernels ------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_RUNTIME_DEVICE_H
#define ATTN_RUNTIME_DEVICE_H

#include "attn/Runtime/Runtime.h"
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace attn::runtime {

/// Outcome of a device call. Nothing here throws.
struct Status {
  int32_t code = ATTN_RT_SUCCESS; ///< one of the ATTN_RT_ codes
  std::string message;            ///< empty on success

  static Status success() { return {}; }
  static Status error(int32_t code, std::string message) {
    return {code, std::move(message)};
  }
  bool ok() const { return code == ATTN_RT_SUCCESS; }
};

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
};

/// Names a loaded module on its device; 0 is none.
using ModuleHandle = uint64_t;

/// One kernel launch.
struct Launch {
  ModuleHandle module = 0;
  const char *kernel = "";
  Dim3 grid, block;
  Dim3 cluster; ///< blocks that run together; divides the grid
  uint32_t dynamicSharedBytes = 0;
  void **params = nullptr; ///< params[i] points at the i-th parameter's value
  uint64_t paramCount = 0;
  void *queue = nullptr; ///< the device's own kind of stream; null = default
};

/// A GPU or a stand-in for one. Sizes are bytes, addresses are device
/// addresses.
class Device {
public:
  virtual ~Device();

  /// For people, for example "NVIDIA H100 80GB HBM3".
  virtual std::string name() const = 0;
  /// What to compile for, for example "sm_80".
  virtual std::string chip() const = 0;

  /// How many blocks run at the same time if one fills a multiprocessor.
  virtual int32_t multiprocessors() const = 0;
  /// Whether loadModule() takes machine code, in principle.
  virtual bool takesCubins() const = 0;

  /// Memory with undefined contents, aligned to 256 bytes. `name` says what the
  /// buffer is for and appears in findings and counters. Zero bytes are fine
  /// and still give an address of their own.
  virtual Status allocate(size_t bytes, std::string_view name,
                          uint64_t &address) = 0;
  /// Frees what allocate() returned; 0 is allowed.
  virtual Status release(uint64_t address) = 0;

  /// Blocking copies; everything launched before has finished afterwards.
  virtual Status copyToDevice(uint64_t to, const void *from, size_t bytes) = 0;
  virtual Status copyFromDevice(void *to, uint64_t from, size_t bytes) = 0;

  /// Loads PTX text or a cubin. `image` is followed by a NUL. The message of a
  /// failure holds what the device's assembler said.
  virtual Status loadModule(std::string_view image, ModuleHandle &module) = 0;
  virtual Status unloadModule(ModuleHandle module) = 0;

  /// Fills the 128 bytes at `map`, which are aligned to 64, for kernels that
  /// run here. What checkTensorMap() refuses must not come here.
  virtual Status encodeTensorMap(const attn_rt_tensor_map_desc &desc,
                                 void *map) = 0;

  /// Does what the first launch of a kernel does but for launching it: a launch
  /// that follows has nothing left to look up.
  virtual Status prepare(const Launch &launch) = 0;
  /// Enqueues a kernel; errors of its execution may show up only later.
  virtual Status launch(const Launch &launch) = 0;
  /// Between the two the calling thread makes nothing but calls of this device:
  /// what each of them would set up and undo is done once. endSeries() follows
  /// every beginSeries() that succeeds.
  virtual Status beginSeries() { return Status::success(); }
  virtual void endSeries() {}

  /// Waits for everything on `queue`.
  virtual Status synchronize(void *queue) = 0;
};

} // namespace attn::runtime

#endif
