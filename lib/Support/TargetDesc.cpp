//===- TargetDesc.cpp - the target table ----------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Support/TargetDesc.h"

using namespace attn;

static constexpr int64_t kKiB = 1024;

// clang-format off
static const TargetDesc kTargets[] = {
    {"sm_80", "+ptx80",
     // block: shared, registers per thread and all, threads, named barriers
     163 * kKiB, 255, 65536, 1024, 16,
     // multiprocessor: shared, reserved per block
     164 * kKiB, 1 * kKiB,
     // async copy, mma16, stmatrix, transaction barrier, tensor copy, cluster
     true, true, false, false, false, false,
     // wgmma, setmaxnreg, fp8
     false, false, false},
    {"sm_90a", "+ptx86",
     227 * kKiB, 255, 65536, 1024, 16,
     228 * kKiB, 1 * kKiB,
     true, true, true, true, true, true,
     true, true, true},
};
// clang-format on

/// Spellings that are close to a known chip and mean another one.
static constexpr struct {
  llvm::StringLiteral chip, advice;
} kAdvice[] = {
    {"sm_90", "sm_90 has no wgmma or setmaxnreg: use sm_90a"},
};

const TargetDesc *TargetDesc::lookup(llvm::StringRef chip) {
  for (const TargetDesc &target : kTargets)
    if (target.chip == chip)
      return &target;
  return nullptr;
}

std::string TargetDesc::knownChips() {
  std::string chips;
  for (const TargetDesc &target : kTargets)
    chips += (chips.empty() ? "" : ", ") + target.chip.str();
  return chips;
}

std::string TargetDesc::explainUnknown(llvm::StringRef chip) {
  std::string text =
      "unknown chip '" + chip.str() + "', expected one of " + knownChips();
  for (const auto &known : kAdvice)
    if (known.chip == chip)
      text += "; " + known.advice.str();
  return text;
}
