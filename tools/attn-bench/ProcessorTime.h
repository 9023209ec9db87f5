//===- ProcessorTime.h - time that others cannot take -----------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Seconds that a core has worked for us. Other programs on the same machine
// change them little, unlike the time on the wall.

#ifndef ATTN_TOOLS_ATTNBENCH_PROCESSORTIME_H
#define ATTN_TOOLS_ATTNBENCH_PROCESSORTIME_H

namespace attn::bench {

/// Of the calling thread.
double threadSeconds();
/// Of all child processes that have ended.
double childSeconds();

} // namespace attn::bench

#endif
