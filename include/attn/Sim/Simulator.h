//===- Simulator.h - public interface of the PTX simulator ------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Executes PTX text on the CPU and judges it: every access is checked, every
// missing wait or barrier is a finding, and traffic is counted. Typical use:
//
//   sim::Diagnostic error;
//   auto module = sim::parseModule(text, error);     // nullptr: see `error`
//   sim::Memory memory;
//   uint64_t out = memory.allocate(bytes, "out");
//   const void *params[] = {&out};
//   sim::LaunchResult r = sim::launch(*module, "kernel", memory, params,
//   options);
//   // r.completed, r.findings, r.counters
//
// Nothing throws. docs/Simulator.md explains what is judged.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_SIM_SIMULATOR_H
#define ATTN_SIM_SIMULATOR_H

#include "attn/Sim/Launch.h"
#include "attn/Sim/Memory.h"
#include "attn/Sim/Module.h"

#endif // ATTN_SIM_SIMULATOR_H
