//===- OutputFile.h - files that appear whole or not at all -----*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_OUTPUTFILE_H
#define ATTN_TOOLS_ATTNRUN_OUTPUTFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace attn::run {

/// Says before the work what would go wrong after it.
llvm::Error checkWritable(llvm::StringRef path);

/// Lets `write` fill a temporary file, which then takes the place of `path`.
llvm::Error writeFile(llvm::StringRef path,
                      llvm::function_ref<void(llvm::raw_ostream &)> write);

} // namespace attn::run

#endif
