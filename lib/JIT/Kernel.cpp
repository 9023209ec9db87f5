//===- Kernel.cpp - compiled programs that can be called ------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/JIT/Compiler.h"

using namespace attn::jit;
using llvm::createStringError;

const attn_rt_entry *Kernel::entry(llvm::StringRef function) const {
  auto found = entries.find(function.empty() ? names.front() : function.str());
  return found == entries.end() ? nullptr : found->second;
}

llvm::Error Kernel::checkCount(size_t got) const {
  const attn_rt_entry *first = entry();
  if (got == first->argument_count)
    return llvm::Error::success();
  std::string names;
  for (uint32_t i = 0; i < first->argument_count; ++i)
    names += (i ? ", " : "") + std::string(first->arguments[i].name);
  return createStringError(llvm::Twine(first->name) + ": expected " +
                           llvm::Twine(first->argument_count) + " arguments (" +
                           names + "), but got " + llvm::Twine(got));
}

llvm::Expected<uint64_t>
Kernel::workspaceBytes(attn_rt_stream *stream,
                       llvm::ArrayRef<const void *> arguments) const {
  if (llvm::Error error = checkCount(arguments.size()))
    return error;
  uint64_t bytes = 0;
  if (attn_rt_workspace_bytes(entry(), stream, arguments.data(), &bytes))
    return createStringError(attn_rt_last_error());
  return bytes;
}

llvm::Error Kernel::call(attn_rt_stream *stream,
                         llvm::ArrayRef<const void *> arguments,
                         void *workspace, uint64_t workspaceBytes) const {
  if (llvm::Error error = checkCount(arguments.size()))
    return error;
  if (attn_rt_call(entry(), stream, arguments.data(), workspace,
                   workspaceBytes))
    return createStringError(attn_rt_last_error());
  return llvm::Error::success();
}
