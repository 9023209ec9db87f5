//===- Verdict.h - what is said about all runs of a kernel ------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_VERDICT_H
#define ATTN_TOOLS_ATTNRUN_VERDICT_H

#include "Check.h"

namespace attn::run {

/// The check of the worst run: the first that is wrong, or else the one with
/// the largest error. Where there are several runs it says which one that is,
/// which others are wrong, and whether all results are the same to the bit.
llvm::json::Object verdictJson(llvm::ArrayRef<DeviceRun> runs,
                               llvm::ArrayRef<Check> checks);

} // namespace attn::run

#endif
