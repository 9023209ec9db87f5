//===- Outcome.h - benchmarks that have no figure ---------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNBENCH_OUTCOME_H
#define ATTN_TOOLS_ATTNBENCH_OUTCOME_H

#include "attn/Runtime/Device.h"
#include <string>

namespace benchmark {
class State;
} // namespace benchmark

namespace attn::bench {

/// Ends the benchmark because the machine lacks what it needs. The message in
/// the output begins with "skipped: ".
void skip(benchmark::State &state, const std::string &reason);

/// Ends the benchmark, and later the program with exit status 1.
void fail(benchmark::State &state, const std::string &message);
/// Fails for a status other than success; true when it has.
bool failed(benchmark::State &state, const runtime::Status &status);

/// Whether fail() was called.
bool anyFailed();

} // namespace attn::bench

#endif
