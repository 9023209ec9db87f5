//===- RegisterCount.cpp - setmaxnreg -------------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Warps give registers to a pool of the CTA and take them from it; who takes
// waits until there are enough. How many registers a warp needs is not known
// from PTX, where they are virtual.
//
//===----------------------------------------------------------------------===//

#include "Access.h"

using namespace attn::sim;

namespace {
constexpr unsigned leastRegisters = 24, mostRegisters = 256;

void reportBudget(Warp &warp, std::string message) {
  warp.report(Hazard::RegisterBudget, -1, std::move(message));
}

/// All warps of a warp group execute the same changes, one after the other.
void checkWarpGroup(Warp &warp) {
  Cta &cta = *warp.cta;
  unsigned first = warp.index / 4 * 4;
  if (first + 4 > cta.warps.size()) {
    reportBudget(warp, "setmaxnreg in a warp group of less than four warps");
    return;
  }
  unsigned number = warp.registerChanges;
  for (unsigned i = first; i < first + 4; ++i) {
    const Warp &other = *cta.warps[i];
    bool sameStep = other.registerChanges == number + 1;
    if (sameStep && other.lastRegisterChange != warp.currentPc)
      reportBudget(warp, "another warp of the warp group executed " +
                             cta.lineOf(other.lastRegisterChange) + " instead");
    if (other.registerChanges < number && number)
      reportBudget(warp,
                   "the warps of the warp group have not synchronised since "
                   "the last setmaxnreg: warp " +
                       std::to_string(i) + " has not executed it");
  }
}

/// Can the pool ever have `needed` registers more?
bool canGetRegisters(const Warp &warp, unsigned needed) {
  uint64_t most = warp.cta->freeRegisters;
  for (auto &other : warp.cta->warps)
    if (other.get() != &warp && other->registerCount() > leastRegisters)
      most += (other->registerCount() - leastRegisters) * 32u;
  return needed <= most;
}

void changed(Warp &warp, unsigned count) {
  warp.registersHeld = count;
  warp.lastRegisterChange = warp.currentPc;
  ++warp.registerChanges;
  warp.cta->cluster.noteProgress();
}

void execDecrease(Warp &warp, const Inst &inst, uint32_t) {
  unsigned count = unsigned(inst.offset), held = warp.registerCount();
  checkWarpGroup(warp);
  if (count > held) {
    reportBudget(warp, "setmaxnreg.dec to " + std::to_string(count) +
                           " registers by a warp that has " +
                           std::to_string(held));
    return;
  }
  Cta &cta = *warp.cta;
  cta.freeRegisters += (held - count) * 32;
  changed(warp, count);
  for (auto &other : cta.warps)
    if (other->state == Warp::State::AtRegisters)
      other->state = Warp::State::Ready;
}

void execIncrease(Warp &warp, const Inst &inst, uint32_t) {
  unsigned count = unsigned(inst.offset), held = warp.registerCount();
  Cta &cta = *warp.cta;
  if (count < held) {
    reportBudget(warp, "setmaxnreg.inc to " + std::to_string(count) +
                           " registers by a warp that has " +
                           std::to_string(held));
    return;
  }
  unsigned needed = (count - held) * 32;
  if (needed > cta.freeRegisters) {
    if (!canGetRegisters(warp, needed))
      reportBudget(warp, "setmaxnreg.inc to " + std::to_string(count) +
                             " registers can never be satisfied: the CTA "
                             "started with " +
                             std::to_string(cta.launch.registersPerThread) +
                             " for each thread");
    return warp.blockHere(Warp::State::AtRegisters);
  }
  checkWarpGroup(warp);
  cta.freeRegisters -= needed;
  changed(warp, count);
}

/// setmaxnreg.{inc,dec}.sync.aligned.u32 n
bool decodeSetmaxnreg(DecodeContext &d, Inst &inst) {
  std::string_view what = d.takeOneOf({"inc", "dec"});
  if (!d.requireTarget("sm_90a"))
    return false;
  if (what.empty() || !d.take("sync") || !d.take("aligned") || !d.take("u32") ||
      !d.expectOperands(1))
    return d.fail("unknown form");
  inst.offset = d.immediate(d.operand(0));
  if (inst.offset < leastRegisters || inst.offset > mostRegisters ||
      inst.offset % 8)
    return d.fail("register count must be a multiple of 8 from 24 to 256");
  const Program &p = d.program;
  if (!p.maxRegisters && !p.maxntid.x && !p.info.reqntid.x)
    return d.fail("setmaxnreg needs .reqntid, .maxntid or .maxnreg: without "
                  "them the assembler may ignore it");
  inst.exec = what == "inc" ? execIncrease : execDecrease;
  return true;
}
} // namespace

void attn::sim::registerRegisterCount(OpcodeTable &table) {
  table["setmaxnreg"] = decodeSetmaxnreg;
}
