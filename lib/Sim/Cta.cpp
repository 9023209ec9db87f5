//===- Cta.cpp - one thread block and its scheduler -----------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cta.h"

using namespace attn::sim;

uint64_t Cta::random() {
  // splitmix64
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void Cta::start(uint64_t ctaNumber) {
  number = ctaNumber;
  const Dim3 &grid = launch.options.grid;
  id = {uint32_t(number % grid.x), uint32_t(number / grid.x % grid.y),
        uint32_t(number / (uint64_t(grid.x) * grid.y))};
  state = launch.options.seed * 0x2545f4914f6cdd1du + number;
  shared.reset(launch.sharedBytes, launch.program.sharedGranule,
               launch.numWarps);
  clocks.reset(launch.numWarps);
  globalRaces.reset(launch.program.globalGranule);
  for (Barrier &barrier : barriers)
    barrier = Barrier();
  stopped = false;
  findings.clear();
  reported.clear();
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

Cta::Progress Cta::step() {
  if (stopped || !unfinishedWarps)
    return Progress::Finished;
  unsigned ready[32], count = 0;
  for (auto &warp : warps)
    if (warp->state == Warp::State::Ready)
      ready[count++] = warp->index;
  if (!count) {
    reportDeadlock();
    return Progress::Finished;
  }
  uint64_t r = random();
  Warp &warp = *warps[ready[(r >> 32) % count]];
  // Mostly short turns; now and then one warp runs far ahead.
  uint64_t turn = r % 16 == 0 ? 4096 : 1 + (r >> 8) % 256;
  warp.run(count == 1 ? 4096 : turn);
  return stopped || !unfinishedWarps ? Progress::Finished : Progress::Running;
}

static bool isFatal(Hazard hazard) {
  switch (hazard) {
  case Hazard::Deadlock:
  case Hazard::BarrierMisuse:
  case Hazard::InstructionLimit:
  case Hazard::Trap:
    return true;
  default:
    return false;
  }
}

void Cta::report(Hazard hazard, const Warp &warp, int lane, std::string message,
                 std::string buffer) {
  if (isFatal(hazard))
    stopped = true;
  if (findings.size() >= launch.options.maxFindings && !isFatal(hazard))
    return;
  if (!reported.insert({int(hazard), warp.currentPc}).second)
    return;
  Finding f;
  f.hazard = hazard;
  f.message = std::move(message);
  f.buffer = std::move(buffer);
  f.cta = id;
  f.warp = int(warp.index);
  f.lane = lane;
  if (warp.currentPc < launch.program.code.size()) {
    const Inst &inst = launch.program.code[warp.currentPc];
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

/// Copies that nobody waited for when the warp ends.
void Cta::warpFinished(Warp &warp) {
  --unfinishedWarps;
  uint32_t pcAtEnd = warp.currentPc;
  for (const PendingCopy &copy : warp.copies) {
    bool committed = copy.group < warp.committedGroups[copy.lane];
    warp.currentPc = copy.pc;
    report(committed ? Hazard::UnwaitedCopy : Hazard::UncommittedCopy, warp,
           copy.lane,
           committed ? "thread ends without waiting for this copy"
                     : "thread ends without committing this copy",
           sharedName(copy.destination));
  }
  warp.currentPc = pcAtEnd;
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
  clocks.release(warp.index, barrier.published);
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
      clocks.acquire(other->index, barrier.published);
      other->state = Warp::State::Ready;
    }
  warp.yield = true;
  barrier = Barrier();
}

void Cta::reportDeadlock() {
  std::string message = "no warp can go on:";
  const Warp *first = nullptr;
  for (auto &warp : warps) {
    if (warp->state != Warp::State::AtBarrier)
      continue;
    if (!first)
      first = warp.get();
    const Barrier &barrier = barriers[warp->barrierId];
    message += " warp " + std::to_string(warp->index) + " waits at barrier " +
               std::to_string(warp->barrierId) + " (line " +
               std::to_string(launch.program.code[warp->barrierPc].line) +
               ", " + std::to_string(barrier.arrived) + " of " +
               std::to_string(barrier.expected) + " warps arrived);";
  }
  unsigned done = 0;
  for (auto &warp : warps)
    done += warp->state == Warp::State::Done;
  message += " " + std::to_string(done) + " warps have ended";
  if (first)
    report(Hazard::Deadlock, *first, -1, message,
           "barrier " + std::to_string(first->barrierId));
}
