//===- RuntimeSymbols.h - what compiled host code may call -----*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_JIT_RUNTIMESYMBOLS_H
#define ATTN_LIB_JIT_RUNTIMESYMBOLS_H

#include "llvm/ExecutionEngine/Orc/Core.h"
#include "llvm/ExecutionEngine/Orc/Mangling.h"

namespace attn::jit {

/// What host code may call beyond the C library: the runtime and roundings. By
/// address rather than by name: an executable does not export its functions.
llvm::orc::SymbolMap runtimeSymbols(llvm::orc::MangleAndInterner mangle);

} // namespace attn::jit

#endif
