//===- Cluster.h - CTAs that run together -----------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Without clusters a cluster is one CTA. It schedules the warps of its CTAs and
// the asynchronous operations between their issue and their effect, has the
// clocks of all, and knows when nothing can go on.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_CLUSTER_H
#define ATTN_LIB_SIM_CLUSTER_H

#include "BulkCopy.h"
#include "Cta.h"

namespace attn::sim {

/// Something that happens at some time after its issue: a bulk copy lands in
/// one CTA, or the cp.asyncs of a thread arrive at an mbarrier.
struct AsyncEvent {
  enum Kind : uint8_t { Load, CopyArrival } kind = Load;
  uint8_t lane = 0;
  Warp *warp = nullptr; ///< that issued it
  uint32_t pc = 0;
  Cta *target = nullptr;   ///< whose shared memory and mbarrier
  uint32_t mbarrier = 0;   ///< offset
  uint32_t phase = 0;      ///< phase of the barrier at the issue
  uint32_t copySerial = 0; ///< CopyArrival: the last copy it stands for
  BulkCopy copy;           ///< Load
};

/// barrier.cluster: all threads of the cluster that have not exited.
struct ClusterBarrier {
  uint32_t generation = 0; ///< that have completed
  unsigned arrived = 0;    ///< warps
  Published published;
  /// By warp of the clocks: mbarrier.inits up to this time are visible.
  std::vector<uint32_t> inits;
};

class Cluster {
public:
  Cluster(const LaunchState &launch, Tally &tally);

  void start(uint64_t number);
  enum class Progress { Running, Finished };
  /// Lets one ready warp run for a while, or one operation take effect.
  Progress step();

  uint64_t random();
  /// An asynchronous operation starts; it takes effect now or later.
  void issue(AsyncEvent event);
  /// Something happened that others may have waited for.
  void noteProgress() { idleRounds = 0; }

  /// A warp executes barrier.cluster.arrive; `release` false: relaxed.
  void arrive(Warp &warp, bool release);
  /// Is the generation complete that the warp has arrived for?
  bool passed(const Warp &warp) const;
  /// The warp has waited for that generation with `.acquire`.
  void acquire(Warp &warp);
  void warpFinished(Warp &warp);

  /// "warp 3", or "warp 3 of CTA 1 of the cluster".
  std::string warpName(unsigned clockIndex) const;

  const LaunchState &launch;
  uint64_t number = 0;
  std::vector<std::unique_ptr<Cta>> ctas; ///< by rank
  Clocks clocks;
  std::vector<AsyncEvent> events; ///< in flight
  ClusterBarrier barrier;

private:
  bool stopped() const;
  void deliver(size_t index);
  bool wakeWaiters();
  void completeBarrier();
  std::string describeWait(const Warp &warp) const;
  void reportDeadlock();

  std::vector<Warp *> readyWarps; ///< scratch of step()
  // Of the last generation of the barrier.
  Published completed;
  std::vector<uint32_t> completedInits;
  uint64_t state = 0; ///< of random()
  unsigned liveWarps = 0;
  unsigned idleRounds = 0; ///< wake-ups of waiters that led nowhere
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_CLUSTER_H
