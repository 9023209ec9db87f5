//===- OutputFile.cpp - files that appear whole or not at all -------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "OutputFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using llvm::createStringError;

llvm::Error attn::run::checkWritable(llvm::StringRef path) {
  if (path.empty())
    return createStringError("expected a file name, but got ''");
  if (llvm::sys::fs::is_directory(path))
    return createStringError(path + ": cannot write it: it is a directory");
  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  if (folder.empty())
    folder = ".";
  if (!llvm::sys::fs::is_directory(folder))
    return createStringError(path + ": cannot write it: no directory " +
                             folder);
  if (llvm::sys::fs::access(folder, llvm::sys::fs::AccessMode::Write))
    return createStringError(path + ": cannot write it: no permission in " +
                             folder);
  return llvm::Error::success();
}

llvm::Error
attn::run::writeFile(llvm::StringRef path,
                     llvm::function_ref<void(llvm::raw_ostream &)> write) {
  llvm::Error error = llvm::writeToOutput(path, [&](llvm::raw_ostream &stream) {
    write(stream);
    return llvm::Error::success();
  });
  if (!error)
    return error;
  return createStringError(
      path + ": cannot write it: " + llvm::toString(std::move(error)));
}
