//===- TargetDesc.cpp - the target table ----------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Support/TargetDesc.h"

using namespace attn;

static const TargetDesc kTargets[] = {
    // chip, PTX, shared, registers per thread and block, threads, features
    {"sm_80", "+ptx80", 163 * 1024, 255, 65536, 1024, true, true},
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
