//===- Clocks.h - what happened before what ---------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each warp has a time that starts at 1 and advances whenever it synchronises
// (bar.*, bar.warp.sync). An access is stamped with warp, lane and time.
//   - Between warps: barriers publish and collect vector clocks; an access of
//     warp v at time t is ordered before warp w's present when t <= known(w,v).
//   - Inside a warp: lanes are ordered only by a synchronisation of the warp,
//     so an earlier access of another lane must have an earlier time.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_SANITIZER_CLOCKS_H
#define ATTN_LIB_SIM_SANITIZER_CLOCKS_H

#include <algorithm>
#include <cstdint>
#include <vector>

namespace attn::sim {

class Clocks {
public:
  void reset(unsigned numWarps) {
    warps = numWarps;
    times.assign(numWarps, 1);
    table.assign(size_t(numWarps) * numWarps, 0);
  }

  unsigned numWarps() const { return warps; }
  uint32_t time(unsigned warp) const { return times[warp]; }

  /// A synchronisation among the lanes of one warp.
  void syncWarp(unsigned warp) { ++times[warp]; }

  /// Adds what `warp` has done and knows to `published`, and starts a new time.
  void release(unsigned warp, std::vector<uint32_t> &published) {
    published.resize(warps, 0);
    for (unsigned v = 0; v < warps; ++v)
      published[v] = std::max(published[v], table[warp * warps + v]);
    published[warp] = std::max(published[warp], times[warp]);
    ++times[warp];
  }

  void acquire(unsigned warp, const std::vector<uint32_t> &published) {
    for (unsigned v = 0; v < warps && v < published.size(); ++v) {
      uint32_t &known = table[warp * warps + v];
      known = std::max(known, published[v]);
    }
  }

  /// Is the access (warp `from`, lane `fromLane`, `time`) ordered before what
  /// lane `lane` of `warp` does now? Lane 32 stands for several lanes.
  bool ordered(unsigned from, unsigned fromLane, uint32_t time, unsigned warp,
               unsigned lane) const {
    if (from == warp)
      return time < times[warp] || (fromLane == lane && lane < 32);
    return time <= table[warp * warps + from];
  }

private:
  unsigned warps = 0;
  std::vector<uint32_t> times;
  std::vector<uint32_t> table; ///< known(w, v) at w * warps + v
};

/// Who makes an access.
struct Accessor {
  unsigned warp = 0;
  unsigned lane = 0; ///< 32: several lanes
  uint32_t pc = 0;
  uint32_t instant = 0; ///< number of the executed instruction of the warp
  bool strong = false;  ///< atomic or volatile: no race with its like
};

/// The earlier half of a race.
struct Conflict {
  bool found = false;
  bool write = false; ///< the earlier access was a write
  /// Another lane wrote here in the same instruction: a race only if the
  /// values differ, which the caller knows.
  bool sameInstruction = false;
  unsigned warp = 0, lane = 0;
  uint32_t pc = 0;

  static Conflict with(bool write, unsigned warp, unsigned lane, uint32_t pc) {
    Conflict c;
    c.found = true;
    c.write = write;
    c.warp = warp;
    c.lane = lane;
    c.pc = pc;
    return c;
  }
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_SANITIZER_CLOCKS_H
