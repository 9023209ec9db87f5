//===- Warm.h - kernels compiled ahead into the cache ----------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTN_OPT_WARM_H
#define ATTN_TOOLS_ATTN_OPT_WARM_H

namespace attn {

/// Whether the arguments ask for --attn-warm.
bool wantsWarming(int argc, char **argv);

/// main() of attn-opt then: puts the kernels of files into the cache on disk,
/// where programs that compile at run time find them.
int warmMain(int argc, char **argv);

} // namespace attn

#endif
