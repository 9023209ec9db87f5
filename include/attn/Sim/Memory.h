//===- Memory.h - global memory of one simulated device ---------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_SIM_MEMORY_H
#define ATTN_SIM_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace attn::sim {

/// Allocations with guard gaps between them and one "initialised" flag for each
/// byte. All members may be called from any thread; copying to or from a buffer
/// while a launch uses it is the caller's race, as on a device.
class Memory {
public:
  Memory();
  ~Memory();
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  /// Device address of `bytes` uninitialised bytes, or 0 on failure (`align`
  /// no power of two, or no host memory). The name appears in findings and in
  /// the counters; several allocations may share one.
  uint64_t allocate(size_t bytes, std::string name, size_t align = 256);

  /// Frees the allocation that starts at `address`; false when none does.
  bool release(uint64_t address);

  /// Host to device; marks the bytes initialised. The range must lie in one
  /// allocation, otherwise nothing happens and the result is false. The same
  /// holds for the four members below.
  bool write(uint64_t dst, const void *src, size_t bytes);

  /// Device to host, initialised or not: ask isInitialised() about that.
  bool read(void *dst, uint64_t src, size_t bytes) const;

  /// Sets bytes and marks them initialised.
  bool fill(uint64_t dst, uint8_t value, size_t bytes);

  /// Marks bytes uninitialised again.
  bool invalidate(uint64_t dst, size_t bytes);

  /// True when all bytes of the range are initialised.
  bool isInitialised(uint64_t dst, size_t bytes) const;

  /// Renames the allocation that contains `address`.
  void setName(uint64_t address, std::string name);

  /// Internal to the simulator.
  struct Impl;
  Impl &impl() { return *self; }

private:
  std::unique_ptr<Impl> self;
};

} // namespace attn::sim

#endif // ATTN_SIM_MEMORY_H
