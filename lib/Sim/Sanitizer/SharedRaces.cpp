//===- SharedRaces.cpp - races in shared memory ---------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedRaces.h"

using namespace attn::sim;

void SharedRaces::reset(size_t bytes, unsigned granuleShift) {
  shift = granuleShift;
  granules = (bytes >> shift) + 1;
  numBlocks = (bytes >> blockShift) + 1;
  numUnits = (bytes >> asyncShift) + 1;
  writes.assign(granules, Write());
  blocks.assign(numBlocks, Block());
  for (Reader &reader : readers)
    reader.reads.clear();
  active.clear();
  asyncReaders.clear();
}

void SharedRaces::addReader(unsigned warp) {
  if (warp >= readers.size())
    readers.resize(warp + 1);
  readers[warp].reads.assign(granules, Read());
  readers[warp].newest.assign(numBlocks, 0);
  active.push_back(warp);
}

Conflict SharedRaces::writeAs(uint32_t offset, uint32_t bytes,
                              const Accessor &who, const Stamp &stamp,
                              const Clocks &clocks) {
  Conflict conflict;
  for (uint32_t end = offset + bytes; offset < end;) {
    uint32_t next = ((offset >> blockShift) + 1) << blockShift;
    uint32_t piece = std::min(next, end) - offset;
    writePiece(offset, piece, who, stamp, clocks, conflict);
    offset += piece;
  }
  return conflict;
}

Conflict SharedRaces::checkRead(uint32_t offset, uint32_t bytes,
                                const Accessor &who,
                                const Clocks &clocks) const {
  Conflict conflict;
  for (uint32_t end = offset + bytes; offset < end;) {
    uint32_t block = offset >> blockShift;
    uint32_t next = std::min((block + 1) << blockShift, end);
    if (!writesOrdered(block, who.warp, clocks))
      for (uint32_t g = offset >> shift; g <= (next - 1) >> shift; ++g)
        checkWrite(writes[g], who, clocks, conflict);
    offset = next;
  }
  return conflict;
}

void SharedRaces::recordRead(uint32_t offset, uint32_t bytes, unsigned agent,
                             uint32_t time, uint32_t pc) {
  AsyncReader *reader = nullptr;
  for (AsyncReader &r : asyncReaders)
    if (r.agent == agent)
      reader = &r;
  if (!reader) {
    reader = &asyncReaders.emplace_back();
    reader->agent = agent;
    reader->reads.assign(numUnits, {0, 0});
    reader->newest.assign(numBlocks, 0);
  }
  uint32_t last = offset + bytes - 1;
  for (uint32_t u = offset >> asyncShift; u <= last >> asyncShift; ++u)
    reader->reads[u] = {std::max(reader->reads[u].first, time), pc};
  for (uint32_t b = offset >> blockShift; b <= last >> blockShift; ++b)
    reader->newest[b] = std::max(reader->newest[b], time);
}

void SharedRaces::checkAsyncReads(uint32_t offset, uint32_t bytes,
                                  const Accessor &who, const Clocks &clocks,
                                  Conflict &conflict) const {
  uint32_t last = (offset + bytes - 1) >> asyncShift;
  for (const AsyncReader &reader : asyncReaders) {
    uint32_t newest = reader.newest[offset >> blockShift];
    if (!newest || clocks.allOrdered(reader.agent, newest, who.warp))
      continue;
    for (uint32_t u = offset >> asyncShift; u <= last; ++u) {
      auto [time, pc] = reader.reads[u];
      if (time &&
          !clocks.ordered(reader.agent, anyLane, time, who.warp, who.lane))
        conflict = Conflict::with(false, reader.agent, anyLane, pc);
    }
  }
}
