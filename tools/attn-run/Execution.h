//===- Execution.h - running a program on a device or on the CPU -*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_EXECUTION_H
#define ATTN_TOOLS_ATTNRUN_EXECUTION_H

#include "Program.h"
#include "RunOptions.h"
#include "attn/Conversion/ReferencePrecision.h"
#include "attn/Runtime/SimDevice.h"
#include "attn/Sim/Simulator.h"
#include <map>
#include <optional>

namespace attn::run {

/// The arguments of one run and the shapes that follow from them. All tensors
/// are in file order.
struct RunInputs {
  struct Value {
    TensorData tensor; ///< of tensor arguments
    uint64_t bits = 0; ///< of scalar arguments
    bool swapped = false;
  };
  struct Output {
    Shape shape;
    bool swapped = false;
  };
  std::vector<Value> values;   ///< one per argument of the program
  std::vector<Output> outputs; ///< one per result of the program

  static llvm::Expected<RunInputs> load(Program &program,
                                        const RunOptions &options);
};

/// Host tensors, one per result.
using RunOutputs = std::vector<TensorData>;

/// The naive loops, on the CPU.
llvm::Expected<RunOutputs>
runReference(Program &program, const RunInputs &inputs,
             mlir::attn::ReferencePrecision precision);

/// One kernel launch, for the record.
struct KernelRecord {
  std::string name;
  uint32_t grid[3], block[3], cluster[3];
  uint32_t dynamicSharedBytes;
  /// Only of the simulator.
  std::optional<runtime::SimDevice::LaunchCounters> counters = std::nullopt;
};

/// What came of a run on a device.
struct DeviceRun {
  std::string device, chip;                ///< name and chip compiled for
  std::optional<SimConditions> conditions; ///< only of the simulator
  std::vector<KernelRecord> kernels;
  std::string ptx;
  double seconds = 0; ///< wall time of the launches, without compilation
  /// Why it is wrong, one line each: findings of the simulator, failed
  /// launches.
  std::vector<std::string> findings;
  /// Missing when the kernels did not write all of it.
  std::optional<RunOutputs> outputs;
  /// Sums over all launches; only from the simulator.
  std::optional<sim::Counters> counters;
};

/// Compiles once and runs under all conditions, each time with fresh memory;
/// one run on a GPU. A program, input or PTX that cannot be run is an error; a
/// kernel that does wrong is a finding.
llvm::Expected<std::vector<DeviceRun>> runOnDevice(Program &program,
                                                   const RunInputs &inputs,
                                                   const RunOptions &options);

} // namespace attn::run

#endif
