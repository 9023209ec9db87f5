//===- Benchmarks.h - the families of benchmarks ----------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNBENCH_BENCHMARKS_H
#define ATTN_TOOLS_ATTNBENCH_BENCHMARKS_H

#include <string>

namespace attn::bench {

/// Start of a process, creation of a context. `optPath` is that of attn-opt.
void registerProcessBenchmarks(const std::string &optPath);
/// Text to PTX and to cubin, by stage.
void registerCompileBenchmarks();
/// A first call with and without what an earlier process has compiled.
void registerJitBenchmarks();
/// What a launch costs on the host besides the driver.
void registerHostCallBenchmarks();
/// Speed of the simulator.
void registerSimulatorBenchmarks();
/// Times of kernels on a GPU. With a chip in `nullGpu` they run on a device
/// that does nothing, under another name: everything but the kernel is real.
void registerKernelBenchmarks(const std::string &nullGpu);

} // namespace attn::bench

#endif
