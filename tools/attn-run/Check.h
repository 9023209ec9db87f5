//===- Check.h - is a result right? -----------------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_CHECK_H
#define ATTN_TOOLS_ATTNRUN_CHECK_H

#include "Execution.h"
#include "llvm/Support/JSON.h"

namespace attn::run {

/// How far one tensor is from the truth. Elements that are infinite or NaN on
/// either side are not errors of a size: they agree or they do not.
struct Deviation {
  double max = 0, rms = 0;
  uint64_t nonFiniteMismatches = 0;

  static Deviation of(const TensorData &tensor, const TensorData &truth);
};

/// The judgement on one result.
struct ResultCheck {
  std::string role;
  std::optional<Deviation> run; ///< missing when there is no result
  Deviation same;               ///< of the same-precision reference
  double bound = 0;             ///< on the largest error
  bool ok = false;
  /// Float32 cannot hold the bound near the largest values of lse: the units in
  /// the last place that it has been widened by, 0 where they do not matter.
  double widened = 0;
};

/// What results are compared with: the truth, and what an unfused program of
/// the kernel's precision makes of the same input.
struct References {
  RunOutputs truth, same;

  static llvm::Expected<References> compute(Program &program,
                                            const RunInputs &inputs);
};

struct Check {
  std::vector<ResultCheck> results;
  size_t findings = 0;
  bool ok = false;

  /// The outputs of `run` may be missing: then nothing is right.
  static Check perform(const Program &program, const RunInputs &inputs,
                       const References &references, const DeviceRun &run);

  /// The largest error of out or lse as part of what is allowed.
  double worstRatio() const;
  llvm::json::Object toJson() const;
};

} // namespace attn::run

#endif
