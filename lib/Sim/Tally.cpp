//===- Tally.cpp - counters while a kernel runs ---------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tally.h"

#include <algorithm>

using namespace attn::sim;

static void addTo(SharedCounters &sum, const SharedCounters &more) {
  sum.instructions += more.instructions;
  sum.wavefronts += more.wavefronts;
  sum.conflicts += more.conflicts;
}

static void addTo(AccessCounters &sum, const AccessCounters &more) {
  sum.bytesRead += more.bytesRead;
  sum.bytesWritten += more.bytesWritten;
  sum.sectorsRead += more.sectorsRead;
  sum.sectorsWritten += more.sectorsWritten;
}

void Tally::add(const Tally &other) {
  for (size_t pc = 0; pc < byPc.size(); ++pc) {
    byPc[pc].executions += other.byPc[pc].executions;
    byPc[pc].lanes += other.byPc[pc].lanes;
    addTo(byPc[pc].shared, other.byPc[pc].shared);
  }
  for (size_t i = 0; i < byAllocation.size(); ++i)
    addTo(byAllocation[i], other.byAllocation[i]);
  warps += other.warps;
  ctas += other.ctas;
  saturatedConversions += other.saturatedConversions;
}

const char *attn::sim::name(InstClass cls) {
  static const char *const names[numInstClasses] = {
      "mma",     "wgmma",   "mufu",     "fp32",     "fp-other",
      "int",     "convert", "move",     "ldmatrix", "stmatrix",
      "shared",  "global",  "cp.async", "bulk",     "mbarrier",
      "barrier", "shuffle", "control",  "other"};
  return names[unsigned(cls)];
}

Counters attn::sim::summarise(const Tally &tally, const Program &program,
                              const GlobalView &view) {
  Counters out;
  out.warps = tally.warps;
  out.ctas = tally.ctas;
  out.saturatedConversions = tally.saturatedConversions;
  for (const Inst &inst : program.code) {
    const Tally::Line &line = tally.byPc[inst.pc];
    if (!line.executions)
      continue;
    out.instructions += line.executions;
    out.instructionsByClass[name(inst.cls)] += line.executions;
    out.executionsByLine[inst.line] += line.executions;
    out.mmaFlops += line.executions * inst.flops;
    out.wgmmaBytes += line.executions * inst.operandBytes;
    if (inst.cls == InstClass::Mufu)
      out.mufuOps += line.lanes * std::max<uint64_t>(inst.count, 1);
    if (inst.cls == InstClass::Barrier)
      out.barriers += line.executions;
    if (!line.shared.instructions)
      continue;
    addTo(out.sharedByLine[inst.line], line.shared);
    if (inst.cls == InstClass::Ldmatrix)
      addTo(out.ldmatrix, line.shared);
    else if (inst.cls == InstClass::Stmatrix)
      addTo(out.stmatrix, line.shared);
    else if (inst.cls == InstClass::CpAsync)
      addTo(out.asyncCopies, line.shared);
    else if (inst.isStore)
      addTo(out.sharedStores, line.shared);
    else
      addTo(out.sharedLoads, line.shared);
  }
  for (size_t i = 0; i < tally.byAllocation.size(); ++i) {
    const AccessCounters &a = tally.byAllocation[i];
    if (a.bytesRead || a.bytesWritten)
      addTo(out.global[view[int(i)].name], a);
  }
  return out;
}

static unsigned passes(const uint32_t *address, uint32_t mask,
                       unsigned wordsPerLane) {
  uint32_t words[32];
  unsigned count = 0;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    uint32_t word = address[__builtin_ctz(rest)] / 4;
    for (unsigned i = 0; i < wordsPerLane && count < 32; ++i)
      words[count++] = word + i;
  }
  uint8_t perBank[32] = {};
  uint8_t last[32][32]; // words of a bank, by index into `words`
  unsigned most = 0;
  for (unsigned i = 0; i < count; ++i) {
    unsigned bank = words[i] % 32, n = perBank[bank];
    bool repeated = false;
    for (unsigned k = 0; k < n; ++k)
      repeated |= words[last[bank][k]] == words[i];
    if (repeated)
      continue;
    last[bank][n] = uint8_t(i);
    perBank[bank] = uint8_t(n + 1);
    most = std::max(most, n + 1);
  }
  return most;
}

Wavefronts attn::sim::countWavefronts(const uint32_t *address, uint32_t mask,
                                      unsigned bytes) {
  unsigned groups = bytes <= 4 ? 1 : bytes / 4;
  unsigned lanes = 32 / groups;
  Wavefronts result;
  for (unsigned g = 0; g < groups; ++g) {
    uint32_t group =
        mask & (groups == 1 ? ~0u : ((1u << lanes) - 1) << (g * lanes));
    if (!group)
      continue;
    result.total += passes(address, group, bytes <= 4 ? 1 : bytes / 4);
    ++result.least;
  }
  return result;
}

unsigned attn::sim::countSectors(const uint64_t *address, uint32_t mask,
                                 unsigned bytes) {
  uint64_t sectors[64];
  unsigned count = 0;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    uint64_t first = address[__builtin_ctz(rest)];
    for (uint64_t s = first / 32; s <= (first + bytes - 1) / 32; ++s) {
      // Neighbouring lanes mostly touch the sector that came last.
      bool known = count && sectors[count - 1] == s;
      for (unsigned k = 0; !known && k < count; ++k)
        known = sectors[k] == s;
      if (!known && count < 64)
        sectors[count++] = s;
    }
  }
  return count;
}
