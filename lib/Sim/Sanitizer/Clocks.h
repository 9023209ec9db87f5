//===- Clocks.h - what happened before what ---------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each warp has a time that starts at 1 and advances whenever it synchronises.
// An access is stamped with warp, lane and time.
//   - Between warps: barriers publish and collect vector clocks; an access of
//     warp v at time t is ordered before warp w's present when t <= known(w,v).
//   - Inside a warp: lanes are ordered only by a synchronisation of the warp
//     (bar.*, bar.warp.sync), so an earlier access of another lane must be
//     older than the last one, or known by a detour over an mbarrier.
//   - Lanes may synchronise alone, as one that arrives at an mbarrier or waits
//     for it. What is published then covers the others only up to the last
//     synchronisation of the warp, and what is learnt holds for these lanes.
// Asynchronous operations are no warp: each mbarrier, warp group or thread on
// whose behalf they run is an agent with a column of its own, whose time is the
// number of the phase or of the operation. A warp learns it by waiting.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_SANITIZER_CLOCKS_H
#define ATTN_LIB_SIM_SANITIZER_CLOCKS_H

#include <algorithm>
#include <cstdint>
#include <vector>

namespace attn::sim {

/// Lanes of accesses: 0 to 31, or one of these.
constexpr unsigned severalLanes = 32; ///< of one warp, each a part
constexpr unsigned anyLane = 33;      ///< every lane has seen the access end

/// What is known of one warp or agent.
struct Knowledge {
  uint32_t all = 0;   ///< accesses of all lanes up to this time
  uint32_t some = 0;  ///< accesses of `lanes` up to this time
  uint32_t lanes = 0; ///< 0 when `some` says nothing more than `all`

  bool covers(unsigned lane, uint32_t time) const {
    return time <= all ||
           (time <= some &&
            (lane < 32 ? lanes >> lane & 1 : lanes && lane == anyLane));
  }
  void join(const Knowledge &other) {
    all = std::max(all, other.all);
    // Lanes that came by different ways are taken together: that may hide a
    // race, but never invents one.
    some = std::max(some, other.some);
    lanes |= other.lanes;
    if (some <= all)
      lanes = 0;
  }
};

/// A vector clock on its way: by warp and agent.
using Published = std::vector<Knowledge>;

class Clocks {
public:
  void reset(unsigned numWarps) {
    warps = columns = numWarps;
    stride = numWarps + 32;
    times.assign(warps, 1);
    synced.assign(warps, 1);
    table.assign(size_t(warps) * stride, Knowledge());
    partial.assign(warps, Partial());
  }

  unsigned numWarps() const { return warps; }
  uint32_t time(unsigned warp) const { return times[warp]; }

  uint16_t addAgent() {
    if (columns == stride)
      widen();
    return uint16_t(columns++);
  }

  /// All lanes of one warp meet.
  void syncWarp(unsigned warp) {
    synced[warp] = ++times[warp];
    if (!partial[warp].lanes)
      return;
    joinInto(&table[warp * stride], partial[warp].known);
    partial[warp] = Partial();
  }

  /// Adds what `lanes` of `warp` have done and know to `published`, and starts
  /// a new time. `whole`: these are all lanes that live.
  void release(unsigned warp, uint32_t lanes, bool whole,
               Published &published) {
    publish(warp, lanes, whole, published);
    ++times[warp];
  }
  /// A release of the whole warp that its lanes meet at.
  void releaseWarp(unsigned warp, Published &published) {
    publish(warp, ~0u, true, published);
    syncWarp(warp);
  }

  void acquire(unsigned warp, uint32_t lanes, bool whole,
               const Published &published) {
    if (whole)
      return joinInto(&table[warp * stride], published);
    Partial &p = partial[warp];
    p.lanes |= lanes;
    p.known.resize(std::max(p.known.size(), published.size()));
    joinInto(p.known.data(), published);
  }
  void acquireWarp(unsigned warp, const Published &published) {
    acquire(warp, ~0u, true, published);
  }
  /// `lanes` of `warp` have seen the operations of an agent up to `time`.
  void learn(unsigned warp, uint32_t lanes, bool whole, unsigned agent,
             uint32_t time) {
    if (whole) {
      uint32_t &known = table[warp * stride + agent].all;
      known = std::max(known, time);
      return;
    }
    Partial &p = partial[warp];
    p.lanes |= lanes;
    p.known.resize(std::max<size_t>(p.known.size(), agent + 1));
    p.known[agent].all = std::max(p.known[agent].all, time);
  }

  /// Is the access (warp or agent `from`, `fromLane`, `time`) ordered before
  /// what `lane` of `warp` does now?
  bool ordered(unsigned from, unsigned fromLane, uint32_t time, unsigned warp,
               unsigned lane) const {
    if (from == warp && (time < synced[warp] || fromLane == anyLane ||
                         (fromLane == lane && lane < 32)))
      return true;
    const Knowledge &known = table[warp * stride + from];
    return time <= known.all ||
           orderedByLane(known, from, fromLane, time, warp, lane);
  }

  /// Are all accesses of `from` up to `time` ordered before what any lane of
  /// `warp` does now? Cheap, and false when in doubt.
  bool allOrdered(unsigned from, uint32_t time, unsigned warp) const {
    return time <= table[warp * stride + from].all ||
           (from == warp && time < synced[warp]);
  }

  /// Does any lane of `warp` know something of `from` up to `time`?
  bool knows(unsigned warp, unsigned from, uint32_t time) const {
    const Knowledge &known = table[warp * stride + from];
    const Published &p = partial[warp].known;
    return from == warp || time <= known.all || time <= known.some ||
           (from < p.size() && (time <= p[from].all || time <= p[from].some));
  }

private:
  /// What some lanes have learnt since the warp last met.
  struct Partial {
    uint32_t lanes = 0;
    Published known;
  };

  static void joinInto(Knowledge *to, const Published &from) {
    for (size_t v = 0; v < from.size(); ++v)
      to[v].join(from[v]);
  }

  void publish(unsigned warp, uint32_t lanes, bool whole,
               Published &published) {
    published.resize(std::max<size_t>(published.size(), columns));
    for (unsigned v = 0; v < columns; ++v)
      published[v].join(table[warp * stride + v]);
    const Partial &p = partial[warp];
    if (p.lanes & lanes)
      joinInto(published.data(), p.known);
    Knowledge own;
    own.all = whole ? times[warp] : synced[warp] - 1;
    own.some = times[warp];
    own.lanes = lanes;
    published[warp].join(own);
  }

  bool orderedByLane(const Knowledge &known, unsigned from, unsigned fromLane,
                     uint32_t time, unsigned warp, unsigned lane) const {
    if (known.covers(fromLane, time))
      return true;
    const Partial &p = partial[warp];
    return lane < 32 && p.lanes >> lane & 1 && from < p.known.size() &&
           p.known[from].covers(fromLane, time);
  }

  void widen() {
    unsigned wider = stride * 2;
    std::vector<Knowledge> larger(size_t(warps) * wider);
    for (unsigned w = 0; w < warps; ++w)
      std::copy_n(&table[size_t(w) * stride], columns,
                  &larger[size_t(w) * wider]);
    table = std::move(larger);
    stride = wider;
  }

  unsigned warps = 0, columns = 0, stride = 0;
  std::vector<uint32_t> times;
  std::vector<uint32_t> synced; ///< time of the last meeting of all lanes
  std::vector<Knowledge> table; ///< known(w, v) at w * stride + v
  std::vector<Partial> partial; ///< by warp
};

/// Who makes an access.
struct Accessor {
  unsigned warp = 0; ///< of the clocks
  unsigned lane = 0;
  uint32_t pc = 0;
  uint32_t instant = 0; ///< number of the executed instruction of the warp
  bool strong = false;  ///< atomic or volatile: no race with its like
};

/// How an access is remembered: that of an agent outlives its issue.
struct Stamp {
  unsigned agent = 0; ///< warp or agent
  unsigned lane = 0;
  uint32_t time = 0, pc = 0;
  uint32_t instant = 0;
  bool strong = false;
};

/// The earlier half of a race.
struct Conflict {
  bool found = false;
  bool write = false; ///< the earlier access was a write
  /// Another lane wrote here in the same instruction: a race only if the
  /// values differ, which the caller knows.
  bool sameInstruction = false;
  unsigned warp = 0; ///< or agent
  unsigned lane = 0;
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
