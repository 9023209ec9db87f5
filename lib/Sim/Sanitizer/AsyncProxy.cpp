//===- AsyncProxy.cpp - shared memory and the async proxy -----------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AsyncProxy.h"

#include "../Exec/Access.h"

using namespace attn::sim;

static constexpr unsigned granuleShift = 4;

void AsyncProxy::reset(uint32_t bytes, bool enabled) {
  on = enabled;
  numPinned = 0;
  active.clear();
  size_t granules = on ? (bytes >> granuleShift) + 1 : 0;
  writers.assign(granules, Writer());
  pins.assign(granules, 0);
  for (auto &list : unfenced)
    list.clear();
}

void AsyncProxy::noteGenericWrite(uint32_t offset, uint32_t bytes,
                                  const Accessor &who) {
  if (who.warp >= unfenced.size())
    unfenced.resize(who.warp + 1);
  auto &list = unfenced[who.warp];
  for (uint32_t g = offset >> granuleShift;
       g <= (offset + bytes - 1) >> granuleShift; ++g) {
    Writer &w = writers[g];
    bool listed = w.written && !w.fenced && w.warp == who.warp;
    w = {who.pc, 0, uint16_t(who.warp), uint8_t(who.lane), true};
    if (!listed)
      list.push_back(g);
  }
}

void AsyncProxy::noteAsyncWrite(uint32_t offset, uint32_t bytes) {
  if (!bytes)
    return;
  uint32_t first = offset >> granuleShift;
  uint32_t last = (offset + bytes - 1) >> granuleShift;
  std::fill(&writers[first], &writers[last] + 1, Writer());
}

void AsyncProxy::fence(unsigned warp, uint32_t lanes, bool whole,
                       uint32_t time) {
  if (warp >= unfenced.size())
    return;
  auto &list = unfenced[warp];
  size_t kept = 0;
  for (uint32_t g : list) {
    Writer &w = writers[g];
    if (!w.written || w.warp != warp || w.fenced)
      continue; // somebody else has written it since
    // What the whole warp wrote needs the whole warp's fence.
    bool covered = w.lane < 32 ? lanes >> w.lane & 1 : whole;
    if (covered)
      w.fenced = time;
    else
      list[kept++] = g;
  }
  list.resize(kept);
}

void AsyncProxy::pin(const AsyncReadsHandle &reads) {
  for (const SharedRange &range : reads->ranges)
    for (uint32_t g = range.offset >> granuleShift;
         g <= (range.offset + range.bytes - 1) >> granuleShift; ++g)
      numPinned += pins[g]++ == 0;
  active.push_back(reads);
}

void AsyncProxy::unpin(const AsyncReads &reads) {
  for (const SharedRange &range : reads.ranges)
    for (uint32_t g = range.offset >> granuleShift;
         g <= (range.offset + range.bytes - 1) >> granuleShift; ++g)
      numPinned -= --pins[g] == 0;
  for (size_t i = 0; i < active.size(); ++i)
    if (active[i].get() == &reads) {
      active.erase(active.begin() + std::ptrdiff_t(i));
      return;
    }
}

const AsyncReads *AsyncProxy::findReader(uint32_t offset,
                                         uint32_t bytes) const {
  bool pinned = false;
  for (uint32_t g = offset >> granuleShift;
       g <= (offset + bytes - 1) >> granuleShift; ++g)
    pinned |= pins[g] != 0;
  if (!pinned)
    return nullptr;
  for (const AsyncReadsHandle &reads : active)
    for (const SharedRange &range : reads->ranges)
      if (offset < range.offset + range.bytes && range.offset < offset + bytes)
        return reads.get();
  return nullptr; // another part of the granule
}

void attn::sim::checkPublished(Warp &warp, unsigned lane, const Cta &owner,
                               const SharedRange &range) {
  const Clocks &clocks = owner.clocks;
  for (uint32_t g = range.offset >> granuleShift;
       g <= (range.offset + range.bytes - 1) >> granuleShift; ++g) {
    const AsyncProxy::Writer &w = owner.asyncProxy.writer(g);
    if (!w.written)
      continue;
    // Whether the write itself is ordered is a matter of races.
    if (w.fenced &&
        (w.warp == warp.clock ||
         clocks.ordered(w.warp, w.lane, w.fenced, warp.clock, lane)))
      continue;
    std::string message =
        "the write of " + owner.cluster.warpName(w.warp) + " at " +
        owner.lineOf(w.pc) +
        (w.fenced ? " is fenced, but the fence.proxy.async is not ordered "
                    "before this: a barrier after the fence is missing"
                  : " is not visible to the async proxy: a fence.proxy.async "
                    "of the writing thread is missing");
    warp.report(Hazard::UnpublishedWrite, lane < 32 ? int(lane) : -1,
                std::move(message), owner.sharedName(g << granuleShift));
    return;
  }
}

namespace {
/// False when the range cannot be read at all.
bool checkRange(Warp &warp, const Inst &inst, unsigned lane,
                const SharedRange &range) {
  Cta &cta = *warp.cta;
  int reportLane = lane < 32 ? int(lane) : -1;
  if (!range.bytes)
    return true;
  if (!cta.shared.contains(range.offset, range.bytes)) {
    warp.report(Hazard::OutOfBounds, reportLane,
                "asynchronous read of [" + std::to_string(range.offset) + ", " +
                    std::to_string(uint64_t(range.offset) + range.bytes) +
                    ") in shared memory of " + std::to_string(cta.shared.size) +
                    " bytes",
                "shared");
    return false;
  }
  if (const Mbarrier *barrier =
          cta.mbarriers.overlapping(range.offset, range.bytes))
    warp.report(Hazard::MbarrierMisuse, reportLane,
                "asynchronous read of the bytes of a live mbarrier",
                cta.sharedName(barrier->offset));
  if (const SharedMemory::Copy *copy =
          cta.shared.unfinished(range.offset, range.bytes))
    warp.report(Hazard::UnfinishedCopy, reportLane,
                "asynchronous read of bytes that the cp.async of " +
                    cta.cluster.warpName(copy->warp) + " at " +
                    cta.lineOf(copy->pc) + " has not finished writing",
                cta.sharedName(range.offset));
  Accessor who = warp.accessor(inst, lane);
  Conflict conflict = cta.shared.races.checkRead(range.offset, range.bytes, who,
                                                 cta.cluster.clocks);
  if (conflict.found)
    reportRace(warp, Hazard::SharedRace, lane, false, conflict,
               cta.sharedName(range.offset));
  checkPublished(warp, lane, cta, range);
  return true;
}
} // namespace

AsyncReadsHandle
attn::sim::beginAsyncReads(Warp &warp, const Inst &inst, unsigned lane,
                           const std::vector<SharedRange> &ranges,
                           AsyncAgent &agent) {
  Cta &cta = *warp.cta;
  if (!agent.column)
    agent.column = cta.cluster.clocks.addAgent();
  for (const SharedRange &range : ranges)
    if (!checkRange(warp, inst, lane, range))
      return nullptr;
  auto reads = std::make_shared<AsyncReads>();
  for (const SharedRange &range : ranges)
    if (range.bytes)
      reads->ranges.push_back(range);
  reads->pc = inst.pc;
  reads->column = agent.column;
  reads->time = ++agent.issued;
  cta.asyncProxy.pin(reads);
  return reads;
}

void attn::sim::endAsyncReads(Warp &warp, uint32_t lanes,
                              const AsyncReadsHandle &reads) {
  if (!reads)
    return;
  Cta &cta = *warp.cta;
  cta.cluster.clocks.learn(warp.clock, lanes, lanes == warp.liveLanes(),
                           reads->column, reads->time);
  if (reads->ended)
    return;
  reads->ended = true;
  for (const SharedRange &range : reads->ranges)
    cta.shared.races.recordRead(range.offset, range.bytes, reads->column,
                                reads->time, reads->pc);
  cta.asyncProxy.unpin(*reads);
}

void attn::sim::endAsyncReads(Warp &warp, const AsyncReadsHandle &reads) {
  endAsyncReads(warp, warp.liveLanes(), reads);
}
