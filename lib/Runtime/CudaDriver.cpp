//===- CudaDriver.cpp - entry points of libcuda, found at run time --------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CudaDriver.h"
#include <dlfcn.h>

using namespace attn::runtime;

std::shared_ptr<const CudaDriver> CudaDriver::open(const std::string &library,
                                                   std::string &reason) {
  void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *why = dlerror();
    reason = "no CUDA driver: " + std::string(why ? why : library.c_str());
    return nullptr;
  }
  auto driver = std::make_shared<CudaDriver>();
  const char *missing = nullptr;
#define ATTN_CUDA_FIND(member, symbol, parameters)                             \
  driver->member =                                                             \
      reinterpret_cast<CuResult(*) parameters>(dlsym(handle, #symbol));
#define ATTN_CUDA_REQUIRE(member, symbol, parameters)                          \
  ATTN_CUDA_FIND(member, symbol, parameters)                                   \
  if (!driver->member)                                                         \
    missing = #symbol;
  ATTN_CUDA_FUNCTIONS(ATTN_CUDA_REQUIRE)
  ATTN_CUDA_NEWER_FUNCTIONS(ATTN_CUDA_FIND)
#undef ATTN_CUDA_REQUIRE
#undef ATTN_CUDA_FIND
  if (driver->driverGetVersion && driver->driverGetVersion(&driver->version))
    driver->version = 0;
  if (missing) {
    reason =
        "CUDA driver too old: " + library +
        (driver->version ? " (" + cudaVersionText(driver->version) + ")" : "") +
        " has no " + missing + "; update the driver";
    dlclose(handle);
    return nullptr;
  }
  const CuResult result = driver->init(0);
  if (!result)
    return driver;
  reason = (result == CuErrorNoDevice ? "no GPU: "
                                      : "the CUDA driver does not start: ") +
           driver->describe(result);
  return nullptr;
}

std::string attn::runtime::cudaVersionText(int version) {
  return "CUDA " + std::to_string(version / 1000) + "." +
         std::to_string(version % 1000 / 10);
}

std::string CudaDriver::name() const {
  return version ? "the driver (" + cudaVersionText(version) + ")"
                 : "the driver";
}

std::string CudaDriver::describe(CuResult result) const {
  const char *name = nullptr, *text = nullptr;
  if (getErrorName(result, &name) || !name)
    return "CUDA error " + std::to_string(result);
  if (getErrorString(result, &text) || !text)
    return name;
  return std::string(name) + ": " + text;
}
