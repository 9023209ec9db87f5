//===- RegisterHazards.h - registers that wgmma works on --------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A wgmma works on its accumulators and on its A registers from its issue to
// the wait_group that covers it. In between nothing else may touch the first or
// write the second. Before it, a wgmma.fence must lie between any access to one
// of these registers and the wgmma; only wgmmas with the same accumulators
// follow each other without.
//
// Assembled code often survives a breach, because the assembler inserts what is
// missing, at a price. What is judged here is the PTX.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_SANITIZER_REGISTERHAZARDS_H
#define ATTN_LIB_SIM_SANITIZER_REGISTERHAZARDS_H

#include "../Program.h"

namespace attn::sim {

/// Numbers the registers that wgmma uses, and keeps of Program::fragmentUses,
/// which has all uses of all registers by slot, those of ordinary instructions
/// to these registers. Without wgmma nothing remains.
void keepFragmentUses(Program &program);

/// The registers of one warp. Lanes are not told apart: wgmma takes all.
class RegisterHazards {
public:
  void reset(uint32_t numFragments) {
    states.assign(numFragments, State());
    epoch = 1;
    inFlight = 0;
  }

  /// An instruction other than wgmma is about to be executed.
  void access(Warp &warp, const Inst &inst);
  /// wgmma.fence.
  void fence() { ++epoch; }
  /// Judges the registers of a wgmma and puts it in flight.
  void issue(Warp &warp, const Inst &inst);
  /// A wait covers the wgmma.
  void complete(const Warp &warp, const Inst &inst);

private:
  struct State {
    // The epoch of the last access; fences count epochs.
    uint32_t read = 0, written = 0, accumulated = 0;
    uint32_t accumulatorPc = 0, operandPc = 0; ///< of the last wgmma
    uint16_t accumulating = 0, feeding = 0;    ///< wgmmas in flight

    bool inFlight() const { return accumulating || feeding; }
  };

  void issueAccumulator(Warp &warp, const Inst &inst, State &state,
                        bool sameAsLast);
  void issueOperand(Warp &warp, State &state);

  std::vector<State> states;
  uint32_t epoch = 1;    ///< 1: no fence yet
  uint32_t inFlight = 0; ///< accumulators and A registers
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_SANITIZER_REGISTERHAZARDS_H
