//===- FakeDriver.h - the fake CUDA driver for tests ------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TEST_UNIT_RUNTIME_FAKEDRIVER_H
#define ATTN_TEST_UNIT_RUNTIME_FAKEDRIVER_H

#include "attn/Runtime/CudaDevice.h"
#include "gtest/gtest.h"
#include <dlfcn.h>

namespace attn::runtime::test {

/// The library and its directions (test/FakeCuda/FakeCuda.h). Two GPUs of
/// compute capability 8.6 and a driver of CUDA 13.0, whatever the environment
/// says.
class FakeDriver {
public:
  explicit FakeDriver(const char *path = FAKE_CUDA_PATH)
      : path(path), library(dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
    EXPECT_NE(library, nullptr) << dlerror();
    call<void>("fake_cuda_reset");
    call<void>("fake_cuda_set_count", 2);
    setDriver(13000);
    setCapability(86);
    acceptCubins(false);
  }

  /// Calls what the library exports; the arguments have to have its types.
  template <typename Result, typename... Args>
  Result call(const char *name, Args... args) {
    void *symbol = dlsym(library, name);
    EXPECT_NE(symbol, nullptr) << name;
    return reinterpret_cast<Result (*)(Args...)>(symbol)(args...);
  }

  std::string diary() { return call<const char *>("fake_cuda_diary"); }
  void clearDiary() { call<void>("fake_cuda_clear_diary"); }
  void fail(const char *name, int result) {
    call<void>("fake_cuda_fail", name, result);
  }
  void setCapability(int value) {
    call<void>("fake_cuda_set_compute_capability", value);
  }
  void setDriver(int version) { call<void>("fake_cuda_set_driver", version); }
  void acceptCubins(bool accept) {
    call<void>("fake_cuda_accept_cubins", int(accept));
  }
  std::string findings() { return call<const char *>("fake_cuda_findings"); }
  int contextDepth() { return call<int>("fake_cuda_context_depth"); }
  uint64_t calls(const char *name) {
    return call<uint64_t>("fake_cuda_calls", name);
  }

  /// Null when it fails; `reason` then says why.
  std::unique_ptr<CudaDevice> open(int ordinal = 0) {
    CudaOptions options;
    options.ordinal = ordinal;
    options.library = path;
    return CudaDevice::open(options, reason);
  }

  std::string reason;

private:
  const char *path;
  void *library;
};

} // namespace attn::runtime::test

#endif
