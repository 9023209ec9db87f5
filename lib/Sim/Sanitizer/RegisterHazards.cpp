//===- RegisterHazards.cpp - registers that wgmma works on ----------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RegisterHazards.h"

#include "../Warp.h"

#include <algorithm>

using namespace attn::sim;

/// Addresses, descriptors, loop counters and the like.
static constexpr uint32_t leastOtherRegisters = 32;

/// Accumulators come first in the operand pool of a wgmma, then A registers.
static uint32_t numAccumulators(const Inst &wgmma) { return wgmma.count * 4u; }

static std::string lineOf(const Warp &warp, uint32_t pc) {
  return "line " + std::to_string(warp.program->code[pc].line);
}

void attn::sim::keepFragmentUses(Program &program) {
  std::vector<FragmentUse> all = std::move(program.fragmentUses);
  program.fragmentUses.clear();
  for (const Inst &inst : program.code) {
    if (inst.cls != InstClass::Wgmma)
      continue;
    program.fragmentOf.resize(program.numSlots, noFragment);
    for (uint32_t i = 0; i < inst.numOps; ++i) {
      uint32_t slot = program.operands[inst.ops + i];
      if (!(slot & constantSlot) && program.fragmentOf[slot] == noFragment)
        program.fragmentOf[slot] = program.numFragments++;
    }
  }
  for (Inst &inst : program.code) {
    uint32_t first = inst.uses, count = inst.numUses;
    inst.uses = uint32_t(program.fragmentUses.size());
    inst.numUses = 0;
    if (inst.cls == InstClass::Wgmma || program.fragmentOf.empty())
      continue;
    for (uint32_t i = first; i < first + count; ++i) {
      // The uses of an instruction have slots; these have fragments.
      uint32_t fragment = program.fragmentOf[all[i].fragment];
      if (fragment == noFragment)
        continue;
      program.fragmentUses.push_back({fragment, all[i].isWrite});
      ++inst.numUses;
    }
  }
}

void RegisterHazards::access(Warp &warp, const Inst &inst) {
  const FragmentUse *uses = &warp.program->fragmentUses[inst.uses];
  for (uint32_t i = 0; i < inst.numUses; ++i) {
    State &state = states[uses[i].fragment];
    bool isWrite = uses[i].isWrite;
    if (state.accumulating)
      warp.report(Hazard::WgmmaAccumulatorInFlight, -1,
                  std::string(isWrite ? "write to" : "read of") +
                      " an accumulator of the wgmma at " +
                      lineOf(warp, state.accumulatorPc) +
                      ", which no wait_group has covered yet");
    if (state.feeding && isWrite)
      warp.report(Hazard::WgmmaOperandOverwritten, -1,
                  "write to a register that the wgmma at " +
                      lineOf(warp, state.operandPc) +
                      " has as A, and no wait_group has covered it yet");
    (isWrite ? state.written : state.read) = epoch;
  }
}

void RegisterHazards::issueAccumulator(Warp &warp, const Inst &inst,
                                       State &state, bool sameAsLast) {
  if (state.feeding)
    warp.report(Hazard::WgmmaOperandOverwritten, -1,
                "an accumulator is a register that the wgmma at " +
                    lineOf(warp, state.operandPc) +
                    " has as A, and no wait_group has covered it yet");
  if (state.accumulating && !sameAsLast)
    warp.report(Hazard::WgmmaAccumulatorInFlight, -1,
                "an accumulator belongs to the wgmma at " +
                    lineOf(warp, state.accumulatorPc) +
                    ", which is in flight and has another shape or other "
                    "accumulators");
  else if (state.read == epoch || state.written == epoch)
    warp.report(Hazard::MissingWgmmaFence, -1,
                "an accumulator was accessed after the last wgmma.fence");
  else if (state.accumulated == epoch && !sameAsLast)
    warp.report(Hazard::MissingWgmmaFence, -1,
                "an accumulator belongs to the wgmma at " +
                    lineOf(warp, state.accumulatorPc) +
                    " of another shape, and there is no wgmma.fence between");
  inFlight += !state.inFlight();
  ++state.accumulating;
  state.accumulated = epoch;
  state.accumulatorPc = inst.pc;
}

void RegisterHazards::issueOperand(Warp &warp, State &state) {
  if (state.accumulating)
    warp.report(Hazard::WgmmaAccumulatorInFlight, -1,
                "an A register is an accumulator of the wgmma at " +
                    lineOf(warp, state.accumulatorPc) +
                    ", which no wait_group has covered yet");
  if (state.written == epoch || state.accumulated == epoch)
    warp.report(Hazard::MissingWgmmaFence, -1,
                "an A register was written after the last wgmma.fence");
  inFlight += !state.inFlight();
  ++state.feeding;
  state.operandPc = warp.currentPc;
}

void RegisterHazards::issue(Warp &warp, const Inst &inst) {
  const Program &program = *warp.program;
  const uint32_t *ops = warp.operands(inst);
  uint32_t accumulators = numAccumulators(inst);
  if (epoch == 1)
    warp.report(Hazard::MissingWgmmaFence, -1,
                "the first wgmma of the warp has no wgmma.fence before it");
  // Mostly all registers of a chain have the same predecessor.
  uint32_t comparedPc = noPc;
  bool same = false;
  for (uint32_t i = 0; i < accumulators; ++i) {
    State &state = states[program.fragmentOf[ops[i]]];
    if (state.accumulatorPc != comparedPc) {
      comparedPc = state.accumulatorPc;
      const Inst &last = program.code[comparedPc];
      same = last.cls == InstClass::Wgmma && last.count == inst.count &&
             last.width == inst.width &&
             std::equal(ops, ops + accumulators, warp.operands(last));
    }
    issueAccumulator(warp, inst, state, same);
  }
  for (uint32_t i = accumulators; i < inst.numOps; ++i)
    if (!(ops[i] & constantSlot))
      issueOperand(warp, states[program.fragmentOf[ops[i]]]);
  // How many registers the warp really needs is for the assembler to say; it
  // cannot be less than this.
  if (inFlight + leastOtherRegisters > warp.registerCount())
    warp.report(
        Hazard::RegisterBudget, -1,
        std::to_string(inFlight) +
            " accumulators and A registers are in flight in a warp of " +
            std::to_string(warp.registerCount()) +
            " registers a thread, and at least " +
            std::to_string(leastOtherRegisters) + " are needed beside them");
}

void RegisterHazards::complete(const Warp &warp, const Inst &inst) {
  const Program &program = *warp.program;
  const uint32_t *ops = warp.operands(inst);
  for (uint32_t i = 0; i < inst.numOps; ++i) {
    if (ops[i] & constantSlot)
      continue;
    State &state = states[program.fragmentOf[ops[i]]];
    --(i < numAccumulators(inst) ? state.accumulating : state.feeding);
    inFlight -= !state.inFlight();
  }
}
