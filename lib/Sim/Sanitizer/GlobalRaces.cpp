//===- GlobalRaces.cpp - races in global memory ---------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GlobalRaces.h"

#include <map>
#include <set>

using namespace attn::sim;

GlobalRaces::Page &GlobalRaces::page(uint64_t number) {
  if (last && last->summary.page == number)
    return *last;
  auto &slot = pages[number];
  if (!slot) {
    slot = std::make_unique<Page>();
    slot->summary.page = number;
  }
  last = slot.get();
  return *last;
}

Conflict GlobalRaces::readAs(uint64_t address, uint32_t bytes,
                             const Accessor &who, const Stamp &stamp,
                             const Clocks &clocks) {
  Conflict conflict;
  uint64_t end = (address + bytes - 1) >> shift;
  for (uint64_t g = address >> shift; g <= end; ++g) {
    Page &p = page(g / pageGranules);
    unsigned i = g % pageGranules;
    const Record &w = p.writes[i];
    if (w.time && !(who.strong && w.strong) &&
        !clocks.ordered(w.agent, w.lane, w.time, who.warp, who.lane))
      conflict = Conflict::with(true, w.agent, w.lane, w.pc);
    // One reader is kept; it gives way only to one that comes after it.
    Record &r = p.reads[i];
    if (!r.time || clocks.ordered(r.agent, r.lane, r.time, who.warp, who.lane))
      r = recordOf(stamp);
    (who.strong ? p.summary.atomics : p.summary.reads).set(i);
    p.summary.readPc = who.pc;
  }
  return conflict;
}

Conflict GlobalRaces::writeAs(uint64_t address, uint32_t bytes,
                              const Accessor &who, const Stamp &stamp,
                              const Clocks &clocks) {
  Conflict conflict;
  uint64_t end = (address + bytes - 1) >> shift;
  for (uint64_t g = address >> shift; g <= end; ++g) {
    Page &p = page(g / pageGranules);
    unsigned i = g % pageGranules;
    for (const Record *record : {&p.writes[i], &p.reads[i]}) {
      bool isWrite = record == &p.writes[i];
      if (isWrite && record->time && record->agent == who.warp &&
          record->instant == who.instant)
        conflict.sameInstruction |= record->lane != who.lane;
      else if (record->time && !(who.strong && record->strong) &&
               !clocks.ordered(record->agent, record->lane, record->time,
                               who.warp, who.lane))
        conflict =
            Conflict::with(isWrite, record->agent, record->lane, record->pc);
    }
    p.writes[i] = recordOf(stamp);
    (who.strong ? p.summary.atomics : p.summary.writes).set(i);
    p.summary.writePc = who.pc;
  }
  return conflict;
}

GlobalRaces::Summary GlobalRaces::summary() const {
  Summary result;
  for (const auto &[number, page] : pages)
    result.push_back(page->summary);
  std::sort(result.begin(), result.end(),
            [](const auto &a, const auto &b) { return a.page < b.page; });
  return result;
}

std::vector<CtaConflict>
attn::sim::findCtaConflicts(const std::vector<GlobalRaces::Summary> &summaries,
                            unsigned granuleShift, size_t limit) {
  using Bits = GlobalRaces::Bits;
  struct Seen {
    Bits reads, writes, atomics;
    std::vector<std::pair<size_t, const GlobalRaces::PageSummary *>> by;
  };
  std::unordered_map<uint64_t, Seen> pages;
  std::set<std::pair<uint32_t, uint32_t>> reported; // one for a pair of pcs
  std::vector<CtaConflict> result;
  auto clash = [](const auto &a, const auto &b) {
    return (a.writes & (b.reads | b.writes | b.atomics)) |
           ((a.reads | a.atomics) & b.writes);
  };
  for (size_t cta = 0; cta < summaries.size(); ++cta) {
    for (const GlobalRaces::PageSummary &page : summaries[cta]) {
      Seen &seen = pages[page.page];
      if (clash(seen, page).any()) {
        for (const auto &[other, summary] : seen.by) {
          Bits bits = clash(*summary, page);
          if (bits.none())
            continue;
          size_t i = 0;
          while (!bits[i])
            ++i;
          bool firstWrites = summary->writes[i];
          CtaConflict c;
          c.first = firstWrites ? other : cta;
          c.second = firstWrites ? cta : other;
          c.bothWrite = firstWrites && page.writes[i];
          c.address = (page.page * GlobalRaces::pageGranules + i)
                      << granuleShift;
          const auto &writer = firstWrites ? *summary : page;
          const auto &accessor = firstWrites ? page : *summary;
          c.firstPc = writer.writePc;
          bool writes = accessor.writes[i] || !accessor.reads[i];
          c.secondPc =
              writes && accessor.writePc ? accessor.writePc : accessor.readPc;
          if (reported.insert({c.firstPc, c.secondPc}).second)
            result.push_back(c);
          break;
        }
        if (result.size() >= limit)
          return result;
      }
      seen.reads |= page.reads;
      seen.writes |= page.writes;
      seen.atomics |= page.atomics;
      seen.by.push_back({cta, &page});
    }
  }
  return result;
}
