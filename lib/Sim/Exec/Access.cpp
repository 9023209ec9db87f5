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

void attn::sim::reportRace(Warp &warp, Hazard hazard, unsigned lane,
                           bool isWrite, const Conflict &conflict,
                           std::string buffer) {
  const Program &program = *warp.program;
  std::string message = isWrite ? "write" : "read";
  message += " is not ordered after the ";
  message += conflict.write ? "write" : "read";
  message += " of warp " + std::to_string(conflict.warp);
  message += conflict.lane < 32 ? ", lane " + std::to_string(conflict.lane)
                                : std::string(", several lanes");
  message += ", at line " + std::to_string(program.code[conflict.pc].line);
  message += conflict.warp == warp.index
                 ? ": lanes of one warp need a bar.warp.sync between"
                 : ": a barrier is missing";
  warp.report(hazard, lane < 32 ? int(lane) : -1, std::move(message),
              std::move(buffer));
}

Bytes attn::sim::accessShared(Warp &warp, const Inst &inst, unsigned lane,
                              uint64_t offset, unsigned bytes, AccessKind kind,
                              bool strong) {
  Cta &cta = *warp.cta;
  uint64_t at = offset - sharedBase;
  unsigned host = lane < 32 ? lane : 0;
  if (offset < sharedBase || !cta.shared.contains(at, bytes)) {
    warp.report(Hazard::OutOfBounds, int(host),
                "shared address " + hex(offset) + " is outside of [" +
                    hex(sharedBase) + ", " + hex(sharedBase + cta.shared.size) +
                    ")",
                "shared");
    return {};
  }
  if (!checkAlignment(warp, host, offset, bytes))
    return {};
  uint32_t place = uint32_t(at);
  if (const SharedMemory::Copy *copy = cta.shared.unfinished(place, bytes))
    warp.report(Hazard::UnfinishedCopy, int(host),
                std::string(kind == AccessKind::Read ? "read" : "write") +
                    " of bytes that the cp.async of warp " +
                    std::to_string(copy->warp) + " at line " +
                    std::to_string(warp.program->code[copy->pc].line) +
                    " has not finished writing: a wait is missing",
                cta.sharedName(place));
  Accessor who = warp.accessor(inst, lane);
  who.strong = strong;
  bool isWrite = kind != AccessKind::Read;
  Conflict conflict =
      isWrite ? cta.shared.races.write(place, bytes, who, cta.clocks)
              : cta.shared.races.read(place, bytes, who, cta.clocks);
  if (conflict.found)
    reportRace(warp, Hazard::SharedRace, lane, isWrite, conflict,
               cta.sharedName(place));
  return {&cta.shared.data[place], &cta.shared.init[place],
          conflict.sameInstruction};
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
