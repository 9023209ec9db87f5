//===- RunOptions.h - the command line of attn-run --------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_RUNOPTIONS_H
#define ATTN_TOOLS_ATTNRUN_RUNOPTIONS_H

#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace attn::run {

enum class DeviceKind { Auto, Sim, Cuda, Reference };

/// How 4-dimensional query, key, value and out are stored in files.
enum class StorageLayout { BHSD, BSHD };

/// When the simulator lets asynchronous copies take effect.
enum class CopyTiming { Latest, Earliest };

/// How the simulator adds products of 8-bit floats.
enum class Fp8Accumulation { Exact, Truncated };

/// What the simulator is free to choose, for one run.
struct SimConditions {
  CopyTiming timing = CopyTiming::Latest;
  uint64_t seed = 0; ///< of its scheduler

  std::string timingName() const; ///< as in str()
  /// As on the command line, "--timing=latest --seed=0".
  std::string str() const;
};

struct RunOptions {
  std::string program; ///< path of the .mlir file
  std::string entry;   ///< empty: the only function
  std::vector<std::string> inputs, outputs;
  DeviceKind device = DeviceKind::Auto;
  std::string chip; ///< empty: the device's own, sm_80 on the simulator
  std::string schedule;
  int alignment = 16; ///< of rows, in bytes, that kernels are compiled for
  std::string rotary = "auto"; ///< before attention or fused, or what is cheap
  int64_t rowPadding = 0;      ///< elements after each row of q, k, v and out
  bool check = false;
  std::vector<CopyTiming> timings; ///< at least one
  std::vector<uint64_t> seeds;     ///< at least one
  uint64_t inputSeed = 0;          ///< of random inputs
  int multiprocessors =
      0; ///< of the simulator; 0: of the chip's largest product
  Fp8Accumulation fp8Accumulation = Fp8Accumulation::Exact;
  StorageLayout layout = StorageLayout::BHSD;
  int ordinal = 0;                        ///< which GPU
  std::string stats, ptxInput, ptxOutput; ///< paths; empty: not asked for
  std::string maskPicture;                ///< as well

  /// Every timing with every seed: the runs that are asked for.
  std::vector<SimConditions> conditions() const;

  /// Reads the command line. The error is one line without the tool's name,
  /// or empty when it has been printed.
  /// --help prints and leaves the program.
  static llvm::Expected<RunOptions> parse(int argc, const char *const *argv);
};

} // namespace attn::run

#endif
