//===- Mbarrier.cpp - mbarrier objects of one CTA -------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mbarrier.h"

#include "Cluster.h"

using namespace attn::sim;

Mbarrier *Mbarriers::find(uint32_t offset) {
  for (Mbarrier &barrier : list)
    if (barrier.offset == offset && barrier.live)
      return &barrier;
  return nullptr;
}

Mbarrier &Mbarriers::create(uint32_t offset, Clocks &clocks) {
  Mbarrier fresh;
  fresh.offset = offset;
  fresh.live = true;
  low = std::min(low, offset);
  high = std::max(high, offset + 8);
  for (Mbarrier &barrier : list)
    if (barrier.offset == offset) {
      fresh.agent = barrier.agent;
      // Copies of the last life may belong to the phase it did not end.
      fresh.base = barrier.phaseTime();
      return barrier = fresh;
    }
  fresh.agent = clocks.addAgent();
  return list.emplace_back(fresh);
}

const Mbarrier *Mbarriers::search(uint32_t offset, uint32_t bytes) const {
  for (const Mbarrier &barrier : list)
    if (barrier.live && offset < barrier.offset + 8 &&
        offset + bytes > barrier.offset)
      return &barrier;
  return nullptr;
}

std::string attn::sim::describe(const Mbarrier &barrier) {
  return std::to_string(barrier.pending) + " of " +
         std::to_string(barrier.expected) + " arrivals pending, " +
         std::to_string(barrier.outstanding) + " bytes outstanding";
}

/// Copies of the phase that ends have to be counted in it.
static void checkCopies(Cta &owner, const Mbarrier &barrier) {
  for (const AsyncEvent &event : owner.cluster.events)
    if (event.kind == AsyncEvent::Load && event.target == &owner &&
        event.mbarrier == barrier.offset && event.phase == barrier.phase)
      event.warp->cta->reportAt(
          Hazard::MbarrierMisuse, *event.warp, event.pc, event.lane,
          "phase " + std::to_string(barrier.phase) +
              " of the mbarrier ends before this copy has arrived: it expects "
              "too few bytes",
          owner.sharedName(barrier.offset));
}

static void endPhase(Cta &owner, Mbarrier &barrier) {
  if (barrier.pending || barrier.outstanding)
    return;
  checkCopies(owner, barrier);
  ++barrier.phase;
  barrier.seen = false;
  barrier.pending = barrier.expected;
  barrier.ended.resize(std::max(barrier.ended.size(), barrier.arriving.size()));
  for (size_t v = 0; v < barrier.arriving.size(); ++v)
    barrier.ended[v].join(barrier.arriving[v]);
  barrier.arriving.clear();
  for (auto &warp : owner.warps)
    if (warp->state == Warp::State::AtMbarrier &&
        warp->waitOffset == barrier.offset)
      warp->state = Warp::State::Ready;
}

static void addBytes(Cta &owner, Mbarrier &barrier, Warp &warp, int lane,
                     int64_t bytes) {
  int64_t sum = barrier.outstanding + bytes;
  owner.cluster.noteProgress();
  if (sum > Mbarrier::maxCount || sum < -int64_t(Mbarrier::maxCount))
    warp.report(Hazard::MbarrierMisuse, lane,
                "transaction count of the mbarrier leaves its range: " +
                    std::to_string(sum) + " bytes",
                owner.sharedName(barrier.offset));
  barrier.outstanding = sum;
}

void attn::sim::expectBytes(Cta &owner, Mbarrier &barrier, Warp &warp, int lane,
                            uint32_t bytes) {
  addBytes(owner, barrier, warp, lane, bytes);
}

void attn::sim::completeBytes(Cta &owner, Mbarrier &barrier, Warp &warp,
                              int lane, uint32_t bytes) {
  addBytes(owner, barrier, warp, lane, -int64_t(bytes));
  endPhase(owner, barrier);
}

void attn::sim::arriveAt(Cta &owner, Mbarrier &barrier, Warp &warp, int lane,
                         uint32_t count) {
  owner.cluster.noteProgress();
  if (!count || count > barrier.pending) {
    warp.report(Hazard::MbarrierMisuse, lane,
                "count of " + std::to_string(count) + ", but " +
                    std::to_string(barrier.pending) + " of " +
                    std::to_string(barrier.expected) +
                    " arrivals are pending in phase " +
                    std::to_string(barrier.phase),
                owner.sharedName(barrier.offset));
    return;
  }
  if (barrier.phase && !barrier.seen)
    warp.report(Hazard::MbarrierMisuse, lane,
                "arrives in phase " + std::to_string(barrier.phase) +
                    ", but no wait has seen the end of phase " +
                    std::to_string(barrier.phase - 1) + " yet",
                owner.sharedName(barrier.offset));
  barrier.pending -= count;
  endPhase(owner, barrier);
}
