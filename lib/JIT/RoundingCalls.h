//===- RoundingCalls.h - compiler calls for 16-bit floats ------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_JIT_ROUNDINGCALLS_H
#define ATTN_LIB_JIT_ROUNDINGCALLS_H

#include "llvm/ADT/ArrayRef.h"
#include <utility>

namespace attn::jit {

/// Names and addresses of the functions that LLVM calls to convert f16 and bf16
/// where the CPU cannot. The system's libgcc may be too old to have them.
llvm::ArrayRef<std::pair<const char *, void *>> roundingCalls();

} // namespace attn::jit

#endif
