//===- AsyncCopy.cpp - cp.async and its groups ----------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A copy is in flight from its issue to the wait of its thread that covers it.
// In between nobody may touch the destination, and its data moves at one end of
// that span: at the wait (Timing::Latest) or at the issue (Timing::Earliest).
// Both ends are legal, so a kernel that is right gives the same result.
//
//===----------------------------------------------------------------------===//

#include "AsyncCopy.h"

#include "Access.h"

using namespace attn::sim;

namespace {
/// Moves the bytes of a copy; the rest of the destination becomes zero.
void applyCopy(Warp &warp, const Inst &inst, const PendingCopy &copy) {
  SharedMemory &shared = warp.cta->shared;
  ++shared.epoch;
  uint8_t *data = &shared.data[copy.destination];
  uint8_t *init = &shared.init[copy.destination];
  std::memset(data, 0, copy.bytes);
  std::memset(init, 1, copy.bytes);
  if (!copy.sourceBytes)
    return;
  // The whole access was checked at the issue; this is its second end, where
  // a store to the source in between shows.
  Bytes from = accessGlobal(warp, inst, copy.lane, copy.source, copy.bytes,
                            AccessKind::Read, false);
  if (!from.data)
    return;
  std::memcpy(data, from.data, copy.sourceBytes);
  std::memcpy(init, from.init, copy.sourceBytes);
}

/// Ends one copy, whose data belongs to `owner` until that synchronises. Races
/// with what came before were judged at the issue.
void completeCopy(Warp &warp, const PendingCopy &copy, const Stamp &owner) {
  Cta &cta = *warp.cta;
  const Inst &inst = warp.program->code[copy.pc];
  uint32_t here = warp.currentPc;
  warp.currentPc = copy.pc; // findings name the copy
  if (cta.launch.options.timing == Timing::Latest)
    applyCopy(warp, inst, copy);
  cta.shared.finishCopy(copy.destination, copy.bytes);
  Accessor who = warp.accessor(inst, copy.lane);
  cta.shared.races.writeAs(copy.destination, copy.bytes, who, owner,
                           cta.clocks);
  if (cta.asyncProxy.enabled())
    cta.asyncProxy.noteGenericWrite(copy.destination, copy.bytes, who);
  warp.currentPc = here;
}

/// Completes the copies that `isDone` accepts.
template <class Predicate, class Owner>
void completeCopies(Warp &warp, Predicate isDone, Owner ownerOf) {
  size_t kept = 0;
  for (size_t i = 0; i < warp.copies.size(); ++i) {
    const PendingCopy copy = warp.copies[i];
    if (isDone(copy))
      completeCopy(warp, copy, ownerOf(copy));
    else
      warp.copies[kept++] = copy;
  }
  warp.copies.resize(kept);
}

/// Completes the copies of the lanes in `mask` whose group is older than all
/// but the newest `keep` groups of the lane.
void completeGroups(Warp &warp, uint32_t mask, bool all, uint32_t keep) {
  completeCopies(
      warp,
      [&](const PendingCopy &copy) {
        return (mask >> copy.lane & 1) &&
               (all ||
                uint64_t(copy.group) + keep < warp.committedGroups[copy.lane]);
      },
      [&](const PendingCopy &copy) {
        return Stamp{warp.clock,
                     copy.lane,
                     warp.cta->clocks.time(warp.clock),
                     copy.pc,
                     uint32_t(warp.executed),
                     false};
      });
}

/// Checks one lane's copy and puts it in flight.
void issueCopy(Warp &warp, const Inst &inst, int lane, PendingCopy copy) {
  Cta &cta = *warp.cta;
  if (const SharedMemory::Copy *other =
          cta.shared.unfinished(copy.destination, copy.bytes)) {
    warp.report(Hazard::CopyOverlap, lane,
                "destination is still being written by the cp.async of " +
                    cta.cluster.warpName(other->warp) + " at " +
                    cta.lineOf(other->pc),
                cta.sharedName(copy.destination));
  }
  Conflict conflict =
      cta.shared.races.write(copy.destination, copy.bytes,
                             warp.accessor(inst, unsigned(lane)), cta.clocks);
  if (conflict.found)
    reportRace(warp, Hazard::SharedRace, unsigned(lane), true, conflict,
               cta.sharedName(copy.destination));
  if (const AsyncReads *reads =
          cta.asyncProxy.reader(copy.destination, copy.bytes))
    warp.report(Hazard::OverwrittenOperand, lane,
                "copy into bytes that the asynchronous operation at " +
                    cta.lineOf(reads->pc) + " is still reading",
                cta.sharedName(copy.destination));
  if (cta.launch.options.timing == Timing::Earliest)
    applyCopy(warp, inst, copy);
  else if (copy.sourceBytes) // checks bounds and alignment now
    accessGlobal(warp, inst, unsigned(lane), copy.source, copy.bytes,
                 AccessKind::Read, false);
  cta.shared.startCopy(copy.destination, copy.bytes,
                       warp.accessor(inst, unsigned(lane)));
  copy.serial = ++warp.copySerial;
  warp.copies.push_back(copy);
}

/// a = destination, b = source, c = source size; `offset` belongs to a, and
/// the pool holds the halves of the offset of b.

void execCpAsync(Warp &warp, const Inst &inst, uint32_t mask) {
  Cta &cta = *warp.cta;
  const uint32_t *ops = warp.operands(inst);
  int64_t sourceOffset = int64_t(uint64_t(ops[1]) << 32 | ops[0]);
  uint64_t destination[32], source[32];
  computeAddresses(warp, inst, inst.a, inst.flags & addressIs32, inst.offset,
                   mask, destination);
  uint32_t sizePoison = warp.poison(inst.c) & mask;
  warp.reportPoison(sizePoison, "the size of a cp.async");
  mask &= ~sizePoison;
  const uint32_t *sizes = warp.source(inst.c);
  uint32_t reading = 0;
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    reading |= uint32_t(sizes[__builtin_ctz(rest)] != 0) << __builtin_ctz(rest);
  // A lane that reads nothing may have any source address.
  uint32_t readable = reading;
  computeAddresses(warp, inst, inst.b, false, sourceOffset, readable, source);
  mask &= ~(reading & ~readable);
  countShared(warp, inst, mask, destination, inst.width);
  uint32_t counted = 0;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    int lane = __builtin_ctz(rest);
    PendingCopy copy;
    copy.lane = uint8_t(lane);
    copy.bytes = inst.width;
    copy.pc = inst.pc;
    copy.source = source[lane];
    copy.group = warp.committedGroups[lane];
    if (sizes[lane] > inst.width) {
      warp.report(Hazard::InvalidOperand, lane,
                  "source size " + std::to_string(sizes[lane]) +
                      " is more than the copy size");
      continue;
    }
    copy.sourceBytes = uint8_t(sizes[lane]);
    uint64_t at = destination[lane] - sharedBase;
    if (destination[lane] < sharedBase ||
        !cta.shared.contains(at, inst.width)) {
      warp.report(Hazard::OutOfBounds, lane,
                  "destination of cp.async is outside of shared memory",
                  "shared");
      continue;
    }
    if (destination[lane] % inst.width) {
      warp.report(Hazard::Misaligned, lane,
                  "destination of cp.async is no multiple of " +
                      std::to_string(inst.width));
      continue;
    }
    copy.destination = uint32_t(at);
    if (copy.sourceBytes == inst.width)
      counted |= 1u << lane;
    else if (copy.sourceBytes)
      countGlobal(warp, 1u << lane, source, copy.sourceBytes, AccessKind::Read);
    issueCopy(warp, inst, lane, copy);
  }
  countGlobal(warp, counted, source, inst.width, AccessKind::Read);
}

void execCommit(Warp &warp, const Inst &, uint32_t mask) {
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    ++warp.committedGroups[__builtin_ctz(rest)];
}

void execWaitGroup(Warp &warp, const Inst &inst, uint32_t mask) {
  completeGroups(warp, mask, false, uint32_t(inst.offset));
  warp.yield = true;
}

void execWaitAll(Warp &warp, const Inst &, uint32_t mask) {
  execCommit(warp, Inst(), mask);
  completeGroups(warp, mask, true, 0);
  warp.yield = true;
}

bool decodeGroup(DecodeContext &d, Inst &inst) {
  if (d.take("commit_group")) {
    inst.exec = execCommit;
    return d.expectOperands(0);
  }
  if (d.take("wait_all")) {
    inst.exec = execWaitAll;
    return d.expectOperands(0);
  }
  d.take("wait_group");
  if (!d.expectOperands(1))
    return false;
  inst.offset = d.immediate(d.operand(0));
  inst.exec = execWaitGroup;
  return (inst.offset >= 0 && inst.offset < (1 << 20)) ||
         d.fail("group count is out of range");
}

/// cp.async.{ca,cg}.shared.global{.L2::128B} [dst], [src], size{, src-size}
bool decodeCpAsync(DecodeContext &d, Inst &inst) {
  if (d.take("reduce")) {
    if (!d.take("async") || !d.take("bulk"))
      return d.fail("unknown form");
    return decodeBulkReduction(d, inst);
  }
  if (!d.take("async"))
    return d.fail("unknown form");
  if (d.take("bulk"))
    return decodeBulk(d, inst);
  inst.cls = InstClass::CpAsync;
  if (d.take("mbarrier"))
    return decodeCopyArrival(d, inst);
  std::string_view next = d.peekModifier();
  if (next == "commit_group" || next == "wait_group" || next == "wait_all")
    return decodeGroup(d, inst);
  std::string_view cache = d.takeOneOf({"ca", "cg"});
  if (cache.empty() || !(d.take("shared") || d.take("shared::cta")) ||
      !d.take("global"))
    return d.fail("unsupported form");
  // The policy is one more operand at the end and changes nothing here.
  bool hinted = d.take("L2::cache_hint");
  d.takeOneOf({"L2::64B", "L2::128B", "L2::256B"});
  if (!d.expectOperands(3 + hinted, 4 + hinted))
    return false;
  size_t last = d.numOperands() - 1;
  if (hinted)
    d.source(last, ScalarType::B64);
  int64_t size = d.immediate(d.operand(2));
  if (size != 16 && (cache == "cg" || (size != 4 && size != 8)))
    return d.fail("unsupported copy size");
  inst.width = uint8_t(size);
  d.address(d.operand(0), AddressSpace::Shared, inst);
  bool is32 = false;
  int64_t offset = 0;
  d.address(d.operand(1), inst.b, is32, offset);
  if (is32)
    return d.fail("source address must have 64 bits");
  inst.ops = d.pool({uint32_t(offset), uint32_t(uint64_t(offset) >> 32)});
  inst.c = last - hinted == 3 ? d.source(3, ScalarType::U32)
                              : d.constant(uint64_t(size), false);
  inst.exec = execCpAsync;
  return true;
}
} // namespace

void attn::sim::completeSignalled(Warp &warp, const AsyncEvent &event) {
  const Mbarrier *barrier = event.target->mbarriers.find(event.mbarrier);
  completeCopies(
      warp,
      [&](const PendingCopy &copy) {
        return copy.lane == event.lane && copy.serial <= event.copySerial;
      },
      [&](const PendingCopy &copy) {
        // Whoever waits for the phase has the data.
        return Stamp{barrier ? barrier->agent : warp.clock,
                     anyLane,
                     barrier ? barrier->phaseTime()
                             : warp.cta->clocks.time(warp.clock),
                     copy.pc,
                     uint32_t(warp.executed),
                     false};
      });
}

void attn::sim::registerAsyncCopy(OpcodeTable &table) {
  table["cp"] = decodeCpAsync;
}
