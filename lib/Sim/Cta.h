//===- Cta.h - one thread block and its scheduler ---------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_CTA_H
#define ATTN_LIB_SIM_CTA_H

#include "MemoryImpl.h"
#include "Sanitizer/GlobalRaces.h"
#include "SharedMemory.h"
#include "Tally.h"
#include "Warp.h"

#include <memory>
#include <set>

namespace attn::sim {

/// What all CTAs of a launch share; constant while they run.
struct LaunchState {
  const Module &module;
  const Program &program;
  LaunchOptions options;
  GlobalView view;
  std::vector<uint64_t> globals; ///< addresses of module variables
  std::vector<uint8_t> params;   ///< parameter block
  uint64_t instructionLimit = 0;
  unsigned numWarps = 0;
  uint32_t sharedBytes = 0;
};

/// A named barrier. Arrivals are counted in warps.
struct Barrier {
  unsigned expected = 0; ///< warps of this generation; 0 = nobody has come
  unsigned arrived = 0;
  uint32_t waiting = 0;            ///< warps that block
  uint32_t members = 0;            ///< warps that have arrived
  std::vector<uint32_t> published; ///< clocks
};

class Cta {
public:
  Cta(const LaunchState &launch, Tally &tally) : launch(launch), tally(tally) {}

  void start(uint64_t number);

  enum class Progress { Running, Finished };
  /// Lets one ready warp run for a while.
  Progress step();

  uint64_t random();

  void report(Hazard hazard, const Warp &warp, int lane, std::string message,
              std::string buffer);
  void warpFinished(Warp &warp);

  /// `warps` 0: all of the CTA. Blocks the warp when it waits in vain.
  void arrive(Warp &warp, unsigned id, unsigned warpCount, bool wait);

  /// "symbol+12" for an offset into shared memory.
  std::string sharedName(uint32_t offset) const;

  const LaunchState &launch;
  Tally &tally;
  Dim3 id;
  uint64_t number = 0;
  std::vector<std::unique_ptr<Warp>> warps;
  SharedMemory shared;
  Clocks clocks;
  GlobalRaces globalRaces;
  Barrier barriers[16];
  bool stopped = false; ///< after a finding that leaves no way to go on
  std::vector<Finding> findings;
  int lastAllocation = -1; ///< of GlobalView, the likely next one

  /// findings are given once for a hazard at an instruction
  std::set<std::pair<int, uint32_t>> reported;

private:
  void reportDeadlock();
  uint64_t state = 0; ///< of random()
  unsigned unfinishedWarps = 0;
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_CTA_H
