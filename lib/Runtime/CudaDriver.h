//===- CudaDriver.h - entry points of libcuda -------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Declared by hand, so that neither building nor starting needs CUDA. The names
// with _v2 are the ones that the CUDA headers map the plain names to.

#ifndef ATTN_LIB_RUNTIME_CUDADRIVER_H
#define ATTN_LIB_RUNTIME_CUDADRIVER_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace attn::runtime {

using CuResult = int; // 0 is success
using CuDeviceId = int;
using CuAddress = unsigned long long;

// Values of enumerations in cuda.h.
enum : int {
  CuAttributeMultiprocessors = 16,
  CuAttributeComputeMajor = 75,
  CuAttributeComputeMinor = 76,
  CuJitErrorLogBuffer = 5,
  CuJitErrorLogBufferBytes = 6,
  CuFunctionMaxDynamicShared = 8,
  CuLaunchAttributeCluster = 4,
  CuErrorOutOfMemory = 2,
  CuErrorNoDevice = 100,
  CuErrorInvalidImage = 200,
  CuErrorNoBinaryForGpu = 209,
  CuErrorInvalidPtx = 218,
  CuErrorUnsupportedPtxVersion = 222,
  CuErrorIllegalAddress = 700,
  CuErrorLaunchTimeout = 702,
  CuErrorHardwareStack = 714, // up to CuErrorLaunchFailed: kinds of faults
  CuErrorLaunchFailed = 719,
};

/// A kernel has died. Every later call on its context gives the same.
inline bool isFault(CuResult result) {
  return result == CuErrorIllegalAddress || result == CuErrorLaunchTimeout ||
         (result >= CuErrorHardwareStack && result <= CuErrorLaunchFailed);
}

/// CUlaunchAttribute, in the form that it has for clusters.
struct CuLaunchAttribute {
  int id;
  char padding[4];
  union {
    unsigned clusterDim[3];
    uint64_t size[8]; // and the alignment
  } value;
};
static_assert(sizeof(CuLaunchAttribute) == 72);

/// CUlaunchConfig.
struct CuLaunchConfig {
  unsigned grid[3], block[3];
  unsigned sharedBytes;
  void *stream;
  CuLaunchAttribute *attributes;
  unsigned attributeCount;
};
static_assert(sizeof(CuLaunchConfig) == 56);

/// A function of the driver: X(member, exported name, parameters).
#define ATTN_CUDA_FUNCTIONS(X)                                                 \
  X(init, cuInit, (unsigned))                                                  \
  X(driverGetVersion, cuDriverGetVersion, (int *))                             \
  X(getErrorName, cuGetErrorName, (CuResult, const char **))                   \
  X(getErrorString, cuGetErrorString, (CuResult, const char **))               \
  X(deviceGetCount, cuDeviceGetCount, (int *))                                 \
  X(deviceGet, cuDeviceGet, (CuDeviceId *, int))                               \
  X(deviceGetName, cuDeviceGetName, (char *, int, CuDeviceId))                 \
  X(deviceGetAttribute, cuDeviceGetAttribute, (int *, int, CuDeviceId))        \
  X(primaryRetain, cuDevicePrimaryCtxRetain, (void **, CuDeviceId))            \
  X(primaryRelease, cuDevicePrimaryCtxRelease_v2, (CuDeviceId))                \
  X(pushContext, cuCtxPushCurrent_v2, (void *))                                \
  X(popContext, cuCtxPopCurrent_v2, (void **))                                 \
  X(currentContext, cuCtxGetCurrent, (void **))                                \
  X(memAlloc, cuMemAlloc_v2, (CuAddress *, size_t))                            \
  X(memFree, cuMemFree_v2, (CuAddress))                                        \
  X(copyToDevice, cuMemcpyHtoD_v2, (CuAddress, const void *, size_t))          \
  X(copyFromDevice, cuMemcpyDtoH_v2, (void *, CuAddress, size_t))              \
  X(contextSynchronize, cuCtxSynchronize, ())                                  \
  X(moduleLoad, cuModuleLoadDataEx,                                            \
    (void **, const void *, unsigned, int *, void **))                         \
  X(moduleUnload, cuModuleUnload, (void *))                                    \
  X(moduleGetFunction, cuModuleGetFunction, (void **, void *, const char *))   \
  X(functionSetAttribute, cuFuncSetAttribute, (void *, int, int))              \
  X(launchKernel, cuLaunchKernel,                                              \
    (void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,       \
     unsigned, void *, void **, void **))                                      \
  X(streamCreate, cuStreamCreate, (void **, unsigned))                         \
  X(streamDestroy, cuStreamDestroy_v2, (void *))                               \
  X(streamSynchronize, cuStreamSynchronize, (void *))                          \
  X(eventCreate, cuEventCreate, (void **, unsigned))                           \
  X(eventRecord, cuEventRecord, (void *, void *))                              \
  X(eventSynchronize, cuEventSynchronize, (void *))                            \
  X(eventElapsed, cuEventElapsedTime, (float *, void *, void *))               \
  X(eventDestroy, cuEventDestroy_v2, (void *))

/// Functions that only newer drivers have; null in older ones. Kernels for
/// chips before Hopper need none of them.
#define ATTN_CUDA_NEWER_FUNCTIONS(X)                                           \
  X(launchKernelEx, cuLaunchKernelEx,                                          \
    (const CuLaunchConfig *, void *, void **, void **))                        \
  X(tensorMapEncodeTiled, cuTensorMapEncodeTiled,                              \
    (void *, int, unsigned, void *, const uint64_t *, const uint64_t *,        \
     const unsigned *, const unsigned *, int, int, int, int))

struct CudaDriver {
#define ATTN_CUDA_MEMBER(member, symbol, parameters)                           \
  CuResult(*member) parameters = nullptr;
  ATTN_CUDA_FUNCTIONS(ATTN_CUDA_MEMBER)
  ATTN_CUDA_NEWER_FUNCTIONS(ATTN_CUDA_MEMBER)
#undef ATTN_CUDA_MEMBER

  /// Opens the library and initialises the driver; null with a reason when
  /// either fails. The library stays open: a driver does not like to be closed.
  static std::shared_ptr<const CudaDriver> open(const std::string &library,
                                                std::string &reason);

  /// "CUDA_ERROR_NAME: what it means".
  std::string describe(CuResult result) const;

  /// "the driver (CUDA 12.2)".
  std::string name() const;

  /// The newest CUDA that the driver knows, 12020 for 12.2; 0 when it does not
  /// say.
  int version = 0;
};

/// "CUDA 12.2" for 12020.
std::string cudaVersionText(int version);

} // namespace attn::runtime

#endif
