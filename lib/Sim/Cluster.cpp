//===- Cluster.cpp - CTAs that run together -------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cluster.h"

#include "Exec/AsyncCopy.h"

using namespace attn::sim;

/// Times in a row that all waiters of mbarriers are told "not yet" before that
/// counts as a deadlock: a polling loop may do something else in between.
static constexpr unsigned maxIdleRounds = 64;

Cluster::Cluster(const LaunchState &launch, Tally &tally) : launch(launch) {
  for (unsigned rank = 0; rank < launch.clusterSize; ++rank)
    ctas.push_back(std::make_unique<Cta>(*this, rank, tally));
}

uint64_t Cluster::random() {
  // splitmix64
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void Cluster::start(uint64_t clusterNumber) {
  number = clusterNumber;
  state = launch.options.seed * 0x2545f4914f6cdd1du + number;
  clocks.reset(launch.numWarps * launch.clusterSize);
  events.clear();
  barrier = ClusterBarrier();
  liveWarps = launch.numWarps * launch.clusterSize;
  idleRounds = 0;
  const Dim3 &size = launch.cluster, &grid = launch.options.grid;
  uint32_t nx = grid.x / size.x, ny = grid.y / size.y;
  Dim3 at{uint32_t(number % nx), uint32_t(number / nx % ny),
          uint32_t(number / (uint64_t(nx) * ny))};
  for (unsigned rank = 0; rank < ctas.size(); ++rank)
    ctas[rank]->start({at.x * size.x + rank % size.x,
                       at.y * size.y + rank / size.x % size.y,
                       at.z * size.z + rank / (size.x * size.y)});
}

bool Cluster::stopped() const {
  for (auto &cta : ctas)
    if (cta->stopped)
      return true;
  return false;
}

Cluster::Progress Cluster::step() {
  if (!liveWarps)
    return Progress::Finished;
  std::vector<Warp *> &ready = readyWarps;
  ready.clear();
  for (auto &cta : ctas)
    for (auto &warp : cta->warps)
      if (warp->state == Warp::State::Ready)
        ready.push_back(warp.get());
  if (ready.empty()) {
    if (!events.empty())
      deliver(random() % events.size());
    else if (idleRounds++ >= maxIdleRounds || !wakeWaiters())
      reportDeadlock();
    return stopped() ? Progress::Finished : Progress::Running;
  }
  // As late as possible, but polling loops must see the end of copies too.
  if (!events.empty() && random() % 64 == 0)
    deliver(random() % events.size());
  uint64_t r = random();
  Warp &warp = *ready[(r >> 32) % ready.size()];
  // Mostly short turns; now and then one warp runs far ahead.
  uint64_t turn = r % 16 == 0 ? 4096 : 1 + (r >> 8) % 256;
  warp.run(ready.size() == 1 && events.empty() ? 4096 : turn);
  return stopped() || !liveWarps ? Progress::Finished : Progress::Running;
}

void Cluster::issue(AsyncEvent event) {
  events.push_back(std::move(event));
  if (launch.options.timing == Timing::Earliest)
    deliver(events.size() - 1);
}

void Cluster::deliver(size_t index) {
  AsyncEvent event = std::move(events[index]);
  events.erase(events.begin() + std::ptrdiff_t(index));
  noteProgress();
  Cta &target = *event.target;
  if (event.kind == AsyncEvent::CopyArrival)
    completeSignalled(*event.warp, event);
  if (target.finished()) // reported at its end
    return;
  if (event.kind == AsyncEvent::Load)
    moveIn(target, event.copy);
  Mbarrier *mbarrier = target.mbarriers.find(event.mbarrier);
  // Findings name the operation.
  uint32_t here = event.warp->currentPc;
  event.warp->currentPc = event.pc;
  if (!mbarrier)
    event.warp->report(Hazard::MbarrierMisuse, event.lane,
                       "the mbarrier is gone when this ends",
                       target.sharedName(event.mbarrier));
  else if (event.kind == AsyncEvent::Load)
    completeBytes(target, *mbarrier, *event.warp, event.lane, event.copy.bytes);
  else
    arriveAt(target, *mbarrier, *event.warp, event.lane, 1);
  event.warp->currentPc = here;
}

/// Lets waits on mbarriers return false, as they may at any time.
bool Cluster::wakeWaiters() {
  bool any = false;
  for (auto &cta : ctas)
    for (auto &warp : cta->warps)
      if (warp->state == Warp::State::AtMbarrier) {
        warp->waitTimedOut = true;
        warp->state = Warp::State::Ready;
        any = true;
      }
  return any;
}

//===-- barrier.cluster ---------------------------------------------------===//

void Cluster::arrive(Warp &warp, bool release) {
  noteProgress();
  ++warp.clusterArrivals;
  if (release)
    clocks.releaseWarp(warp.clock, barrier.published);
  else
    clocks.syncWarp(warp.clock);
  // What fence.mbarrier_init has made visible needs no release.
  barrier.inits.resize(clocks.numWarps(), 0);
  for (auto &cta : ctas)
    for (const Mbarrier &mbarrier : cta->mbarriers.all())
      if (mbarrier.init.agent == warp.clock && mbarrier.initFence)
        barrier.inits[warp.clock] =
            std::max(barrier.inits[warp.clock], mbarrier.init.time);
  ++barrier.arrived;
  if (barrier.arrived >= liveWarps)
    completeBarrier();
}

void Cluster::completeBarrier() {
  ++barrier.generation;
  barrier.arrived = 0;
  completed = std::move(barrier.published);
  completedInits = std::move(barrier.inits);
  barrier.published.clear();
  barrier.inits.clear();
  for (auto &cta : ctas)
    for (auto &warp : cta->warps)
      if (warp->state == Warp::State::AtClusterBarrier)
        warp->state = Warp::State::Ready;
}

bool Cluster::passed(const Warp &warp) const {
  return barrier.generation >= warp.clusterArrivals;
}

void Cluster::acquire(Warp &warp) {
  clocks.acquireWarp(warp.clock, completed);
  warp.knownInits.resize(clocks.numWarps(), 0);
  for (size_t v = 0; v < completedInits.size(); ++v)
    warp.knownInits[v] = std::max(warp.knownInits[v], completedInits[v]);
}

void Cluster::warpFinished(Warp &warp) {
  --liveWarps;
  if (!passed(warp)) // its arrival counts no longer, and is not needed
    --barrier.arrived;
  if (barrier.arrived && barrier.arrived >= liveWarps)
    completeBarrier();
}

//===-- deadlock ----------------------------------------------------------===//

std::string Cluster::warpName(unsigned clockIndex) const {
  std::string name = "warp " + std::to_string(clockIndex % launch.numWarps);
  if (ctas.size() > 1)
    name += " of CTA " + std::to_string(clockIndex / launch.numWarps) +
            " of the cluster";
  return name;
}

/// "warp 1 waits at barrier 2 (line 7, 1 of 4 warps arrived)", or empty.
std::string Cluster::describeWait(const Warp &warp) const {
  Cta &cta = *warp.cta;
  std::string who = " " + warpName(warp.clock);
  std::string line = " (" + cta.lineOf(warp.currentPc);
  switch (warp.state) {
  case Warp::State::AtBarrier: {
    const Barrier &b = cta.barriers[warp.barrierId];
    return who + " waits at barrier " + std::to_string(warp.barrierId) + " (" +
           cta.lineOf(warp.barrierPc) + ", " + std::to_string(b.arrived) +
           " of " + std::to_string(b.expected) + " warps arrived);";
  }
  case Warp::State::AtMbarrier: {
    const Mbarrier *b = cta.mbarriers.find(warp.waitOffset);
    return who + " waits at mbarrier " + cta.sharedName(warp.waitOffset) +
           " for " +
           (b ? "the end of phase " + std::to_string(b->phase) : "nothing") +
           ", parity " + std::to_string(warp.waitParity) + line + ", " +
           (b ? describe(*b) : "no mbarrier there") + ");";
  }
  case Warp::State::AtClusterBarrier:
    return who + " waits at the barrier of the cluster" + line + ", " +
           std::to_string(barrier.arrived) + " of " +
           std::to_string(liveWarps) + " warps arrived);";
  case Warp::State::AtRegisters:
    return who + " waits for registers" + line + ", " +
           std::to_string(cta.freeRegisters) + " are free);";
  case Warp::State::AtWarpGroup:
    return who + " waits for its warp group" + line + ");";
  default:
    return {};
  }
}

void Cluster::reportDeadlock() {
  std::string message = "no warp can go on:";
  Warp *first = nullptr;
  unsigned done = 0;
  for (auto &cta : ctas)
    for (auto &warp : cta->warps) {
      std::string wait = describeWait(*warp);
      if (!first && !wait.empty())
        first = warp.get();
      message += wait;
      done += warp->state == Warp::State::Done;
    }
  message += " " + std::to_string(done) + " warps have ended";
  std::string buffer;
  if (first->state == Warp::State::AtBarrier)
    buffer = "barrier " + std::to_string(first->barrierId);
  else if (first->state == Warp::State::AtMbarrier)
    buffer = first->cta->sharedName(first->waitOffset);
  first->cta->report(Hazard::Deadlock, *first, -1, message, buffer);
}
