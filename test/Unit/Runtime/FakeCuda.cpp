//===- FakeCuda.cpp - a CUDA driver that only keeps a diary ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exports what CudaDevice looks up. Each call is written down; memory is host
// memory; a launch does nothing. The test reads the diary and orders failures
// through the fake_cuda_ functions.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {
std::string diary;
std::string failingCall;
int failingResult = 0;
/// FAKE_CUDA_CAPABILITY is for programs that do not know this library.
int computeCapability = [] {
  const char *given = getenv("FAKE_CUDA_CAPABILITY");
  return given ? atoi(given) : 86;
}();
int contextDepth = 0;

/// Writes the call down; the result it has to give.
int note(const char *call, const std::string &details = "") {
  diary += call + (details.empty() ? "" : " " + details) + "\n";
  return failingCall == call ? failingResult : 0;
}

/// As note(), for calls that need a current context
/// (CUDA_ERROR_INVALID_CONTEXT).
int noteInContext(const char *call, const std::string &details = "") {
  int result = note(call, details);
  return contextDepth ? result : 201;
}

void *handle(uintptr_t value) { return reinterpret_cast<void *>(value); }
} // namespace

extern "C" {
const char *fake_cuda_diary() { return diary.c_str(); }
void fake_cuda_reset() {
  diary.clear();
  failingCall.clear();
  computeCapability = 86;
}
void fake_cuda_set_compute_capability(int value) { computeCapability = value; }
void fake_cuda_fail(const char *call, int result) {
  failingCall = call;
  failingResult = result;
}
int fake_cuda_context_depth() { return contextDepth; }

int cuInit(unsigned) { return note("init"); }
int cuGetErrorName(int result, const char **name) {
  *name = result == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_FAKE";
  return 0;
}
int cuGetErrorString(int, const char **text) {
  *text = "as ordered";
  return 0;
}
int cuDeviceGetCount(int *count) {
  *count = 2;
  return note("count");
}
int cuDeviceGet(int *device, int ordinal) {
  *device = 100 + ordinal;
  return 0;
}
int cuDeviceGetName(char *name, int size, int device) {
  snprintf(name, size, "Fake GPU %d", device - 100);
  return 0;
}
int cuDeviceGetAttribute(int *value, int attribute, int) {
  *value = attribute == 75   ? computeCapability / 10
           : attribute == 76 ? computeCapability % 10
                             : -1;
  return 0;
}
int cuDevicePrimaryCtxRetain(void **context, int device) {
  *context = handle(device);
  return note("retain", std::to_string(device));
}
int cuDevicePrimaryCtxRelease_v2(int device) {
  return note("release-context", std::to_string(device));
}
int cuCtxPushCurrent_v2(void *) {
  ++contextDepth;
  return 0;
}
int cuCtxPopCurrent_v2(void **) {
  --contextDepth;
  return 0;
}
int cuMemAlloc_v2(unsigned long long *address, size_t bytes) {
  *address = reinterpret_cast<uintptr_t>(malloc(bytes));
  return noteInContext("alloc", std::to_string(bytes));
}
int cuMemFree_v2(unsigned long long address) {
  free(handle(address));
  return noteInContext("free");
}
int cuMemcpyHtoD_v2(unsigned long long to, const void *from, size_t bytes) {
  memcpy(handle(to), from, bytes);
  return noteInContext("to-device", std::to_string(bytes));
}
int cuMemcpyDtoH_v2(void *to, unsigned long long from, size_t bytes) {
  memcpy(to, handle(from), bytes);
  return noteInContext("from-device", std::to_string(bytes));
}
int cuCtxSynchronize() { return noteInContext("context-synchronize"); }
int cuModuleLoadDataEx(void **module, const void *image, unsigned count,
                       int *options, void **values) {
  *module = handle(7);
  int result = noteInContext("load", static_cast<const char *>(image));
  for (unsigned i = 0; result && i < count; ++i)
    if (options[i] == 5) // error log
      strcpy(static_cast<char *>(values[i]), "ptxas: line 3 is odd");
  return result;
}
int cuModuleUnload(void *) { return noteInContext("unload"); }
int cuModuleGetFunction(void **function, void *, const char *name) {
  *function = handle(9);
  return noteInContext("find", name);
}
int cuFuncSetAttribute(void *, int attribute, int value) {
  return noteInContext("set-attribute",
                       std::to_string(attribute) + " " + std::to_string(value));
}
int cuLaunchKernel(void *, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                   unsigned by, unsigned bz, unsigned shared, void *stream,
                   void **params, void **) {
  char text[256];
  snprintf(text, sizeof(text), "%u,%u,%u %u,%u,%u shared=%u stream=%d param=%d",
           gx, gy, gz, bx, by, bz, shared,
           static_cast<int>(reinterpret_cast<uintptr_t>(stream)),
           params ? *static_cast<int *>(params[0]) : 0);
  return noteInContext("launch", text);
}
#ifndef FAKE_OLD_DRIVER
/// As cuda.h lays them out; on its own, so that a mistake in CudaDriver.h
/// shows.
struct FakeLaunchConfig {
  unsigned gridX, gridY, gridZ, blockX, blockY, blockZ, shared;
  void *stream;
  struct {
    int id;
    char padding[4];
    unsigned clusterX, clusterY, clusterZ;
    char rest[52];
  } *attributes;
  unsigned attributeCount;
};
int cuLaunchKernelEx(const FakeLaunchConfig *c, void *, void **params,
                     void **) {
  char text[256];
  snprintf(text, sizeof(text),
           "%u,%u,%u %u,%u,%u shared=%u stream=%d param=%d attributes=%u: "
           "%d=%u,%u,%u",
           c->gridX, c->gridY, c->gridZ, c->blockX, c->blockY, c->blockZ,
           c->shared, static_cast<int>(reinterpret_cast<uintptr_t>(c->stream)),
           params ? *static_cast<int *>(params[0]) : 0, c->attributeCount,
           c->attributes->id, c->attributes->clusterX, c->attributes->clusterY,
           c->attributes->clusterZ);
  return noteInContext("launch-ex", text);
}
int cuTensorMapEncodeTiled(void *map, int type, unsigned rank, void *address,
                           const uint64_t *dims, const uint64_t *strides,
                           const unsigned *box, const unsigned *elementStrides,
                           int interleave, int swizzle, int promotion,
                           int fill) {
  std::string text = "type=" + std::to_string(type) + " address=" +
                     std::to_string(reinterpret_cast<uintptr_t>(address));
  for (unsigned i = 0; i < rank; ++i)
    text += " " + std::to_string(dims[i]) + "/" + std::to_string(box[i]) + "/" +
            std::to_string(elementStrides[i]) +
            (i ? "@" + std::to_string(strides[i - 1]) : "");
  text += " modes=" + std::to_string(interleave) + std::to_string(swizzle) +
          std::to_string(promotion) + std::to_string(fill);
  memset(map, 0x5a, 128);
  return noteInContext("tensor-map", text);
}
#endif
int cuStreamCreate(void **stream, unsigned) {
  *stream = handle(5);
  return noteInContext("create-stream");
}
int cuStreamDestroy_v2(void *) { return noteInContext("destroy-stream"); }
int cuStreamSynchronize(void *) { return noteInContext("synchronize"); }
int cuEventCreate(void **event, unsigned) {
  *event = handle(6);
  return noteInContext("create-event");
}
int cuEventRecord(void *, void *) { return noteInContext("record"); }
int cuEventSynchronize(void *) { return noteInContext("wait-event"); }
int cuEventElapsedTime(float *milliseconds, void *, void *) {
  *milliseconds = 250;
  return noteInContext("elapsed");
}
int cuEventDestroy_v2(void *) { return noteInContext("destroy-event"); }
}
