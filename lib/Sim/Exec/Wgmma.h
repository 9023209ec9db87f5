//===- Wgmma.h - wgmma.mma_async for a warp group ---------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_EXEC_WGMMA_H
#define ATTN_LIB_SIM_EXEC_WGMMA_H

namespace attn::sim {

class Cta;
struct WgmmaStep;

/// Computes the accumulators of the four warps from `firstWarp` on, with shared
/// memory and registers as they are now.
void executeWgmma(Cta &cta, unsigned firstWarp, const WgmmaStep &step);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_EXEC_WGMMA_H
