//===- StreamState.h - what a stream holds ----------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_RUNTIME_STREAMSTATE_H
#define ATTN_LIB_RUNTIME_STREAMSTATE_H

#include "attn/Runtime/Stream.h"
#include <unordered_map>
#include <vector>

namespace attn::runtime {

/// Bytes that a workspace and each piece of it are aligned to.
constexpr uint64_t kWorkspaceAlignment = 256;

/// The workspace of the call that is under way.
struct Workspace {
  uint64_t address = 0, bytes = 0;
  uint64_t used = 0;      ///< by the pieces that were taken so far
  bool measuring = false; ///< sums up; nothing is launched
};

/// Makes `status` the thread's last error and returns its code.
int32_t report(Status status);
/// The same for an ATTN_RT_INVALID_ARGUMENT.
int32_t reportInvalid(std::string message);
/// Says that a stream was expected.
int32_t reportNoStream();

} // namespace attn::runtime

struct attn_rt_stream {
  std::shared_ptr<attn::runtime::Device> device;
  void *queue = nullptr;
  attn::runtime::StreamHooks hooks;
  std::string name, chip; ///< of the device
  int32_t multiprocessors = 1;
  std::unordered_map<const attn_rt_image *, attn::runtime::ModuleHandle>
      modules;
  std::unordered_map<const attn_rt_entry *, const attn_rt_variant *> variants;
  std::string log;
  attn::runtime::Workspace workspace;
  /// Room for the arguments of a call, kept from one to the next.
  std::vector<int64_t> descriptors;
  std::vector<void *> packed;
};

#endif
