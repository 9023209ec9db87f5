//===- Header.h - the C header of a program ---------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_AOT_HEADER_H
#define ATTN_LIB_AOT_HEADER_H

#include "Signature.h"

namespace attn::aot {

/// Prototypes of the functions, with shapes in comments. `name` is for the
/// guard.
std::string writeHeader(llvm::ArrayRef<Signature> signatures,
                        llvm::ArrayRef<std::string> chips,
                        llvm::StringRef name);

} // namespace attn::aot

#endif
