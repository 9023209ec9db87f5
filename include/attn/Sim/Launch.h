//===- Launch.h - running a kernel and what comes out -----------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_SIM_LAUNCH_H
#define ATTN_SIM_LAUNCH_H

#include "attn/Sim/Memory.h"
#include "attn/Sim/Module.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace attn::sim {

/// When an asynchronous copy takes effect: at the wait that covers it, or at
/// once. A correct kernel computes the same either way.
enum class Timing { Latest, Earliest };

/// How `wgmma` adds products of 8-bit floats. Float32 adds in f32, as for the
/// other types. Truncated keeps as many bits as the tensor cores of Hopper are
/// said to: docs/Simulator.md has the model and where it comes from.
enum class Float8Accumulation { Float32, Truncated };

struct LaunchOptions {
  Dim3 grid, block;
  /// CTAs that run together; has to divide the grid. 1x1x1: as the kernel says.
  Dim3 cluster;
  uint32_t dynamicSharedBytes = 0;
  uint64_t seed = 0; ///< of the warp scheduler
  Timing timing = Timing::Latest;
  unsigned threads = 0;          ///< host threads; 0 = one per core
  uint64_t instructionLimit = 0; ///< per warp; 0 = 2^28
  unsigned maxFindings = 32;     ///< findings kept for the launch
  /// Registers of a thread at its start, for setmaxnreg; 0 = as many as the
  /// block can have.
  unsigned registersPerThread = 0;
  Float8Accumulation float8Accumulation = Float8Accumulation::Float32;
};

/// What can be wrong with a kernel or a launch; docs/Simulator.md explains
/// each.
enum class Hazard {
  OutOfBounds,
  Misaligned,
  WrongSpace,
  Uninitialised,
  UnfinishedCopy,
  UncommittedCopy,
  UnwaitedCopy,
  CopyOverlap,
  SharedRace,
  GlobalRace,
  DivergentAligned,
  InactiveLane,
  BarrierMisuse,
  Deadlock,
  InvalidOperand,
  WgmmaAccumulatorInFlight,
  WgmmaOperandOverwritten,
  MissingWgmmaFence,
  UnwaitedWgmma,
  DivergentWarpGroup,
  MbarrierMisuse,
  PhaseOverrun,
  UnpublishedWrite,
  OverwrittenOperand,
  ExitedPeer,
  RegisterBudget,
  InstructionLimit,
  Trap,
  BadLaunch,
};

/// Kebab-case name, for example "shared-race".
const char *name(Hazard hazard);

struct Finding {
  Hazard hazard = Hazard::BadLaunch;
  int ptxLine = 0;     ///< from 1; 0 for a bad launch
  std::string ptxText; ///< the instruction, without leading blanks
  std::string sourceFile;
  int sourceLine = 0; ///< from `.loc`; 0 when there is none
  std::string buffer; ///< allocation or shared symbol, when one is known
  std::string message;
  Dim3 cta{0, 0, 0};
  int warp = -1, lane = -1; ///< -1 when the finding has none

  /// One line for a person.
  std::string str() const;
};

/// Global traffic of one buffer. Bytes are those that active lanes asked for;
/// sectors are distinct aligned 32-byte pieces per warp instruction.
struct AccessCounters {
  uint64_t bytesRead = 0, bytesWritten = 0;
  uint64_t sectorsRead = 0, sectorsWritten = 0;
};

/// Shared-memory work. A wavefront is one pass over the 32 banks; conflicts
/// are the wavefronts beyond the fewest that the access width allows.
struct SharedCounters {
  uint64_t instructions = 0, wavefronts = 0, conflicts = 0;
};

/// Sums over all warps of the launch; independent of seed and host threads for
/// a kernel without data-dependent waiting.
struct Counters {
  std::map<std::string, AccessCounters> global; ///< by allocation name
  SharedCounters ldmatrix, stmatrix, sharedLoads, sharedStores, asyncCopies;
  uint64_t mmaFlops = 0; ///< 2*M*N*K for each mma of a warp, wgmma of a group
  /// Shared memory that wgmma has read as A and B, once for each warp group.
  uint64_t wgmmaBytes = 0;
  /// Values that cvt.satfinite has made the largest 8-bit float, because they
  /// round to what is beyond it.
  uint64_t saturatedConversions = 0;
  uint64_t mufuOps = 0;  ///< results of ex2, lg2, rcp, ...: one per active lane
  uint64_t barriers = 0; ///< warp-level executions of bar.* and barrier.*
  uint64_t instructions = 0; ///< warp instructions with an active lane
  uint64_t warps = 0, ctas = 0;
  std::map<std::string, uint64_t> instructionsByClass;
  std::map<int, SharedCounters> sharedByLine; ///< key: PTX line
  std::map<int, uint64_t> executionsByLine;   ///< key: PTX line
};

struct LaunchResult {
  bool completed = false; ///< all warps ran to their end
  std::vector<Finding> findings;
  Counters counters;

  /// Ran to the end without a finding.
  bool clean() const { return completed && findings.empty(); }
};

/// Runs one kernel to completion. `params[i]` points at the bytes of the i-th
/// kernel parameter, as for cuLaunchKernel. A launch that cannot be made is a
/// `BadLaunch` finding.
LaunchResult launch(const Module &module, std::string_view entry,
                    Memory &memory, const void *const *params,
                    const LaunchOptions &options);

} // namespace attn::sim

#endif // ATTN_SIM_LAUNCH_H
