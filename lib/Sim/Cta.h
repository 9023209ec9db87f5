//===- Cta.h - one thread block and its scheduler ---------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_CTA_H
#define ATTN_LIB_SIM_CTA_H

#include "Mbarrier.h"
#include "MemoryImpl.h"
#include "Sanitizer/AsyncProxy.h"
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
  Dim3 cluster;
  unsigned clusterSize = 1;
  unsigned registersPerThread = 0;
};

/// A named barrier. Arrivals are counted in warps.
struct Barrier {
  unsigned expected = 0; ///< warps of this generation; 0 = nobody has come
  unsigned arrived = 0;
  uint32_t waiting = 0; ///< warps that block
  uint32_t members = 0; ///< warps that have arrived
  Published published;
};

class Cluster;

class Cta {
public:
  Cta(Cluster &cluster, unsigned rank, Tally &tally);

  void start(const Dim3 &id);

  uint64_t random();

  /// Reports at the present instruction of `warp`, or at another one.
  void report(Hazard hazard, const Warp &warp, int lane, std::string message,
              std::string buffer);
  void reportAt(Hazard hazard, const Warp &warp, uint32_t pc, int lane,
                std::string message, std::string buffer);
  void warpFinished(Warp &warp);
  bool finished() const { return !unfinishedWarps; }

  /// `warps` 0: all of the CTA. Blocks the warp when it waits in vain.
  void arrive(Warp &warp, unsigned id, unsigned warpCount, bool wait);

  /// Reports a warp of the cluster that uses shared memory of a CTA that has
  /// ended.
  void checkAlive(const Warp &peer) const;
  /// Such a use by a warp of another CTA, which this one must wait for before
  /// it ends.
  void noteTouch(const Warp &peer);

  /// "symbol+12" for an offset into shared memory.
  std::string sharedName(uint32_t offset) const;
  /// "line 12".
  std::string lineOf(uint32_t pc) const;

  Cluster &cluster;
  const unsigned rank; ///< in the cluster
  const LaunchState &launch;
  Tally &tally;
  Clocks &clocks; ///< of the cluster
  Dim3 id;
  std::vector<std::unique_ptr<Warp>> warps;
  SharedMemory shared;
  AsyncProxy asyncProxy;
  Mbarriers mbarriers;
  GlobalRaces globalRaces;
  WarpGroups warpGroups;
  Barrier barriers[16];
  bool stopped = false; ///< after a finding that leaves no way to go on
  std::vector<Finding> findings;
  int lastAllocation = -1;    ///< of GlobalView, the likely next one
  uint32_t freeRegisters = 0; ///< that setmaxnreg.dec has given back

  /// findings are given once for a hazard at an instruction
  std::set<std::pair<int, uint32_t>> reported;

private:
  void checkEnd(Warp &last);

  unsigned unfinishedWarps = 0;
  struct Touch {
    uint32_t time = 0, pc = 0;
  };
  std::vector<Touch> touches; ///< the last one of each warp of the clocks
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_CTA_H
