//===- KernelFile.cpp - a compiled kernel as bytes ------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Strings, each after its length in 8 bytes; the functions are the last ones.

#include "KernelFile.h"
#include "llvm/Support/Endian.h"

using namespace attn::jit;
using llvm::StringRef;

static void append(std::string &bytes, StringRef text) {
  char length[sizeof(uint64_t)];
  llvm::support::endian::write64le(length, text.size());
  bytes.append(length, sizeof(length));
  bytes.append(text.data(), text.size());
}

static bool take(StringRef &bytes, std::string &text) {
  if (bytes.size() < sizeof(uint64_t))
    return false;
  const uint64_t length = llvm::support::endian::read64le(bytes.data());
  bytes = bytes.drop_front(sizeof(uint64_t));
  if (length > bytes.size())
    return false;
  text = bytes.take_front(length).str();
  bytes = bytes.drop_front(length);
  return true;
}

std::string KernelFile::write() const {
  std::string bytes;
  for (const std::string *part : {&identity, &object, &ptx})
    append(bytes, *part);
  for (const std::string &function : functions)
    append(bytes, function);
  return bytes;
}

std::optional<KernelFile> KernelFile::read(StringRef bytes) {
  KernelFile file;
  for (std::string *part : {&file.identity, &file.object, &file.ptx})
    if (!take(bytes, *part))
      return std::nullopt;
  while (!bytes.empty())
    if (!take(bytes, file.functions.emplace_back()))
      return std::nullopt;
  if (file.functions.empty())
    return std::nullopt;
  return file;
}
