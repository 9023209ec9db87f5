//===- Cta.cpp - one thread block and its scheduler -----------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cluster.h"

using namespace attn::sim;

Cta::Cta(Cluster &cluster, unsigned rank, Tally &tally)
    : cluster(cluster), rank(rank), launch(cluster.launch), tally(tally),
      clocks(cluster.clocks) {}

uint64_t Cta::random() { return cluster.random(); }

void Cta::start(const Dim3 &ctaId) {
  id = ctaId;
  shared.reset(launch.sharedBytes, launch.program.sharedGranule);
  asyncProxy.reset(launch.sharedBytes, launch.program.usesAsyncProxy);
  mbarriers.reset();
  warpGroups.reset(launch.numWarps);
  globalRaces.reset(launch.program.globalGranule);
  for (Barrier &barrier : barriers)
    barrier = Barrier();
  stopped = false;
  findings.clear();
  reported.clear();
  touches.assign(size_t(launch.numWarps) * launch.clusterSize, Touch());
  freeRegisters = 0;
  warps.resize(launch.numWarps);
  unfinishedWarps = launch.numWarps;
  const Dim3 &block = launch.options.block;
  uint32_t threads = block.x * block.y * block.z;
  for (unsigned w = 0; w < launch.numWarps; ++w) {
    if (!warps[w])
      warps[w] = std::make_unique<Warp>();
    uint32_t lanes = std::min(threads - w * 32, 32u);
    warps[w]->start(*this, launch.program, w,
                    lanes == 32 ? ~0u : (1u << lanes) - 1);
  }
  tally.warps += launch.numWarps;
  ++tally.ctas;
}

static bool isFatal(Hazard hazard) {
  switch (hazard) {
  case Hazard::Deadlock:
  case Hazard::BarrierMisuse:
  case Hazard::DivergentWarpGroup:
  case Hazard::InstructionLimit:
  case Hazard::Trap:
    return true;
  default:
    return false;
  }
}

void Cta::report(Hazard hazard, const Warp &warp, int lane, std::string message,
                 std::string buffer) {
  reportAt(hazard, warp, warp.currentPc, lane, std::move(message),
           std::move(buffer));
}

void Cta::reportAt(Hazard hazard, const Warp &warp, uint32_t pc, int lane,
                   std::string message, std::string buffer) {
  if (isFatal(hazard))
    stopped = true;
  if (findings.size() >= launch.options.maxFindings && !isFatal(hazard))
    return;
  if (!reported.insert({int(hazard), pc}).second)
    return;
  Finding f;
  f.hazard = hazard;
  f.message = std::move(message);
  f.buffer = std::move(buffer);
  f.cta = id;
  f.warp = int(warp.index);
  f.lane = lane;
  if (pc < launch.program.code.size()) {
    const Inst &inst = launch.program.code[pc];
    f.ptxLine = inst.line;
    if (inst.line > 0 && size_t(inst.line) <= launch.module.lines.size())
      f.ptxText = launch.module.lines[size_t(inst.line) - 1];
    auto file = launch.module.files.find(inst.sourceFile);
    if (file != launch.module.files.end())
      f.sourceFile = file->second;
    f.sourceLine = inst.sourceLine;
  }
  findings.push_back(std::move(f));
}

std::string Cta::lineOf(uint32_t pc) const {
  return "line " + std::to_string(launch.program.code[pc].line);
}

std::string Cta::sharedName(uint32_t offset) const {
  std::string result = "shared";
  uint32_t base = sharedBase;
  for (const SharedSymbol &symbol : launch.program.sharedSymbols)
    if (symbol.offset <= offset + sharedBase &&
        (symbol.bytes == 0 ||
         offset + sharedBase < symbol.offset + symbol.bytes)) {
      result = symbol.name;
      base = symbol.offset;
    }
  return result + "+" + std::to_string(offset + sharedBase - base);
}

void Cta::warpFinished(Warp &warp) {
  --unfinishedWarps;
  cluster.noteProgress();
  for (const PendingCopy &copy : warp.copies) {
    if (copy.signals)
      continue;
    bool committed = copy.group < warp.committedGroups[copy.lane];
    reportAt(committed ? Hazard::UnwaitedCopy : Hazard::UncommittedCopy, warp,
             copy.pc, copy.lane,
             committed ? "thread ends without waiting for this copy"
                       : "thread ends without committing this copy",
             sharedName(copy.destination));
  }
  finishBulkStores(warp);
  cluster.warpFinished(warp);
  if (!unfinishedWarps)
    checkEnd(warp);
}

/// What must not be left to happen in the shared memory of a CTA that ends.
void Cta::checkEnd(Warp &last) {
  auto known = [&](unsigned agent, uint32_t time) {
    for (auto &warp : warps)
      if (clocks.knows(warp->clock, agent, time))
        return true;
    return false;
  };
  for (const Mbarrier &barrier : mbarriers.all()) {
    if (barrier.copyPhase && !known(barrier.agent, barrier.copyPhase))
      reportAt(Hazard::UnwaitedCopy, last, barrier.copyPc, -1,
               "CTA ends, and none of its warps has waited for the phase of "
               "the mbarrier that this copy arrives in",
               sharedName(barrier.offset));
    else if (barrier.live && barrier.outstanding)
      reportAt(Hazard::MbarrierMisuse, last, barrier.init.pc, -1,
               "CTA ends in the middle of a phase of this mbarrier: " +
                   describe(barrier),
               sharedName(barrier.offset));
  }
  for (unsigned peer = 0; peer < touches.size(); ++peer)
    if (touches[peer].time && !known(peer, touches[peer].time))
      reportAt(Hazard::ExitedPeer, last, touches[peer].pc, -1,
               "CTA " + std::to_string(rank) +
                   " of the cluster ends without waiting for this access of " +
                   cluster.warpName(peer) + " to its shared memory",
               "shared");
}

void Cta::checkAlive(const Warp &peer) const {
  if (finished())
    peer.cta->report(Hazard::ExitedPeer, peer, -1,
                     "CTA " + std::to_string(rank) +
                         " of the cluster has ended already",
                     "shared");
}

void Cta::noteTouch(const Warp &peer) {
  if (peer.cta != this)
    touches[peer.clock] = {clocks.time(peer.clock), peer.currentPc};
}

void Cta::arrive(Warp &warp, unsigned barrierId, unsigned warpCount,
                 bool wait) {
  Barrier &barrier = barriers[barrierId];
  unsigned expected = warpCount ? warpCount : launch.numWarps;
  uint32_t bit = 1u << warp.index;
  std::string where = "barrier " + std::to_string(barrierId);
  if (barrier.expected && barrier.expected != expected) {
    report(Hazard::BarrierMisuse, warp, -1,
           where + " is used with " + std::to_string(expected * 32) +
               " threads, but others came with " +
               std::to_string(barrier.expected * 32),
           where);
    return;
  }
  if (barrier.members & bit) {
    report(Hazard::BarrierMisuse, warp, -1,
           "warp arrives twice at " + where + " before it completes", where);
    return;
  }
  barrier.expected = expected;
  barrier.members |= bit;
  ++barrier.arrived;
  clocks.releaseWarp(warp.clock, barrier.published);
  cluster.noteProgress();
  if (wait) {
    barrier.waiting |= bit;
    warp.state = Warp::State::AtBarrier;
    warp.barrierId = barrierId;
    warp.barrierPc = warp.currentPc;
  }
  if (barrier.arrived < expected)
    return;
  for (auto &other : warps)
    if (barrier.waiting >> other->index & 1) {
      clocks.acquireWarp(other->clock, barrier.published);
      other->state = Warp::State::Ready;
    }
  warp.yield = true;
  barrier = Barrier();
}
