//===- KernelFile.h - a compiled kernel as bytes ---------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_JIT_KERNELFILE_H
#define ATTN_LIB_JIT_KERNELFILE_H

#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>
#include <vector>

namespace attn::jit {

/// What the cache keeps of a kernel.
struct KernelFile {
  std::string identity; ///< all that its key is the hash of
  std::string object;   ///< with the tables NAME_entry
  std::string ptx;
  std::vector<std::string> functions;

  std::string write() const;
  /// Nothing for bytes that write() has not made.
  static std::optional<KernelFile> read(llvm::StringRef bytes);
};

} // namespace attn::jit

#endif
