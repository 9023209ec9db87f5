//===- GlobalRaces.h - races in global memory -------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Inside a CTA: the last write and one read of each granule, in pages made on
// demand. Between CTAs: each CTA leaves a summary of what it touched, and the
// summaries are compared in the order of the CTAs once all have run, so that
// the result does not depend on the host threads.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_SANITIZER_GLOBALRACES_H
#define ATTN_LIB_SIM_SANITIZER_GLOBALRACES_H

#include "Clocks.h"

#include <array>
#include <bitset>
#include <memory>
#include <unordered_map>

namespace attn::sim {

class GlobalRaces {
public:
  static constexpr unsigned pageGranules = 256;
  using Bits = std::bitset<pageGranules>;

  /// What one CTA did to one page.
  struct PageSummary {
    uint64_t page = 0; ///< address >> (8 + granule shift)
    Bits reads, writes, atomics;
    uint32_t readPc = 0, writePc = 0; ///< of one such access
  };
  using Summary = std::vector<PageSummary>;

  void reset(unsigned granuleShift) {
    shift = granuleShift;
    pages.clear();
    last = nullptr;
  }

  Conflict read(uint64_t address, uint32_t bytes, const Accessor &who,
                const Clocks &clocks) {
    return readAs(address, bytes, who, stampOf(who, clocks), clocks);
  }
  Conflict write(uint64_t address, uint32_t bytes, const Accessor &who,
                 const Clocks &clocks) {
    return writeAs(address, bytes, who, stampOf(who, clocks), clocks);
  }
  /// An access that `who` issues and that is remembered as `stamp`.
  Conflict readAs(uint64_t address, uint32_t bytes, const Accessor &who,
                  const Stamp &stamp, const Clocks &clocks);
  Conflict writeAs(uint64_t address, uint32_t bytes, const Accessor &who,
                   const Stamp &stamp, const Clocks &clocks);

  /// Pages in the order of their addresses.
  Summary summary() const;

private:
  struct Record {
    uint32_t time = 0, pc = 0, instant = 0;
    uint16_t agent = 0;
    uint8_t lane = 0;
    bool strong = false;
  };
  static Stamp stampOf(const Accessor &who, const Clocks &clocks) {
    return {who.warp, who.lane,    clocks.time(who.warp),
            who.pc,   who.instant, who.strong};
  }
  static Record recordOf(const Stamp &s) {
    return {s.time,          s.pc,    s.instant, uint16_t(s.agent),
            uint8_t(s.lane), s.strong};
  }
  struct Page {
    std::array<Record, pageGranules> writes, reads;
    PageSummary summary;
  };
  Page &page(uint64_t number);

  unsigned shift = 2;
  std::unordered_map<uint64_t, std::unique_ptr<Page>> pages;
  Page *last = nullptr;
};

/// A race between two CTAs.
struct CtaConflict {
  size_t first = 0, second = 0; ///< CTA numbers
  bool bothWrite = false;
  uint64_t address = 0;
  uint32_t firstPc = 0, secondPc = 0; ///< `first` writes
};

/// Compares the summaries of all CTAs, at most `limit` results.
std::vector<CtaConflict>
findCtaConflicts(const std::vector<GlobalRaces::Summary> &summaries,
                 unsigned granuleShift, size_t limit);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_SANITIZER_GLOBALRACES_H
