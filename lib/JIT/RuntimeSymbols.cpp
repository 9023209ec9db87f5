//===- RuntimeSymbols.cpp - what compiled host code may call --------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RuntimeSymbols.h"
#include "RoundingCalls.h"
#include "attn/Runtime/Runtime.h"

llvm::orc::SymbolMap
attn::jit::runtimeSymbols(llvm::orc::MangleAndInterner mangle) {
  llvm::orc::SymbolMap map;
  auto add = [&](llvm::StringRef name, void *address) {
    map[mangle(name)] = {llvm::orc::ExecutorAddr::fromPtr(address),
                         llvm::JITSymbolFlags::Exported |
                             llvm::JITSymbolFlags::Callable};
  };
  add("attn_rt_call", reinterpret_cast<void *>(attn_rt_call));
  add("attn_rt_workspace_bytes",
      reinterpret_cast<void *>(attn_rt_workspace_bytes));
  add("attn_rt_launch", reinterpret_cast<void *>(attn_rt_launch));
  add("attn_rt_launch_cluster",
      reinterpret_cast<void *>(attn_rt_launch_cluster));
  add("attn_rt_encode_tensor_map",
      reinterpret_cast<void *>(attn_rt_encode_tensor_map));
  add("attn_rt_multiprocessors",
      reinterpret_cast<void *>(attn_rt_multiprocessors));
  add("attn_rt_take_workspace",
      reinterpret_cast<void *>(attn_rt_take_workspace));
  add("attn_rt_fail", reinterpret_cast<void *>(attn_rt_fail));
  add("attn_rt_last_error", reinterpret_cast<void *>(attn_rt_last_error));
  for (auto [name, address] : roundingCalls())
    add(name, address);
  return map;
}
