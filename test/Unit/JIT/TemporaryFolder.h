//===- TemporaryFolder.h - a folder for one test ---------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TEST_UNIT_JIT_TEMPORARYFOLDER_H
#define ATTN_TEST_UNIT_JIT_TEMPORARYFOLDER_H

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <string>
#include <vector>

/// Is removed with its contents.
class TemporaryFolder {
public:
  TemporaryFolder() {
    llvm::SmallString<128> made;
    if (!llvm::sys::fs::createUniqueDirectory("attn-test", made))
      path = made.str().str();
  }
  ~TemporaryFolder() { llvm::sys::fs::remove_directories(path); }

  /// Names of all files that are there.
  std::vector<std::string> files(llvm::StringRef folder = "") const {
    std::vector<std::string> names;
    std::error_code error;
    llvm::SmallString<128> from(path);
    llvm::sys::path::append(from, folder);
    for (llvm::sys::fs::directory_iterator i(from, error), end;
         i != end && !error; i.increment(error))
      names.push_back(llvm::sys::path::filename(i->path()).str());
    return names;
  }

  std::string path;
};

#endif
