//===- Mbarrier.h - finding the mbarrier of an operand ----------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_EXEC_MBARRIER_H
#define ATTN_LIB_SIM_EXEC_MBARRIER_H

#include "Access.h"

namespace attn::sim {

/// The live mbarrier at `offset` of shared memory of `owner`, for a use by
/// `lane` of `warp`; nullptr after a report when there is none, or when its
/// initialisation is not ordered before.
Mbarrier *locateMbarrier(Warp &warp, unsigned lane, Cta &owner,
                         uint64_t offset);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_EXEC_MBARRIER_H
