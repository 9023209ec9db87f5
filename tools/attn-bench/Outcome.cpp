//===- Outcome.cpp - benchmarks that have no figure -----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Outcome.h"
#include <benchmark/benchmark.h>

using namespace attn;

static bool failedOnce = false;

// Google Benchmark knows skipping since 1.8 only; the prefix tells the two
// apart.
void bench::skip(benchmark::State &state, const std::string &reason) {
  state.SkipWithError(("skipped: " + reason).c_str());
}

void bench::fail(benchmark::State &state, const std::string &message) {
  failedOnce = true;
  state.SkipWithError(message.c_str());
}

bool bench::failed(benchmark::State &state, const runtime::Status &status) {
  if (!status.ok())
    fail(state, status.message);
  return !status.ok();
}

bool bench::anyFailed() { return failedOnce; }
