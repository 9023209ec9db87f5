//===- WarpGroup.h - four warps that execute wgmma together -----*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The warps of a warp group are scheduled independently. What they do with
// wgmma is a sequence of steps, the same for all four; a step that differs is a
// finding that ends the launch. One wgmma works for all four warps: it cannot
// have ended before the last of them has issued it, and when the wait of one
// returns it has ended for all.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_WARPGROUP_H
#define ATTN_LIB_SIM_WARPGROUP_H

#include "Sanitizer/AsyncProxy.h"

#include <cstdint>
#include <deque>
#include <vector>

namespace attn::sim {

class Cta;
class Warp;

/// A mma_async, fence, commit_group or wait_group.
struct WgmmaStep {
  uint32_t pc = 0;
  // Of mma_async; descriptors are 0 where there is none.
  uint64_t a = 0, b = 0;
  bool accumulate = false; ///< scale-d
  bool isMultiply = false;

  bool done = false;         ///< the accumulators have been written
  unsigned waits = 0;        ///< warps whose wait has covered it
  AsyncReadsHandle reads[4]; ///< what each warp reads, or null
};

/// A mma_async that no wait of the warp has covered.
struct PendingWgmma {
  uint64_t step = 0;
  uint32_t group = 0, pc = 0;
};

/// The mma_asyncs of a warp in flight, in the order of their issue.
struct WgmmaQueue {
  std::vector<PendingWgmma> pending;
  uint32_t committedGroups = 0;
  /// What the wait_group keeps that the warp is blocked in.
  uint32_t keptGroups = 0;

  void reset() {
    pending.clear();
    committedGroups = 0;
  }
};

class WarpGroup {
public:
  /// Adds the next step of `warp`, compared with those of the others. Nullptr
  /// when it differs.
  WgmmaStep *record(Warp &warp, const WgmmaStep &step);

  /// Puts the step that was recorded last by `warp` in flight for it.
  void issue(Warp &warp, WgmmaStep &step);
  /// Ends all but the newest `keep` groups of the warp, or blocks it until the
  /// other warps have come so far.
  void wait(Warp &warp, uint32_t keep);
  /// Reports what the warp leaves behind at its end.
  void finish(Warp &warp);

  AsyncAgent agents[4]; ///< one for each warp

private:
  bool allHaveIssued(uint64_t step) const {
    return counts[0] > step && counts[1] > step && counts[2] > step &&
           counts[3] > step;
  }
  WgmmaStep &at(uint64_t step) { return steps[step - first]; }
  size_t numCovered(const Warp &warp, uint32_t keep) const;
  bool tryWait(Warp &warp, uint32_t keep);
  void resumeOthers(Warp &warp);
  void dropFinishedSteps();

  std::deque<WgmmaStep> steps; ///< those that some warp still needs
  uint64_t first = 0;          ///< number of steps.front()
  uint64_t counts[4] = {};     ///< steps so far, by warp
  bool ended[4] = {};
};

/// Those of one CTA.
class WarpGroups {
public:
  void reset(unsigned numWarps) {
    groups.assign((numWarps + 3) / 4, WarpGroup());
  }
  WarpGroup &of(const Warp &warp);

private:
  std::vector<WarpGroup> groups;
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_WARPGROUP_H
