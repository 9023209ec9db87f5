//===- MemoryImpl.h - allocations of a simulated device ---------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_MEMORYIMPL_H
#define ATTN_LIB_SIM_MEMORYIMPL_H

#include "Program.h"
#include "attn/Sim/Memory.h"

#include <map>
#include <mutex>

namespace attn::sim {

struct Allocation {
  uint64_t base = 0;
  size_t size = 0;
  std::string name;
  bool isConst = false;
  uint8_t *data = nullptr;
  /// One flag a byte, 0 = uninitialised: neighbouring bytes may be written by
  /// different host threads, which bits would not survive.
  uint8_t *init = nullptr;

  Allocation() = default;
  Allocation(const Allocation &) = delete;
  Allocation &operator=(const Allocation &) = delete;
  ~Allocation();
};

struct Memory::Impl {
  mutable std::mutex mutex;
  std::map<uint64_t, std::shared_ptr<Allocation>> allocations; ///< by base
  uint64_t nextBase = uint64_t(0x200) << 32;
  /// Addresses of the variables of a module, by its id.
  std::map<uint64_t, std::vector<uint64_t>> moduleGlobals;

  /// The caller holds the mutex.
  Allocation *find(uint64_t address, size_t bytes) const;
  uint64_t allocate(size_t bytes, std::string name, size_t align);
};

/// Addresses of the variables of `module`, created and initialised on first
/// use; empty on failure when the module has some.
std::vector<uint64_t> instantiateGlobals(Memory &memory, const Module &module);

/// What one launch sees: the allocations at its start, without locks.
class GlobalView {
public:
  explicit GlobalView(Memory &memory);

  /// Index of the allocation that contains the range, or -1.
  int find(uint64_t address, size_t bytes) const;
  /// Index of the allocation nearest below or above, for messages; or -1.
  int nearest(uint64_t address) const;
  Allocation &operator[](int index) const { return *list[size_t(index)]; }
  size_t size() const { return list.size(); }

private:
  std::vector<std::shared_ptr<Allocation>> list; ///< by base
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_MEMORYIMPL_H
