//===- GuardedBuffer.h - host memory that ends at a guard page --*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_GUARDEDBUFFER_H
#define ATTN_TOOLS_ATTNRUN_GUARDEDBUFFER_H

#include "llvm/Support/Error.h"
#include <cstddef>
#include <utility>

namespace attn::run {

/// Zeroed host memory whose last byte is followed by an inaccessible page, and
/// whose first page is preceded by one. The reference runs as host code without
/// checks; reading past the end of a tensor stops it here instead of giving an
/// answer from stray memory.
class GuardedBuffer {
public:
  GuardedBuffer() = default;
  GuardedBuffer(GuardedBuffer &&other) { *this = std::move(other); }
  GuardedBuffer &operator=(GuardedBuffer &&other) {
    std::swap(mapping, other.mapping);
    std::swap(mappingBytes, other.mappingBytes);
    std::swap(begin, other.begin);
    return *this;
  }
  ~GuardedBuffer();

  /// Fails when the host does not have so much memory.
  static llvm::Expected<GuardedBuffer> create(size_t bytes);

  void *data() const { return begin; }

private:
  void *mapping = nullptr;
  size_t mappingBytes = 0;
  void *begin = nullptr;
};

/// While one is alive, touching a guard page ends the program with `message` on
/// stderr and exit status 2. One at a time.
class GuardScope {
public:
  explicit GuardScope(const char *message);
  ~GuardScope();
};

} // namespace attn::run

#endif
