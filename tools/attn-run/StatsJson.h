//===- StatsJson.h - the counters of a run as JSON --------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_STATSJSON_H
#define ATTN_TOOLS_ATTNRUN_STATSJSON_H

#include "Execution.h"
#include "llvm/Support/JSON.h"

namespace attn::run {

/// Timing and seed, as the command line takes them.
llvm::json::Object conditionsJson(const SimConditions &conditions);

/// Device, kernels, counters of the first run, and the traffic that could not
/// be less: every input read once and every output written once, in bytes. Of
/// the simulator's other runs, their conditions, time and findings.
llvm::json::Object statsJson(const Program &program, const RunInputs &inputs,
                             llvm::ArrayRef<DeviceRun> runs);

} // namespace attn::run

#endif
