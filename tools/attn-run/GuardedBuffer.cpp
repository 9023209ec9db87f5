//===- GuardedBuffer.cpp - host memory that ends at a guard page ----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "GuardedBuffer.h"
#include <csignal>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

using namespace attn::run;

GuardedBuffer::~GuardedBuffer() {
  if (mapping)
    munmap(mapping, mappingBytes);
}

llvm::Expected<GuardedBuffer> GuardedBuffer::create(size_t bytes) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  // Memory is handed out lazily, so the system would say no only by killing.
  const size_t available = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * page;
  if (bytes > available)
    return llvm::createStringError(
        "expected a tensor that fits the host's memory of " +
        llvm::Twine(available) + " bytes, but got " + llvm::Twine(bytes) +
        " bytes");
  const size_t body = (bytes + page - 1) / page * page;
  GuardedBuffer buffer;
  buffer.mappingBytes = body + 2 * page;
  void *mapped = mmap(nullptr, buffer.mappingBytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    return llvm::createStringError("cannot allocate " + llvm::Twine(bytes) +
                                   " bytes of host memory");
  buffer.mapping = mapped;
  char *first = static_cast<char *>(mapped) + page;
  if (body && mprotect(first, body, PROT_READ | PROT_WRITE) != 0)
    return llvm::createStringError("cannot allocate " + llvm::Twine(bytes) +
                                   " bytes of host memory");
  // `bytes` is a multiple of the element size, so elements stay aligned.
  buffer.begin = first + (body - bytes);
  return buffer;
}

static const char *guardMessage = nullptr;

static void onGuardTouched(int) {
  // Only calls that are safe in a signal handler.
  ssize_t ignored = write(STDERR_FILENO, guardMessage, strlen(guardMessage));
  (void)ignored;
  _exit(2);
}

GuardScope::GuardScope(const char *message) {
  guardMessage = message;
  signal(SIGSEGV, onGuardTouched);
  signal(SIGBUS, onGuardTouched);
}

GuardScope::~GuardScope() {
  signal(SIGSEGV, SIG_DFL);
  signal(SIGBUS, SIG_DFL);
}
