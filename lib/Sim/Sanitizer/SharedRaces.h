//===- SharedRaces.h - races in shared memory -------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For each granule: the last write, and the last read of each warp. Granules
// have the size of the narrowest access of the program, so that neighbouring
// half-words do not accuse each other. Asynchronous operations read in units of
// 16 bytes, kept for each agent. Blocks of 256 bytes know the newest access in
// them, so that what is long ordered is passed over at once.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_SANITIZER_SHAREDRACES_H
#define ATTN_LIB_SIM_SANITIZER_SHAREDRACES_H

#include "Clocks.h"

namespace attn::sim {

class SharedRaces {
public:
  void reset(size_t bytes, unsigned granuleShift);

  /// Records a read of [offset, offset + bytes), relative to the window, which
  /// lies in one block.
  Conflict read(uint32_t offset, uint32_t bytes, const Accessor &who,
                const Clocks &clocks) {
    Conflict conflict;
    uint32_t now = clocks.time(who.warp), block = offset >> blockShift;
    uint32_t begin = offset >> shift, end = (offset + bytes - 1) >> shift;
    if (!writesOrdered(block, who.warp, clocks))
      for (uint32_t g = begin; g <= end; ++g)
        checkWrite(writes[g], who, clocks, conflict);
    if (who.warp >= readers.size() || readers[who.warp].reads.empty())
      addReader(who.warp);
    Reader &reader = readers[who.warp];
    reader.newest[block] = now;
    for (uint32_t g = begin; g <= end; ++g) {
      Read &r = reader.reads[g];
      bool shared = r.time == now && r.lane != who.lane;
      r = {now, who.pc, uint8_t(shared ? severalLanes : who.lane),
           who.strong && (r.strong || r.time != now)};
    }
    return conflict;
  }

  /// Records a write within one block.
  Conflict write(uint32_t offset, uint32_t bytes, const Accessor &who,
                 const Clocks &clocks) {
    Conflict conflict;
    Stamp stamp{who.warp, who.lane,    clocks.time(who.warp),
                who.pc,   who.instant, who.strong};
    writePiece(offset, bytes, who, stamp, clocks, conflict);
    return conflict;
  }

  /// A write of any length that `who` issues and that is remembered as `stamp`.
  Conflict writeAs(uint32_t offset, uint32_t bytes, const Accessor &who,
                   const Stamp &stamp, const Clocks &clocks);

  /// Judges a read of any length without recording it.
  Conflict checkRead(uint32_t offset, uint32_t bytes, const Accessor &who,
                     const Clocks &clocks) const;

  /// Records the read of an agent, which has been judged.
  void recordRead(uint32_t offset, uint32_t bytes, unsigned agent,
                  uint32_t time, uint32_t pc);

private:
  static constexpr unsigned blockShift = 8, asyncShift = 4;

  struct Write {
    uint32_t time = 0; ///< 0: never written
    uint32_t pc = 0, instant = 0;
    uint16_t agent = 0;
    uint8_t lane = 0;
    bool strong = false;
  };
  struct Read {
    uint32_t time = 0, pc = 0;
    uint8_t lane = 0;
    bool strong = false;
  };
  /// The writes of a block, when all are of one warp or agent.
  struct Block {
    uint32_t newest = 0; ///< 0: none
    uint16_t agent = 0;
    bool mixed = false;
  };
  struct Reader {
    std::vector<Read> reads;      ///< by granule; empty: never read
    std::vector<uint32_t> newest; ///< by block
  };
  struct AsyncReader {
    unsigned agent = 0;
    std::vector<std::pair<uint32_t, uint32_t>> reads; ///< time, pc
    std::vector<uint32_t> newest;
  };

  void addReader(unsigned warp);

  static void checkWrite(const Write &w, const Accessor &who,
                         const Clocks &clocks, Conflict &conflict) {
    if (w.time && !(who.strong && w.strong) &&
        !clocks.ordered(w.agent, w.lane, w.time, who.warp, who.lane))
      conflict = Conflict::with(true, w.agent, w.lane, w.pc);
  }
  bool writesOrdered(uint32_t block, unsigned warp,
                     const Clocks &clocks) const {
    const Block &b = blocks[block];
    return !b.newest ||
           (!b.mixed && clocks.allOrdered(b.agent, b.newest, warp));
  }

  void writePiece(uint32_t offset, uint32_t bytes, const Accessor &who,
                  const Stamp &stamp, const Clocks &clocks,
                  Conflict &conflict) {
    uint32_t block = offset >> blockShift;
    uint32_t begin = offset >> shift, end = (offset + bytes - 1) >> shift;
    for (unsigned warp : active) {
      const Reader &reader = readers[warp];
      uint32_t newest = reader.newest[block];
      if (!newest || clocks.allOrdered(warp, newest, who.warp))
        continue;
      for (uint32_t g = begin; g <= end; ++g) {
        const Read &r = reader.reads[g];
        if (r.time && !(who.strong && r.strong) &&
            !clocks.ordered(warp, r.lane, r.time, who.warp, who.lane))
          conflict = Conflict::with(false, warp, r.lane, r.pc);
      }
    }
    if (!asyncReaders.empty())
      checkAsyncReads(offset, bytes, who, clocks, conflict);
    bool ordered = writesOrdered(block, who.warp, clocks);
    for (uint32_t g = begin; g <= end; ++g) {
      Write &w = writes[g];
      if (w.time && w.agent == who.warp && w.instant == who.instant)
        conflict.sameInstruction |= w.lane != who.lane;
      else if (!ordered)
        checkWrite(w, who, clocks, conflict);
      w = {stamp.time,          stamp.pc,
           stamp.instant,       uint16_t(stamp.agent),
           uint8_t(stamp.lane), stamp.strong};
    }
    Block &b = blocks[block];
    bool whole = bytes == 1u << blockShift;
    b.mixed = !whole && (b.mixed || (b.newest && b.agent != stamp.agent));
    b.agent = uint16_t(stamp.agent);
    b.newest = stamp.time;
  }

  void checkAsyncReads(uint32_t offset, uint32_t bytes, const Accessor &who,
                       const Clocks &clocks, Conflict &conflict) const;

  unsigned shift = 2;
  size_t granules = 0, numBlocks = 0, numUnits = 0;
  std::vector<Write> writes;
  std::vector<Block> blocks;
  std::vector<Reader> readers;  ///< by warp
  std::vector<unsigned> active; ///< warps that have read
  std::vector<AsyncReader> asyncReaders;
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_SANITIZER_SHAREDRACES_H
