//===- Warp.h - state of one warp -------------------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_WARP_H
#define ATTN_LIB_SIM_WARP_H

#include "BulkQueue.h"
#include "LaneTypes.h"
#include "Program.h"
#include "Sanitizer/Clocks.h"
#include "Sanitizer/RegisterHazards.h"
#include "WarpGroup.h"
#include "attn/Sim/Launch.h"

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

namespace attn::sim {

class Cta;

/// A cp.async that has not taken effect. A lane's groups are numbered from 0.
struct PendingCopy {
  uint64_t source = 0;
  uint32_t destination = 0; ///< offset in shared memory
  uint32_t group = 0;
  uint32_t pc = 0;
  uint32_t serial = 0; ///< counts the copies of the warp
  uint8_t lane = 0, bytes = 0, sourceBytes = 0;
  bool signals = false; ///< an mbarrier is told when it ends
};

/// One path of diverged lanes. The path ends when `pc` reaches `reconverge`.
struct Path {
  uint32_t pc = 0;
  uint32_t mask = 0;
  uint32_t reconverge = noPc;
};

class Warp {
public:
  enum class State : uint8_t {
    Ready,
    AtBarrier,
    AtMbarrier,
    AtClusterBarrier,
    AtRegisters, ///< waits for the register pool
    AtWarpGroup,
    Done
  };

  void start(Cta &cta, const Program &program, unsigned index, uint32_t lanes);

  /// Executes until `budget` instructions are spent, the warp blocks, or the
  /// CTA is stopped.
  void run(uint64_t budget);

  // Registers. A slot is 32 words; 64-bit values use two.
  const uint32_t *source(uint32_t slot) const {
    return files[slot >> 31] + size_t(slot & ~constantSlot) * 32;
  }
  uint32_t *destination(uint32_t slot) { return registers + size_t(slot) * 32; }
  uint32_t poison(uint32_t slot) const {
    return slot & constantSlot ? 0 : poisonMasks[slot];
  }
  void setPoison(uint32_t slot, uint32_t mask, uint32_t value) {
    poisonMasks[slot] = (poisonMasks[slot] & ~mask) | (value & mask);
  }

  // Predicates: a bit for each lane.
  uint32_t predicate(uint32_t ref) const {
    uint32_t value = predicates[ref & ~negatedPredicate];
    return ref & negatedPredicate ? ~value : value;
  }
  uint32_t predicatePoison(uint32_t ref) const {
    return predicatePoisons[ref & ~negatedPredicate];
  }
  void setPredicate(uint32_t index, uint32_t mask, uint32_t value,
                    uint32_t poison) {
    predicates[index] = (predicates[index] & ~mask) | (value & mask);
    predicatePoisons[index] =
        (predicatePoisons[index] & ~mask) | (poison & mask);
  }
  const uint32_t *operands(const Inst &inst) const {
    return program->operands.data() + inst.ops;
  }

  // Control flow.
  uint32_t active() const { return paths.back().mask; }
  uint32_t liveLanes() const { return live; }
  uint32_t initialLanes() const { return initial; }
  void jump(uint32_t pc) { nextPc = pc; }
  /// Blocks at the present instruction, which is executed again when the state
  /// is Ready again.
  void blockHere(State why) {
    state = why;
    nextPc = currentPc;
  }
  void branch(const Inst &inst, uint32_t taken);
  /// Sends the lanes of each mask to its target; all active lanes together.
  void diverge(const std::vector<Path> &ways, uint32_t reconverge);
  void exitLanes(uint32_t mask);
  uint32_t pc() const { return paths.empty() ? currentPc : paths.back().pc; }

  /// Reports at the current instruction. `lane` -1: the warp as a whole.
  void report(Hazard hazard, int lane, std::string message,
              std::string buffer = {});
  /// Reports lanes of `poisoned` that reach something that matters.
  void reportPoison(uint32_t poisoned, const char *what);
  Accessor accessor(const Inst &inst, unsigned lane) const {
    return {clock, lane, inst.pc, uint32_t(executed), false};
  }

  Cta *cta = nullptr;
  const Program *program = nullptr;
  unsigned index = 0; ///< in the CTA
  unsigned clock = 0; ///< in the clocks of the cluster
  State state = State::Ready;
  uint64_t executed = 0;
  uint32_t currentPc = 0;
  bool yield = false; ///< set by an instruction that invites a switch

  // Asynchronous copies.
  std::vector<PendingCopy> copies; ///< in issue order
  uint32_t committedGroups[32];
  uint32_t copySerial = 0;
  BulkQueue bulk;

  // wgmma.
  WgmmaQueue wgmmas;
  RegisterHazards fragments;

  // At a barrier.
  unsigned barrierId = 0;
  uint32_t barrierPc = 0;

  // At an mbarrier, and the wait that failed last: (pc, offset, phase).
  uint32_t waitOffset = 0, waitParity = 0;
  std::array<uint32_t, 3> failedWait = {noPc, 0, 0};
  bool waitTimedOut = false;

  // At the barrier of the cluster.
  uint32_t clusterArrivals = 0; ///< generations that the warp has arrived for
  uint32_t clusterWaits = 0;    ///< generations that it has waited for
  uint32_t clusterFence = 0;    ///< time of the last fence of this scope
  /// By warp of the clocks: time up to which its mbarrier.inits are visible.
  std::vector<uint32_t> knownInits;

  /// Registers of each thread, as setmaxnreg left them.
  unsigned registerCount() const { return registersHeld; }
  unsigned registersHeld = 0;
  unsigned registerChanges = 0; ///< setmaxnregs executed
  uint32_t lastRegisterChange = noPc;

  // Local memory: localBytes for each lane, one after the other.
  std::vector<uint8_t> local, localInit;

private:
  void setSpecials();
  uint64_t specialValue(const SpecialSlot &special, uint32_t lane) const;
  void popFinishedPaths();
  bool checkGuard(const Inst &inst, uint32_t active);

  struct Freed {
    void operator()(uint32_t *p) const { std::free(p); }
  };
  std::unique_ptr<uint32_t, Freed> storage;
  size_t storageSlots = 0;
  uint32_t *registers = nullptr;
  const uint32_t *files[2] = {nullptr, nullptr};
  std::vector<uint32_t> poisonMasks;
  std::vector<uint32_t> predicates, predicatePoisons;
  std::vector<Path> paths; ///< innermost last; empty when all have exited
  uint32_t live = 0, initial = 0;
  uint32_t nextPc = 0;
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_WARP_H
