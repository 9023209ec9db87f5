//===- EntryTable.h - tables and C functions of a program -------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_AOT_ENTRYTABLE_H
#define ATTN_LIB_AOT_ENTRYTABLE_H

#include "Signature.h"
#include "llvm/IR/Module.h"

namespace attn::aot {

/// A variant's host function in LLVM IR: `_mlir_ciface_` of this.
std::string variantName(llvm::StringRef function, llvm::StringRef chip);

/// Adds to a chip's module a function NAME that takes its arguments in one
/// array, attn_rt_variant's `host`, for the C interface of a host function.
/// It returns null when the module has no such function.
llvm::Function *addPackedFunction(llvm::Module &module, llvm::StringRef name);

/// Adds NAME_entry, NAME and NAME_workspace_bytes for a function whose variants
/// are packed functions of other modules.
void addEntry(llvm::Module &module, const Signature &signature,
              llvm::ArrayRef<std::string> chips);

} // namespace attn::aot

#endif
