//===- Warp.cpp - state of one warp ---------------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Diverged lanes follow a stack of paths that meet at immediate
// post-dominators. Which side of a branch goes first is drawn by the CTA's
// random numbers: a kernel must not depend on it.
//
//===----------------------------------------------------------------------===//

#include "Warp.h"

#include "Cluster.h"

using namespace attn::sim;

void Warp::start(Cta &owner, const Program &p, unsigned warpIndex,
                 uint32_t lanes) {
  cta = &owner;
  program = &p;
  index = warpIndex;
  clock = owner.rank * owner.launch.numWarps + warpIndex;
  state = State::Ready;
  executed = 0;
  currentPc = 0;
  if (storageSlots < p.numSlots) {
    storage.reset(static_cast<uint32_t *>(
        std::aligned_alloc(128, size_t(p.numSlots) * 128)));
    storageSlots = p.numSlots;
  }
  registers = storage.get();
  // Garbage that is neither a small number nor a finite float.
  std::memset(registers, 0xff, size_t(p.numSlots) * 128);
  files[0] = registers;
  files[1] = p.constants.data();
  poisonMasks.assign(p.numSlots, ~0u);
  predicates.assign(p.numPredicates, 0);
  predicatePoisons.assign(p.numPredicates, ~0u);
  predicates[truePredicate] = ~0u;
  predicatePoisons[truePredicate] = 0;
  live = initial = lanes;
  paths.assign(1, {0, lanes, noPc});
  copies.clear();
  copySerial = 0;
  bulk.reset();
  failedWait = {noPc, 0, 0};
  waitTimedOut = false;
  clusterArrivals = clusterWaits = clusterFence = 0;
  knownInits.clear();
  registersHeld = owner.launch.registersPerThread;
  registerChanges = 0;
  wgmmas.reset();
  fragments.reset(p.numFragments);
  std::fill(std::begin(committedGroups), std::end(committedGroups), 0);
  local.assign(size_t(p.localBytes) * 32, 0xff);
  localInit.assign(size_t(p.localBytes) * 32, 0);
  setSpecials();
}

static uint32_t component(const Dim3 &d, uint32_t i) {
  return i == 0 ? d.x : i == 1 ? d.y : d.z;
}

uint64_t Warp::specialValue(const SpecialSlot &s, uint32_t lane) const {
  const LaunchState &launch = cta->launch;
  const Dim3 &block = launch.options.block;
  uint32_t thread = index * 32 + lane;
  Dim3 tid{thread % block.x, thread / block.x % block.y,
           thread / (block.x * block.y)};
  uint32_t at = component(cta->id, s.component);
  uint32_t grid = component(launch.options.grid, s.component);
  uint32_t cluster = component(launch.cluster, s.component);
  switch (s.kind) {
  case SpecialKind::Tid:
    return component(tid, s.component);
  case SpecialKind::NTid:
    return component(block, s.component);
  case SpecialKind::CtaId:
    return at;
  case SpecialKind::NCtaId:
    return grid;
  case SpecialKind::LaneId:
    return lane;
  case SpecialKind::WarpId:
    return index;
  case SpecialKind::NWarpId:
    return cta->warps.size();
  case SpecialKind::LaneMaskEq:
    return 1u << lane;
  case SpecialKind::LaneMaskLe:
    return (2u << lane) - 1;
  case SpecialKind::LaneMaskLt:
    return (1u << lane) - 1;
  case SpecialKind::LaneMaskGe:
    return ~((1u << lane) - 1);
  case SpecialKind::LaneMaskGt:
    return ~((2u << lane) - 1);
  case SpecialKind::DynamicSharedSize:
    return launch.options.dynamicSharedBytes;
  case SpecialKind::ClusterId:
    return at / cluster;
  case SpecialKind::NClusterId:
    return grid / cluster;
  case SpecialKind::ClusterCtaId:
    return at % cluster;
  case SpecialKind::ClusterNCtaId:
    return cluster;
  case SpecialKind::ClusterCtaRank:
    return cta->rank;
  case SpecialKind::ClusterNCtaRank:
    return launch.clusterSize;
  case SpecialKind::GlobalVariable:
    return launch.globals[s.component] + s.offset;
  }
  return 0;
}

void Warp::setSpecials() {
  for (const SpecialSlot &s : program->specials) {
    for (uint32_t lane = 0; lane < 32; ++lane) {
      uint64_t value = specialValue(s, lane);
      if (s.is64)
        setLane<uint64_t>(destination(s.slot), int(lane), value);
      else
        setLane<uint32_t>(destination(s.slot), int(lane), uint32_t(value));
    }
    poisonMasks[s.slot] = 0;
  }
}

void Warp::report(Hazard hazard, int lane, std::string message,
                  std::string buffer) {
  cta->report(hazard, *this, lane, std::move(message), std::move(buffer));
}

void Warp::reportPoison(uint32_t poisoned, const char *what) {
  if (poisoned)
    report(Hazard::Uninitialised, __builtin_ctz(poisoned),
           std::string("uninitialised value reaches ") + what);
}

bool Warp::checkGuard(const Inst &inst, uint32_t active) {
  uint32_t poisoned = predicatePoison(inst.guard) & active;
  if (!poisoned)
    return true;
  reportPoison(poisoned, inst.isBranch ? "a branch" : "a guard");
  predicatePoisons[inst.guard & ~negatedPredicate] &= ~poisoned;
  return true;
}

void Warp::popFinishedPaths() {
  while (!paths.empty()) {
    Path &top = paths.back();
    if (top.mask && !(paths.size() > 1 && top.pc == top.reconverge))
      return;
    paths.pop_back();
  }
}

void Warp::exitLanes(uint32_t mask) {
  live &= ~mask;
  for (Path &path : paths)
    path.mask &= ~mask;
}

void Warp::branch(const Inst &inst, uint32_t taken) {
  uint32_t others = active() & ~taken;
  if (!others) {
    nextPc = inst.target;
    return;
  }
  if (inst.isUniform)
    report(Hazard::DivergentAligned, __builtin_ctz(taken),
           "lanes disagree about a uniform branch");
  diverge({{inst.target, taken, 0}, {nextPc, others, 0}}, inst.reconverge);
}

void Warp::diverge(const std::vector<Path> &ways, uint32_t reconverge) {
  // The present path waits at the meeting point, unless the one below it does
  // so already, as on the second turn of a loop that lanes leave one by one.
  Path top = paths.back();
  paths.pop_back();
  if (paths.empty() || top.reconverge != reconverge || reconverge == noPc) {
    // Without a meeting point all ways are independent to the end.
    if (reconverge != noPc)
      paths.push_back({reconverge, top.mask, top.reconverge});
  }
  size_t first = cta->random() % ways.size();
  for (size_t i = 0; i < ways.size(); ++i) {
    Path way = ways[(first + i) % ways.size()];
    way.reconverge = reconverge;
    if (way.mask && way.pc != reconverge)
      paths.push_back(way);
  }
  if (paths.empty()) // cannot happen: some way has lanes
    return;
  nextPc = paths.back().pc;
}

void Warp::run(uint64_t budget) {
  const Inst *code = program->code.data();
  const uint32_t size = uint32_t(program->code.size());
  Tally::Line *tally = cta->tally.byPc.data();
  yield = false;
  while (budget-- && !yield) {
    popFinishedPaths();
    if (paths.empty() || paths.back().pc >= size) {
      // Falling off the end is a return.
      if (!paths.empty()) {
        exitLanes(paths.back().mask);
        continue;
      }
      state = State::Done;
      cta->warpGroups.of(*this).finish(*this);
      cta->warpFinished(*this);
      return;
    }
    Path &path = paths.back();
    const Inst &inst = code[path.pc];
    currentPc = path.pc;
    uint32_t mask = path.mask;
    if (inst.guard != truePredicate) {
      checkGuard(inst, mask);
      mask &= predicate(inst.guard);
    }
    nextPc = path.pc + 1;
    if (++executed > cta->launch.instructionLimit) {
      report(Hazard::InstructionLimit, -1,
             "warp has executed " +
                 std::to_string(cta->launch.instructionLimit) +
                 " instructions without coming to an end");
      return;
    }
    if (mask) {
      tally[currentPc].executions += 1;
      tally[currentPc].lanes += unsigned(__builtin_popcount(mask));
      if (inst.numUses)
        fragments.access(*this, inst);
      inst.exec(*this, inst, mask);
    }
    if (!paths.empty())
      paths.back().pc = nextPc;
    if (state != State::Ready || cta->stopped)
      return;
  }
}
