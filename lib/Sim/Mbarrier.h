//===- Mbarrier.h - mbarrier objects of one CTA -----------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A phase ends when no arrival is pending and no byte is outstanding. Arrivals
// publish clocks, which a successful wait collects; copies that complete on the
// barrier are stamped with it as their agent and with the number of the phase.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_MBARRIER_H
#define ATTN_LIB_SIM_MBARRIER_H

#include "Sanitizer/Clocks.h"

#include <string>

namespace attn::sim {

class Cta;
class Warp;

struct Mbarrier {
  static constexpr uint32_t maxCount = (1u << 20) - 1;

  uint32_t offset = 0; ///< relative to the window
  uint32_t expected = 0, pending = 0;
  int64_t outstanding = 0; ///< bytes expected minus bytes that came
  uint32_t phase = 0;      ///< phases that have ended
  bool live = false;
  bool seen = false; ///< a wait has seen the last phase end

  Published arriving;     ///< by the arrivals of this phase
  Published ended;        ///< by those of all phases that have ended
  uint16_t agent = 0;     ///< of the clocks
  uint32_t base = 0;      ///< phases of earlier lives: the agent's time goes on
  Stamp init;             ///< who initialised it
  uint32_t initFence = 0; ///< time of the fence.mbarrier_init; 0: none
  std::vector<int64_t> observed; ///< by warp: last phase seen to end, or -2
  uint32_t copyPhase = 0; ///< time of the last phase that a copy belongs to
  uint32_t copyPc = 0;

  /// The agent's time once the present phase has ended.
  uint32_t phaseTime() const { return base + phase + 1; }
};

class Mbarriers {
public:
  void reset() {
    list.clear();
    low = ~0u;
    high = 0;
  }

  /// The live barrier at `offset`, or nullptr.
  Mbarrier *find(uint32_t offset);
  /// A new life for the barrier at `offset`.
  Mbarrier &create(uint32_t offset, Clocks &clocks);
  /// A live barrier that has one of the bytes, or nullptr.
  const Mbarrier *overlapping(uint32_t offset, uint32_t bytes) const {
    return offset < high && offset + bytes > low ? search(offset, bytes)
                                                 : nullptr;
  }
  std::vector<Mbarrier> &all() { return list; }

private:
  const Mbarrier *search(uint32_t offset, uint32_t bytes) const;

  std::vector<Mbarrier> list;   ///< few: searched from end to end
  uint32_t low = ~0u, high = 0; ///< bytes that barriers lie in
};

/// Changes the counts of a barrier of `owner` on behalf of `warp`; reports what
/// leaves their range. A phase that ends wakes the warps that wait for it.
void expectBytes(Cta &owner, Mbarrier &barrier, Warp &warp, int lane,
                 uint32_t bytes);
void completeBytes(Cta &owner, Mbarrier &barrier, Warp &warp, int lane,
                   uint32_t bytes);
void arriveAt(Cta &owner, Mbarrier &barrier, Warp &warp, int lane,
              uint32_t count);

/// "1 of 2 arrivals pending, 4096 bytes outstanding".
std::string describe(const Mbarrier &barrier);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_MBARRIER_H
