//===- SharedRaces.h - races in shared memory -------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For each granule: the last write, and the last read of each warp. Granules
// have the size of the narrowest access of the program, so that neighbouring
// half-words do not accuse each other.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_SANITIZER_SHAREDRACES_H
#define ATTN_LIB_SIM_SANITIZER_SHAREDRACES_H

#include "Clocks.h"

namespace attn::sim {

class SharedRaces {
public:
  void reset(size_t bytes, unsigned granuleShift, unsigned numWarps) {
    shift = granuleShift;
    granules = (bytes >> shift) + 1;
    warps = numWarps;
    writes.assign(granules, Write());
    reads.assign(granules * warps, Read());
  }

  /// Records a read of [offset, offset + bytes), relative to the window.
  Conflict read(uint32_t offset, uint32_t bytes, const Accessor &who,
                const Clocks &clocks) {
    Conflict conflict;
    uint32_t now = clocks.time(who.warp);
    Read *mine = &reads[who.warp * granules];
    for (uint32_t g = offset >> shift; g <= (offset + bytes - 1) >> shift;
         ++g) {
      const Write &w = writes[g];
      if (w.time && !(who.strong && w.strong) &&
          !clocks.ordered(w.warp, w.lane, w.time, who.warp, who.lane))
        conflict = Conflict::with(true, w.warp, w.lane, w.pc);
      Read &r = mine[g];
      bool shared = r.time == now && r.lane != who.lane;
      r = {now, who.pc, uint8_t(shared ? 32 : who.lane),
           who.strong && (r.strong || r.time != now)};
    }
    return conflict;
  }

  /// Records a write.
  Conflict write(uint32_t offset, uint32_t bytes, const Accessor &who,
                 const Clocks &clocks) {
    Conflict conflict;
    uint32_t now = clocks.time(who.warp);
    for (uint32_t g = offset >> shift; g <= (offset + bytes - 1) >> shift;
         ++g) {
      Write &w = writes[g];
      if (w.time && w.warp == who.warp && w.instant == who.instant)
        conflict.sameInstruction |= w.lane != who.lane;
      else if (w.time && !(who.strong && w.strong) &&
               !clocks.ordered(w.warp, w.lane, w.time, who.warp, who.lane))
        conflict = Conflict::with(true, w.warp, w.lane, w.pc);
      for (unsigned v = 0; v < warps; ++v) {
        const Read &r = reads[v * granules + g];
        if (r.time && !(who.strong && r.strong) &&
            !clocks.ordered(v, r.lane, r.time, who.warp, who.lane))
          conflict = Conflict::with(false, v, r.lane, r.pc);
      }
      w = {now,       who.pc, who.instant, uint8_t(who.warp), uint8_t(who.lane),
           who.strong};
    }
    return conflict;
  }

private:
  struct Write {
    uint32_t time = 0; ///< 0: never written
    uint32_t pc = 0, instant = 0;
    uint8_t warp = 0, lane = 0;
    bool strong = false;
  };
  struct Read {
    uint32_t time = 0, pc = 0;
    uint8_t lane = 0;
    bool strong = false;
  };

  unsigned shift = 2, warps = 0;
  size_t granules = 0;
  std::vector<Write> writes;
  std::vector<Read> reads; ///< warp-major: a warp reads neighbours
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_SANITIZER_SHAREDRACES_H
