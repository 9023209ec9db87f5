//===- Cfg.h - where diverged lanes meet again ------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_CFG_H
#define ATTN_LIB_SIM_CFG_H

#include "Program.h"

namespace attn::sim {

/// Sets Inst::reconverge of each branch to its immediate post-dominator.
void computeReconvergence(Program &program);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_CFG_H
