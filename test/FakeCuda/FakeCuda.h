//===- FakeCuda.h - how a test directs the fake driver ----------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The library exports these beside the driver's functions. A test loads it by
// its path and finds them by name; a program that is only to run on it sets the
// environment (see Config in State.h).

#ifndef ATTN_TEST_FAKECUDA_FAKECUDA_H
#define ATTN_TEST_FAKECUDA_FAKECUDA_H

#include <cstdint>

extern "C" {
/// As a new process with this thread alone: no context, no memory, no orders,
/// an empty diary, settings from the environment.
void fake_cuda_reset();

/// One line for each call since the last clearing: a short name, then what was
/// asked.
const char *fake_cuda_diary();
void fake_cuda_clear_diary();
/// Calls with this name in the diary return `result` from now on and do nothing
/// else; one name at a time, "" for none. 0 lets cuInit succeed without a GPU.
void fake_cuda_fail(const char *call, int result);

/// What the simulator has found, one line each; "" when nothing.
const char *fake_cuda_findings();
/// Contexts that are current in this thread, one upon the other.
int fake_cuda_context_depth();

void fake_cuda_set_compute_capability(int value); ///< for example 86
void fake_cuda_set_driver(int version);           ///< for example 12020
void fake_cuda_set_count(int gpus);
void fake_cuda_accept_cubins(int accept);

/// 0: launches are checked and counted, but not run, and there is no diary.
void fake_cuda_execute(int execute);
/// Calls with this name since the reset.
uint64_t fake_cuda_calls(const char *call);
/// Time spent inside of the driver while nothing is executed.
uint64_t fake_cuda_nanoseconds();
}

#endif
