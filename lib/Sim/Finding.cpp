//===- Finding.cpp - names and text of findings ---------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Sim/Launch.h"

using namespace attn::sim;

const char *attn::sim::name(Hazard hazard) {
  switch (hazard) {
  case Hazard::OutOfBounds:
    return "out-of-bounds";
  case Hazard::Misaligned:
    return "misaligned";
  case Hazard::WrongSpace:
    return "wrong-space";
  case Hazard::Uninitialised:
    return "uninitialised";
  case Hazard::UnfinishedCopy:
    return "unfinished-copy";
  case Hazard::UncommittedCopy:
    return "uncommitted-copy";
  case Hazard::UnwaitedCopy:
    return "unwaited-copy";
  case Hazard::CopyOverlap:
    return "copy-overlap";
  case Hazard::SharedRace:
    return "shared-race";
  case Hazard::GlobalRace:
    return "global-race";
  case Hazard::DivergentAligned:
    return "divergent-aligned";
  case Hazard::InactiveLane:
    return "inactive-lane";
  case Hazard::BarrierMisuse:
    return "barrier-misuse";
  case Hazard::Deadlock:
    return "deadlock";
  case Hazard::InvalidOperand:
    return "invalid-operand";
  case Hazard::WgmmaAccumulatorInFlight:
    return "wgmma-accumulator-in-flight";
  case Hazard::WgmmaOperandOverwritten:
    return "wgmma-operand-overwritten";
  case Hazard::MissingWgmmaFence:
    return "missing-wgmma-fence";
  case Hazard::UnwaitedWgmma:
    return "unwaited-wgmma";
  case Hazard::DivergentWarpGroup:
    return "divergent-warp-group";
  case Hazard::MbarrierMisuse:
    return "mbarrier-misuse";
  case Hazard::PhaseOverrun:
    return "phase-overrun";
  case Hazard::UnpublishedWrite:
    return "unpublished-write";
  case Hazard::OverwrittenOperand:
    return "overwritten-operand";
  case Hazard::ExitedPeer:
    return "exited-peer";
  case Hazard::RegisterBudget:
    return "register-budget";
  case Hazard::InstructionLimit:
    return "instruction-limit";
  case Hazard::Trap:
    return "trap";
  case Hazard::BadLaunch:
    return "bad-launch";
  }
  return "unknown";
}

std::string Finding::str() const {
  std::string s;
  if (ptxLine)
    s += "line " + std::to_string(ptxLine) + ": ";
  s += std::string(name(hazard)) + ": " + message;
  if (!buffer.empty())
    s += " [" + buffer + "]";
  if (!ptxText.empty())
    s += " in '" + ptxText + "'";
  if (!sourceFile.empty())
    s += " from " + sourceFile + ":" + std::to_string(sourceLine);
  if (ptxLine) {
    s += " (cta " + std::to_string(cta.x) + "," + std::to_string(cta.y) + "," +
         std::to_string(cta.z);
    if (warp >= 0)
      s += ", warp " + std::to_string(warp);
    if (lane >= 0)
      s += ", lane " + std::to_string(lane);
    s += ")";
  }
  return s;
}
