//===- Tally.h - counters while a kernel runs -------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arrays by program counter; names and lines are attached once at the end.
// Each host thread has its own, and sums do not depend on who did what.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_TALLY_H
#define ATTN_LIB_SIM_TALLY_H

#include "MemoryImpl.h"
#include "Program.h"
#include "attn/Sim/Launch.h"

namespace attn::sim {

struct Tally {
  struct Line {
    uint64_t executions = 0, lanes = 0;
    SharedCounters shared;
  };
  std::vector<Line> byPc;
  std::vector<AccessCounters> byAllocation;
  uint64_t warps = 0, ctas = 0, saturatedConversions = 0;

  Tally(size_t instructions, size_t allocations)
      : byPc(instructions), byAllocation(allocations) {}
  void add(const Tally &other);
};

/// Turns sums by program counter into the public counters.
Counters summarise(const Tally &tally, const Program &program,
                   const GlobalView &view);

/// Passes over the 32 banks that lanes of `mask` need for `bytes` (1 to 16)
/// at byte offsets `address[lane]`: up to 4 bytes the warp at once, 8 bytes in
/// two halves, 16 bytes in four quarters. Equal words are one.
struct Wavefronts {
  unsigned total = 0, least = 0;
};
Wavefronts countWavefronts(const uint32_t *address, uint32_t mask,
                           unsigned bytes);

/// Distinct aligned 32-byte sectors that lanes of `mask` touch.
unsigned countSectors(const uint64_t *address, uint32_t mask, unsigned bytes);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_TALLY_H
