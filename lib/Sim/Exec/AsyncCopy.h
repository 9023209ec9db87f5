//===- AsyncCopy.h - cp.async that signals an mbarrier ----------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_EXEC_ASYNCCOPY_H
#define ATTN_LIB_SIM_EXEC_ASYNCCOPY_H

namespace attn::sim {

class Warp;
struct AsyncEvent;

/// Completes the copies that `event`, a CopyArrival, stands for.
void completeSignalled(Warp &warp, const AsyncEvent &event);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_EXEC_ASYNCCOPY_H
