//===- WarpGroup.cpp - four warps that execute wgmma together -------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WarpGroup.h"

#include "Cta.h"
#include "Exec/Wgmma.h"

using namespace attn::sim;

/// nullptr when the steps are the same.
static const char *difference(const WgmmaStep &a, const WgmmaStep &b) {
  if (a.a != b.a)
    return "the descriptor of A is not the same";
  if (a.b != b.b)
    return "the descriptor of B is not the same";
  if (a.accumulate != b.accumulate)
    return "scale-d is not the same";
  return nullptr;
}

WgmmaStep *WarpGroup::record(Warp &warp, const WgmmaStep &step) {
  unsigned self = warp.index % 4;
  uint64_t number = counts[self]++;
  if (number - first == steps.size()) {
    for (unsigned other = 0; other < 4; ++other)
      if (ended[other]) {
        warp.report(Hazard::DivergentWarpGroup, -1,
                    "warp " + std::to_string(warp.index - self + other) +
                        " of the warp group has ended without executing this");
        return nullptr;
      }
    steps.push_back(step);
    return &steps.back();
  }
  WgmmaStep &other = at(number);
  if (other.pc != step.pc) {
    int line = warp.program->code[other.pc].line;
    warp.report(Hazard::DivergentWarpGroup, -1,
                "another warp of the warp group executed line " +
                    std::to_string(line) + " instead");
    return nullptr;
  }
  if (const char *what = difference(other, step)) {
    warp.report(Hazard::DivergentWarpGroup, -1,
                std::string(what) + " in all warps of the warp group");
    return nullptr;
  }
  return &other;
}

void WarpGroup::issue(Warp &warp, WgmmaStep &step) {
  uint64_t number = counts[warp.index % 4] - 1;
  warp.wgmmas.pending.push_back(
      {number, warp.wgmmas.committedGroups, warp.currentPc});
  if (!allHaveIssued(number))
    return;
  if (warp.cta->launch.options.timing == Timing::Earliest) {
    executeWgmma(*warp.cta, warp.index / 4 * 4, step);
    step.done = true;
  }
  resumeOthers(warp);
}

size_t WarpGroup::numCovered(const Warp &warp, uint32_t keep) const {
  const WgmmaQueue &queue = warp.wgmmas;
  size_t covered = 0;
  while (covered < queue.pending.size() &&
         uint64_t(queue.pending[covered].group) + keep < queue.committedGroups)
    ++covered;
  return covered;
}

/// False when another warp has not issued all that the wait covers.
bool WarpGroup::tryWait(Warp &warp, uint32_t keep) {
  Cta &cta = *warp.cta;
  std::vector<PendingWgmma> &pending = warp.wgmmas.pending;
  size_t covered = numCovered(warp, keep);
  if (!covered)
    return true;
  if (!allHaveIssued(pending[covered - 1].step))
    return false;
  for (size_t i = 0; i < covered; ++i) {
    WgmmaStep &step = at(pending[i].step);
    if (!step.done)
      executeWgmma(cta, warp.index / 4 * 4, step);
    step.done = true;
    // Reads of one warp end in their order, so the last one speaks for all,
    // unless this is the wait that ends them.
    if (!step.waits++ || i + 1 == covered)
      for (const AsyncReadsHandle &reads : step.reads)
        if (reads)
          endAsyncReads(warp, reads);
    warp.fragments.complete(warp, warp.program->code[pending[i].pc]);
  }
  pending.erase(pending.begin(), pending.begin() + ptrdiff_t(covered));
  dropFinishedSteps();
  return true;
}

void WarpGroup::wait(Warp &warp, uint32_t keep) {
  if (!tryWait(warp, keep)) {
    warp.state = Warp::State::AtWarpGroup;
    warp.wgmmas.keptGroups = keep;
  }
  warp.yield = true;
}

void WarpGroup::resumeOthers(Warp &warp) {
  unsigned base = warp.index / 4 * 4;
  for (unsigned i = base; i < base + 4; ++i) {
    Warp &other = *warp.cta->warps[i];
    if (other.state == Warp::State::AtWarpGroup &&
        tryWait(other, other.wgmmas.keptGroups))
      other.state = Warp::State::Ready;
  }
}

void WarpGroup::dropFinishedSteps() {
  while (!steps.empty() && allHaveIssued(first) &&
         (!steps.front().isMultiply || steps.front().waits == 4)) {
    steps.pop_front();
    ++first;
  }
}

void WarpGroup::finish(Warp &warp) {
  unsigned self = warp.index % 4;
  uint32_t here = warp.currentPc;
  ended[self] = true;
  for (const PendingWgmma &wgmma : warp.wgmmas.pending) {
    warp.currentPc = wgmma.pc;
    warp.report(Hazard::UnwaitedWgmma, -1,
                wgmma.group < warp.wgmmas.committedGroups
                    ? "warp ends without waiting for this wgmma"
                    : "warp ends without committing this wgmma");
  }
  if (counts[self] - first < steps.size()) {
    warp.currentPc = at(counts[self]).pc;
    warp.report(Hazard::DivergentWarpGroup, -1,
                "warp ends without executing this, which another warp of the "
                "warp group did");
  }
  warp.currentPc = here;
}

WarpGroup &WarpGroups::of(const Warp &warp) { return groups[warp.index / 4]; }
