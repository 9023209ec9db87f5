//===- Control.cpp - branches and ends ------------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Cta.h"
#include "Lanes.h"

using namespace attn::sim;

namespace {
void execBra(Warp &warp, const Inst &inst, uint32_t mask) {
  warp.branch(inst, mask);
}

/// brx.idx: one way for each target that a lane picks, plus those whose guard
/// is false.
void execBrx(Warp &warp, const Inst &inst, uint32_t mask) {
  const std::vector<uint32_t> &targets =
      warp.program->targetLists[inst.targetList];
  uint32_t poisoned = warp.poison(inst.a) & mask;
  warp.reportPoison(poisoned, "a branch index");
  std::vector<Path> ways;
  auto add = [&](uint32_t pc, uint32_t lanes) {
    for (Path &way : ways)
      if (way.pc == pc) {
        way.mask |= lanes;
        return;
      }
    ways.push_back({pc, lanes, 0});
  };
  if (uint32_t rest = warp.active() & ~mask)
    add(inst.pc + 1, rest);
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    int lane = __builtin_ctz(rest);
    uint32_t index = warp.source(inst.a)[lane];
    if (index >= targets.size()) {
      warp.report(Hazard::OutOfBounds, lane, "branch index is out of range");
      warp.cta->stopped = true;
      return;
    }
    add(targets[index], 1u << lane);
  }
  if (ways.size() == 1)
    warp.jump(ways[0].pc);
  else
    warp.diverge(ways, inst.reconverge);
}

bool decodeBra(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Control;
  inst.isUniform = d.take("uni");
  if (!d.expectOperands(1))
    return false;
  inst.isBranch = true;
  inst.target = d.label(d.operand(0));
  inst.exec = execBra;
  return true;
}

bool decodeBrx(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Control;
  if (!d.take("idx") || !d.expectOperands(2))
    return d.fail("unsupported form");
  inst.isUniform = d.take("uni");
  inst.isBranch = true;
  inst.a = d.source(0, ScalarType::U32);
  inst.targetList = d.branchTargets(d.operand(1));
  inst.exec = execBrx;
  return true;
}

bool decodeExit(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Control;
  d.take("uni");
  inst.isExit = true;
  inst.exec = [](Warp &warp, const Inst &, uint32_t mask) {
    warp.exitLanes(mask);
  };
  return d.expectOperands(0);
}

bool decodeTrap(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Control;
  inst.isExit = true;
  inst.exec = [](Warp &warp, const Inst &, uint32_t mask) {
    warp.report(Hazard::Trap, __builtin_ctz(mask), "trap is executed");
  };
  return d.expectOperands(0);
}

bool decodeNothing(DecodeContext &d, Inst &inst) {
  d.nextModifier();
  inst.exec = [](Warp &, const Inst &, uint32_t) {};
  return d.expectOperands(1);
}
} // namespace

void attn::sim::registerControl(OpcodeTable &table) {
  table["bra"] = decodeBra;
  table["brx"] = decodeBrx;
  table["ret"] = decodeExit;
  table["exit"] = decodeExit;
  table["trap"] = decodeTrap;
  table["nanosleep"] = decodeNothing;
}
