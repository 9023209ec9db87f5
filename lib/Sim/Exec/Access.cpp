//===- Access.cpp - checked access to all state spaces --------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Access.h"

#include <cstdio>

using namespace attn::sim;

void attn::sim::computeAddresses(Warp &warp, const Inst &inst, uint32_t slot,
                                 bool is32, int64_t offset, uint32_t &mask,
                                 uint64_t *address) {
  (void)inst;
  uint32_t poisoned = warp.poison(slot) & mask;
  if (poisoned) {
    warp.reportPoison(poisoned, "an address");
    mask &= ~poisoned;
  }
  const uint32_t *base = warp.source(slot);
  for (int lane = 0; lane < 32; ++lane)
    address[lane] = is32 ? uint32_t(base[lane] + uint32_t(offset))
                         : getLane<uint64_t>(base, lane) + uint64_t(offset);
}

AddressSpace attn::sim::resolveGeneric(uint64_t &address) {
  AddressSpace space = AddressSpace::Global;
  switch (address & windowMask) {
  case sharedWindow:
    space = AddressSpace::Shared;
    break;
  case localWindow:
    space = AddressSpace::Local;
    break;
  case paramWindow:
    space = AddressSpace::Param;
    break;
  default:
    return space;
  }
  address &= ~windowMask;
  return space;
}

static std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", (unsigned long long)value);
  return text;
}

static bool checkAlignment(Warp &warp, unsigned lane, uint64_t address,
                           unsigned bytes) {
  if (address % bytes == 0)
    return true;
  warp.report(Hazard::Misaligned, int(lane),
              "address " + hex(address) + " is no multiple of " +
                  std::to_string(bytes));
  return false;
}

/// The earlier half is an operation that only a wait orders.
static void reportAsyncRace(Warp &warp, Hazard hazard, int lane, bool isWrite,
                            const Conflict &conflict, std::string buffer) {
  std::string line = warp.cta->lineOf(conflict.pc);
  std::string access = isWrite ? "write of" : "read of";
  if (conflict.write)
    warp.report(Hazard::UnfinishedCopy, lane,
                access + " bytes that the asynchronous copy at " + line +
                    " writes, without a wait for its completion",
                std::move(buffer));
  else
    warp.report(hazard, lane,
                access + " bytes that the asynchronous operation at " + line +
                    " reads, without being ordered after a wait for its end",
                std::move(buffer));
}

void attn::sim::reportRace(Warp &warp, Hazard hazard, unsigned lane,
                           bool isWrite, const Conflict &conflict,
                           std::string buffer) {
  const Cluster &cluster = warp.cta->cluster;
  int reportLane = lane < 32 ? int(lane) : -1;
  if (conflict.warp >= cluster.clocks.numWarps())
    return reportAsyncRace(warp, hazard, reportLane, isWrite, conflict,
                           std::move(buffer));
  std::string message = isWrite ? "write" : "read";
  message += " is not ordered after the ";
  message += conflict.write ? "write" : "read";
  message += " of " + cluster.warpName(conflict.warp);
  message += conflict.lane < 32 ? ", lane " + std::to_string(conflict.lane)
                                : std::string(", several lanes");
  message += ", at " + warp.cta->lineOf(conflict.pc);
  message += conflict.warp == warp.clock
                 ? ": lanes of one warp need a bar.warp.sync between"
                 : ": a barrier is missing";
  warp.report(hazard, reportLane, std::move(message), std::move(buffer));
}

/// A generic access to what an mbarrier or an asynchronous operation has.
static void checkAsyncUse(Warp &warp, Cta &owner, unsigned lane, uint32_t place,
                          unsigned bytes, bool isWrite) {
  if (const Mbarrier *barrier = owner.mbarriers.overlapping(place, bytes))
    warp.report(Hazard::MbarrierMisuse, int(lane),
                "ordinary access to the bytes of a live mbarrier",
                owner.sharedName(barrier->offset));
  const AsyncReads *reads =
      isWrite ? owner.asyncProxy.reader(place, bytes) : nullptr;
  if (reads)
    warp.report(Hazard::OverwrittenOperand, int(lane),
                "write of bytes that the asynchronous operation at " +
                    owner.lineOf(reads->pc) + " is still reading",
                owner.sharedName(place));
}

/// `at` is relative to the window of `owner`, the CTA of the warp or a peer.
static Bytes accessSharedOf(Cta &owner, Warp &warp, const Inst &inst,
                            unsigned lane, uint64_t at, unsigned bytes,
                            AccessKind kind, bool strong) {
  unsigned host = lane < 32 ? lane : 0;
  if (!owner.shared.contains(at, bytes)) {
    warp.report(Hazard::OutOfBounds, int(host),
                "shared address " + hex(at + sharedBase) + " is outside of [" +
                    hex(sharedBase) + ", " +
                    hex(sharedBase + owner.shared.size) + ")",
                "shared");
    return {};
  }
  if (!checkAlignment(warp, host, at + sharedBase, bytes))
    return {};
  uint32_t place = uint32_t(at);
  if (const SharedMemory::Copy *copy = owner.shared.unfinished(place, bytes))
    warp.report(Hazard::UnfinishedCopy, int(host),
                std::string(kind == AccessKind::Read ? "read" : "write") +
                    " of bytes that the cp.async of " +
                    owner.cluster.warpName(copy->warp) + " at " +
                    owner.lineOf(copy->pc) +
                    " has not finished writing: a wait is missing",
                owner.sharedName(place));
  Accessor who = warp.accessor(inst, lane);
  who.strong = strong;
  bool isWrite = kind != AccessKind::Read;
  Conflict conflict =
      isWrite ? owner.shared.races.write(place, bytes, who, owner.clocks)
              : owner.shared.races.read(place, bytes, who, owner.clocks);
  if (conflict.found)
    reportRace(warp, Hazard::SharedRace, lane, isWrite, conflict,
               owner.sharedName(place));
  if (owner.asyncProxy.enabled()) {
    checkAsyncUse(warp, owner, host, place, bytes, isWrite);
    if (isWrite)
      owner.asyncProxy.noteGenericWrite(place, bytes, who);
  }
  owner.shared.epoch += isWrite;
  return {&owner.shared.data[place], &owner.shared.init[place],
          conflict.sameInstruction};
}

Bytes attn::sim::accessShared(Warp &warp, const Inst &inst, unsigned lane,
                              uint64_t offset, unsigned bytes, AccessKind kind,
                              bool strong) {
  // An offset below the base wraps and is out of bounds.
  return accessSharedOf(*warp.cta, warp, inst, lane, offset - sharedBase, bytes,
                        kind, strong);
}

Cta *attn::sim::resolveCluster(Warp &warp, unsigned lane, uint64_t &address) {
  uint64_t field = address >> sharedRankShift;
  if (!field)
    return warp.cta;
  Cluster &cluster = warp.cta->cluster;
  if (field > cluster.ctas.size()) {
    warp.report(Hazard::OutOfBounds, int(lane),
                "address " + hex(address) + " is in no CTA of the cluster",
                "shared");
    return nullptr;
  }
  address &= (1u << sharedRankShift) - 1;
  Cta *owner = cluster.ctas[field - 1].get();
  owner->checkAlive(warp);
  return owner;
}

Bytes attn::sim::accessSharedCluster(Warp &warp, const Inst &inst,
                                     unsigned lane, uint64_t address,
                                     unsigned bytes, AccessKind kind,
                                     bool strong) {
  Cta *owner = resolveCluster(warp, lane < 32 ? lane : 0, address);
  if (!owner)
    return {};
  owner->noteTouch(warp);
  return accessSharedOf(*owner, warp, inst, lane, address - sharedBase, bytes,
                        kind, strong);
}

Bytes attn::sim::accessGlobal(Warp &warp, const Inst &inst, unsigned lane,
                              uint64_t address, unsigned bytes, AccessKind kind,
                              bool strong, bool mustBeConst) {
  Cta &cta = *warp.cta;
  const GlobalView &view = cta.launch.view;
  int &last = cta.lastAllocation;
  bool hit = last >= 0 && address - view[last].base <= view[last].size &&
             bytes <= view[last].size - (address - view[last].base);
  if (!hit)
    last = view.find(address, bytes);
  if (last < 0) {
    int near = view.nearest(address);
    std::string message =
        "global address " + hex(address) + " is outside of every allocation";
    std::string buffer;
    if (near >= 0) {
      buffer = view[near].name;
      message += "; nearest is '" + buffer + "' at [" + hex(view[near].base) +
                 ", " + hex(view[near].base + view[near].size) + ")";
    }
    warp.report(Hazard::OutOfBounds, int(lane), message, buffer);
    return {};
  }
  Allocation &allocation = view[last];
  if (!checkAlignment(warp, lane, address, bytes))
    return {};
  bool isWrite = kind != AccessKind::Read, repeated = false;
  if (isWrite ? allocation.isConst : mustBeConst && !allocation.isConst) {
    warp.report(Hazard::WrongSpace, int(lane),
                isWrite ? "write to constant memory"
                        : "address is not in constant memory",
                allocation.name);
    return {};
  }
  if (!allocation.isConst) {
    Accessor who = warp.accessor(inst, lane);
    who.strong = strong;
    Conflict conflict =
        isWrite ? cta.globalRaces.write(address, bytes, who, cta.clocks)
                : cta.globalRaces.read(address, bytes, who, cta.clocks);
    if (conflict.found)
      reportRace(warp, Hazard::GlobalRace, lane, isWrite, conflict,
                 allocation.name);
    repeated = conflict.sameInstruction;
  }
  uint64_t at = address - allocation.base;
  return {allocation.data + at, allocation.init + at, repeated};
}

Bytes attn::sim::accessLocal(Warp &warp, unsigned lane, uint64_t offset,
                             unsigned bytes) {
  uint64_t size = warp.program->localBytes;
  if (offset > size || bytes > size - offset) {
    warp.report(Hazard::OutOfBounds, int(lane),
                "local address " + hex(offset) + " is outside of " +
                    std::to_string(size) + " bytes",
                "local");
    return {};
  }
  if (!checkAlignment(warp, lane, offset, bytes))
    return {};
  uint64_t at = lane * size + offset;
  return {&warp.local[at], &warp.localInit[at], false};
}

Bytes attn::sim::accessParam(Warp &warp, unsigned lane, uint64_t offset,
                             unsigned bytes) {
  const std::vector<uint8_t> &params = warp.cta->launch.params;
  if (offset > params.size() || bytes > params.size() - offset) {
    warp.report(Hazard::OutOfBounds, int(lane),
                "parameter offset " + std::to_string(offset) +
                    " is outside of " + std::to_string(params.size()) +
                    " bytes",
                "param");
    return {};
  }
  if (!checkAlignment(warp, lane, offset, bytes))
    return {};
  return {const_cast<uint8_t *>(params.data()) + offset, nullptr, false};
}

void attn::sim::countShared(Warp &warp, const Inst &inst, uint32_t mask,
                            const uint64_t *address, unsigned bytes) {
  uint32_t offsets[32];
  for (int lane = 0; lane < 32; ++lane)
    offsets[lane] = uint32_t(address[lane]);
  Wavefronts w = countWavefronts(offsets, mask, bytes);
  SharedCounters &sum = warp.cta->tally.byPc[inst.pc].shared;
  sum.instructions += 1;
  sum.wavefronts += w.total;
  sum.conflicts += w.total - w.least;
}

void attn::sim::countGlobal(Warp &warp, uint32_t mask, const uint64_t *address,
                            unsigned bytes, AccessKind kind) {
  Cta &cta = *warp.cta;
  const GlobalView &view = cta.launch.view;
  while (mask) {
    int index = view.find(address[__builtin_ctz(mask)], bytes);
    if (index < 0) { // reported already
      mask &= mask - 1;
      continue;
    }
    uint64_t base = view[index].base, size = view[index].size;
    uint32_t here = 0;
    for (uint32_t rest = mask; rest; rest &= rest - 1) {
      int lane = __builtin_ctz(rest);
      if (address[lane] - base < size)
        here |= 1u << lane;
    }
    mask &= ~here;
    uint64_t total = uint64_t(__builtin_popcount(here)) * bytes;
    unsigned sectors = countSectors(address, here, bytes);
    AccessCounters &sum = cta.tally.byAllocation[size_t(index)];
    if (kind != AccessKind::Write) {
      sum.bytesRead += total;
      sum.sectorsRead += sectors;
    }
    if (kind != AccessKind::Read) {
      sum.bytesWritten += total;
      sum.sectorsWritten += sectors;
    }
  }
}
