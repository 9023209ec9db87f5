//===- Check.cpp - is a result right? -------------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Check.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace attn::run;
using mlir::attn::ReferencePrecision;

/// A kernel may be twice as far from the truth as an unfused program of the
/// same precision is, plus what does not matter to anyone.
static constexpr double outFactor = 2, outSlack = 1e-5;
static constexpr double lseBound = 1e-4;
/// Scores in the thousands: float32 cannot hold the bound there. It rounds at
/// the magnitude of the largest scores when the dot product is scaled and
/// stored, and once for every matrix instruction of depth 16 that accumulates
/// it.
static double lseUlps(int64_t headDim) {
  return 4 + static_cast<double>(headDim) / 16;
}

Deviation Deviation::of(const TensorData &tensor, const TensorData &truth) {
  Deviation deviation;
  double sumOfSquares = 0;
  uint64_t finite = 0;
  for (int64_t i = 0; i < truth.size(); ++i) {
    const double is = tensor.get(i), should = truth.get(i);
    if (std::isfinite(is) && std::isfinite(should)) {
      const double error = std::abs(is - should);
      deviation.max = std::max(deviation.max, error);
      sumOfSquares += error * error;
      ++finite;
    } else if (is != should && !(std::isnan(is) && std::isnan(should))) {
      ++deviation.nonFiniteMismatches;
    }
  }
  if (finite)
    deviation.rms = std::sqrt(sumOfSquares / static_cast<double>(finite));
  return deviation;
}

/// Distance from |value| to the next float32.
static double floatUlp(double value) {
  const float f = static_cast<float>(std::abs(value));
  return std::nextafter(f, std::numeric_limits<float>::infinity()) - f;
}

/// 1e-4, and some units in the last place of the largest lse.
static void checkLse(const TensorData &truth, double ulps, ResultCheck &check) {
  double largest = 0;
  for (int64_t i = 0; i < truth.size(); ++i)
    if (const double value = std::abs(truth.get(i)); std::isfinite(value))
      largest = std::max(largest, value);
  check.bound = lseBound + ulps * floatUlp(largest);
  check.widened = ulps * floatUlp(largest) > lseBound ? ulps : 0;
}

/// The depth of the dot products: query comes first among the tensors.
static int64_t headDim(const RunInputs &inputs) {
  for (const auto &value : inputs.values)
    if (value.tensor.shape().size() == 4)
      return value.tensor.shape().back();
  return 0;
}

llvm::Expected<References> References::compute(Program &program,
                                               const RunInputs &inputs) {
  auto truth = runReference(program, inputs, ReferencePrecision::Float64);
  if (!truth)
    return truth.takeError();
  auto same = runReference(program, inputs, ReferencePrecision::Same);
  if (!same)
    return same.takeError();
  return References{std::move(*truth), std::move(*same)};
}

Check Check::perform(const Program &program, const RunInputs &inputs,
                     const References &references, const DeviceRun &run) {
  Check check;
  check.findings = run.findings.size();
  check.ok = run.findings.empty();
  for (auto [i, result] : llvm::enumerate(program.results())) {
    ResultCheck &one = check.results.emplace_back();
    one.role = result.role;
    const TensorData &truth = references.truth[i];
    one.same = Deviation::of(references.same[i], truth);
    one.bound = result.isLse ? lseBound : outFactor * one.same.max + outSlack;
    if (result.isLse)
      checkLse(truth, lseUlps(headDim(inputs)), one);
    // Scores of rounded queries and keys move with them.
    if (result.isLse && result.isOfRounded)
      one.bound = std::max(one.bound, outFactor * one.same.max + outSlack);
    if (run.outputs) {
      one.run = Deviation::of((*run.outputs)[i], truth);
      one.ok = one.run->max <= one.bound && one.run->nonFiniteMismatches == 0;
    }
    check.ok &= one.ok;
  }
  return check;
}

double Check::worstRatio() const {
  double worst = 0;
  for (const ResultCheck &result : results)
    if (result.run)
      worst = std::max(worst, result.run->max / result.bound);
  return worst;
}

llvm::json::Object Check::toJson() const {
  llvm::json::Object object;
  for (const ResultCheck &result : results) {
    llvm::json::Object one{{"bound", result.bound},
                           {"same_max_error", result.same.max},
                           {"same_rms_error", result.same.rms},
                           {"ok", result.ok}};
    if (result.run) {
      one["max_error"] = result.run->max;
      one["rms_error"] = result.run->rms;
      one["nonfinite_mismatches"] = result.run->nonFiniteMismatches;
    } else {
      for (const char *key : {"max_error", "rms_error", "nonfinite_mismatches"})
        one[key] = nullptr;
    }
    if (result.widened > 0)
      one["bound_widened_by_ulps"] = result.widened;
    object[result.role] = std::move(one);
  }
  object["findings"] = findings;
  object["verdict"] = ok ? "ok" : "wrong";
  return object;
}
