//===- StatsJson.h - the counters of a run as JSON --------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_STATSJSON_H
#define ATTN_TOOLS_ATTNRUN_STATSJSON_H

#include "Execution.h"
#include "llvm/Support/JSON.h"

namespace attn::run {

/// Device, kernels, counters and the traffic that could not be less: every
/// input read once and every output written once, in bytes.
llvm::json::Object statsJson(const Program &program, const RunInputs &inputs,
                             const DeviceRun &run);

} // namespace attn::run

#endif
