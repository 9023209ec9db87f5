//===- SharedMemory.h - shared memory of one CTA ----------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_SHAREDMEMORY_H
#define ATTN_LIB_SIM_SHAREDMEMORY_H

#include "Sanitizer/SharedRaces.h"

#include <cstdint>
#include <vector>

namespace attn::sim {

/// Offsets are relative to sharedBase and have been checked for bounds.
class SharedMemory {
public:
  void reset(uint32_t bytes, unsigned granuleShift) {
    size = bytes;
    // A pattern that is a NaN in every float type: stale data shows.
    data.assign(bytes + 16, 0xff);
    init.assign(bytes + 16, 0);
    copies.assign(bytes / 4 + 4, Copy());
    numCopies = 0;
    ++epoch;
    races.reset(bytes, granuleShift);
  }

  bool contains(uint64_t offset, uint64_t bytes) const {
    return offset <= size && bytes <= size - offset;
  }

  /// An unfinished cp.async into a word.
  struct Copy {
    uint32_t pc = 0;
    uint16_t warp = 0; ///< of the clocks
    uint8_t lane = 0;
    bool active = false;
  };
  /// The unfinished copy into one of the words of the range, or nullptr.
  const Copy *unfinished(uint32_t offset, uint32_t bytes) const {
    if (!numCopies)
      return nullptr;
    for (uint32_t w = offset / 4; w <= (offset + bytes - 1) / 4; ++w)
      if (copies[w].active)
        return &copies[w];
    return nullptr;
  }
  void startCopy(uint32_t offset, uint32_t bytes, const Accessor &who) {
    for (uint32_t w = offset / 4; w < (offset + bytes) / 4; ++w) {
      numCopies += !copies[w].active;
      copies[w] = {who.pc, uint16_t(who.warp), uint8_t(who.lane), true};
    }
  }
  void finishCopy(uint32_t offset, uint32_t bytes) {
    for (uint32_t w = offset / 4; w < (offset + bytes) / 4; ++w) {
      numCopies -= copies[w].active;
      copies[w].active = false;
    }
  }

  uint32_t size = 0;
  std::vector<uint8_t> data;
  std::vector<uint8_t> init; ///< one flag a byte
  uint64_t epoch = 0;        ///< changes with every write
  SharedRaces races;

private:
  std::vector<Copy> copies; ///< by word: cp.async moves 4 bytes or more
  uint32_t numCopies = 0;   ///< active words
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_SHAREDMEMORY_H
