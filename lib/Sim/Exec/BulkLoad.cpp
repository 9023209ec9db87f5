//===- BulkLoad.cpp - bulk copies into shared memory ----------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The destination belongs to the copy from its issue on, and then to those who
// have waited for the phase of the mbarrier. The issue has to be ordered after
// all that was done to the destination before.
//
//===----------------------------------------------------------------------===//

#include "Bulk.h"
#include "Mbarrier.h"

using namespace attn::sim;

namespace {
/// One CTA that the copy lands in.
struct Destination {
  Cta *cta = nullptr;
  Mbarrier *mbarrier = nullptr;
};

/// The CTAs of a load. `own` is the one that the operands name.
bool findTargets(Warp &warp, const Inst &inst, const BulkOperands &operands,
                 unsigned lane, Cta *own, std::vector<Cta *> &targets) {
  if (!(inst.flags & BulkMulticast)) {
    targets.push_back(own);
    return true;
  }
  Cluster &cluster = warp.cta->cluster;
  if (warp.poison(operands.multicast) >> lane & 1) {
    warp.reportPoison(1u << lane, "the mask of a multicast");
    return false;
  }
  uint32_t mask = warp.source(operands.multicast)[lane] & 0xffff;
  if (!mask || mask >> cluster.ctas.size()) {
    warp.report(Hazard::InvalidOperand, int(lane),
                "multicast to CTAs " + std::to_string(mask) +
                    " (a bit mask) of a cluster of " +
                    std::to_string(cluster.ctas.size()));
    return false;
  }
  for (unsigned rank = 0; rank < cluster.ctas.size(); ++rank)
    if (mask >> rank & 1)
      targets.push_back(cluster.ctas[rank].get());
  return true;
}

/// Judges the write and leaves the destination to the copy.
void claim(Warp &warp, const Inst &inst, unsigned lane, Cta &target,
           Mbarrier &barrier, const BulkCopy &copy) {
  uint32_t at = copy.sharedOffset;
  std::string place = target.sharedName(at);
  if (const Mbarrier *inside = target.mbarriers.overlapping(at, copy.bytes))
    warp.report(Hazard::MbarrierMisuse, int(lane),
                "bulk copy over the bytes of a live mbarrier",
                target.sharedName(inside->offset));
  if (const AsyncReads *reads = target.asyncProxy.reader(at, copy.bytes))
    warp.report(Hazard::OverwrittenOperand, int(lane),
                "bulk copy into bytes that the asynchronous operation at " +
                    target.lineOf(reads->pc) + " is still reading",
                place);
  if (const SharedMemory::Copy *other =
          target.shared.unfinished(at, copy.bytes))
    warp.report(Hazard::CopyOverlap, int(lane),
                "destination is still being written by the cp.async of " +
                    target.cluster.warpName(other->warp) + " at " +
                    target.lineOf(other->pc),
                place);
  Stamp stamp{barrier.agent, anyLane, barrier.phaseTime(), inst.pc, 0, false};
  Conflict conflict = target.shared.races.writeAs(
      at, copy.bytes, warp.accessor(inst, lane), stamp, target.clocks);
  bool isAgent = conflict.warp >= target.clocks.numWarps();
  if (conflict.found && conflict.write && isAgent)
    warp.report(Hazard::CopyOverlap, int(lane),
                "destination of the bulk copy at " +
                    target.lineOf(conflict.pc) +
                    ", whose mbarrier this thread has not waited for",
                place);
  else if (conflict.found)
    reportRace(warp, Hazard::SharedRace, lane, true, conflict, place);
  checkPublished(warp, lane, target, {at, copy.bytes});
  target.asyncProxy.noteAsyncWrite(at, copy.bytes);
  ++target.shared.epoch;
  std::memset(&target.shared.data[at], 0xff, copy.bytes);
  std::memset(&target.shared.init[at], 0, copy.bytes);
  barrier.copyPhase = barrier.phaseTime();
  barrier.copyPc = inst.pc;
}

/// Finds the CTAs and their barriers; false after a report.
bool locate(Warp &warp, const Inst &inst, const BulkOperands &operands,
            unsigned lane, BulkCopy &copy,
            std::vector<Destination> &destinations) {
  uint64_t shared, mbarrier;
  if (!readBulkAddress(warp, operands.shared, lane, shared) ||
      !readBulkAddress(warp, operands.mbarrier, lane, mbarrier))
    return false;
  Cta *own = warp.cta, *mbarrierOwner = warp.cta;
  if (!(inst.flags & BulkOwnShared)) {
    own = resolveCluster(warp, lane, shared);
    mbarrierOwner = resolveCluster(warp, lane, mbarrier);
  }
  if (!own || !mbarrierOwner)
    return false;
  if (own != mbarrierOwner) {
    warp.report(Hazard::InvalidOperand, int(lane),
                "destination and mbarrier lie in different CTAs");
    return false;
  }
  std::vector<Cta *> targets;
  if (!checkBulkPlace(warp, lane, *own, shared - sharedBase, copy) ||
      !findTargets(warp, inst, operands, lane, own, targets))
    return false;
  copy.sharedOffset = uint32_t(shared - sharedBase);
  for (Cta *target : targets) {
    Mbarrier *barrier = locateMbarrier(warp, lane, *target, mbarrier);
    if (!barrier)
      return false;
    destinations.push_back({target, barrier});
  }
  return true;
}
} // namespace

void attn::sim::execBulkLoad(Warp &warp, const Inst &inst, uint32_t mask) {
  BulkOperands operands = BulkOperands::of(warp, inst);
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    BulkCopy copy;
    std::vector<Destination> destinations;
    if (!readBulkCopy(warp, inst, operands, lane, copy) ||
        !locate(warp, inst, operands, lane, copy, destinations) || !copy.bytes)
      continue;
    const Mbarrier &first = *destinations[0].mbarrier;
    Stamp stamp{first.agent, anyLane, first.phaseTime(), inst.pc, 0, false};
    accessBulkGlobal(warp, inst, lane, copy, stamp, AccessKind::Read);
    for (const Destination &to : destinations) {
      to.cta->checkAlive(warp);
      claim(warp, inst, lane, *to.cta, *to.mbarrier, copy);
    }
    for (const Destination &to : destinations) {
      AsyncEvent event;
      event.kind = AsyncEvent::Load;
      event.lane = uint8_t(lane);
      event.warp = &warp;
      event.pc = inst.pc;
      event.target = to.cta;
      event.mbarrier = to.mbarrier->offset;
      event.phase = to.mbarrier->phase;
      event.copy = copy;
      warp.cta->cluster.issue(std::move(event));
    }
  }
  warp.yield = true;
}
