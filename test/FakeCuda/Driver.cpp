//===- Driver.cpp - start, errors, devices, contexts ----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "State.h"
#include <cstdio>

using namespace fakecuda;

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

namespace {
struct ErrorText {
  int result;
  const char *name, *text;
};
} // namespace

static const ErrorText errorTexts[] = {
    {Success, "CUDA_SUCCESS", "no error"},
    {InvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NotInitialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {NoDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {InvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {InvalidImage, "CUDA_ERROR_INVALID_IMAGE",
     "device kernel image is invalid"},
    {InvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {NoBinaryForGpu, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {InvalidPtx, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {UnsupportedPtxVersion, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain."},
    {InvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {NotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {IllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS",
     "an illegal memory access was encountered"},
    {LaunchOutOfResources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {LaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {NotSupported, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {InvalidClusterSize, "CUDA_ERROR_INVALID_CLUSTER_SIZE",
     "cluster misconfiguration"},
    {Unknown, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

static const ErrorText *findText(int result) {
  for (const ErrorText &known : errorTexts)
    if (known.result == result)
      return &known;
  return nullptr;
}

FAKE_CUDA_API cuGetErrorName(int result, const char **name) {
  const ErrorText *known = findText(result);
  *name = known ? known->name : nullptr;
  return known ? Success : InvalidValue;
}

FAKE_CUDA_API cuGetErrorString(int result, const char **text) {
  const ErrorText *known = findText(result);
  *text = known ? known->text : nullptr;
  return known ? Success : InvalidValue;
}

//===----------------------------------------------------------------------===//
// Start and devices
//===----------------------------------------------------------------------===//

FAKE_CUDA_API cuInit(unsigned flags) {
  Call call("init", Needs::Nothing);
  if (call.refusal())
    return call.refusal();
  const Config &config = call.state.config;
  if (!config.problem.empty())
    return refuse(Unknown, config.problem);
  if (flags)
    return InvalidValue;
  if (!config.count && !call.ordered())
    return NoDevice;
  call.state.initialized = true;
  return Success;
}

FAKE_CUDA_API cuDriverGetVersion(int *version) {
  Call call("version", Needs::Nothing);
  if (!call.refusal())
    *version = call.state.config.driver;
  return call.refusal();
}

FAKE_CUDA_API cuDeviceGetCount(int *count) {
  Call call("count", Needs::Initialization);
  if (!call.refusal())
    *count = call.state.config.count;
  return call.refusal();
}

FAKE_CUDA_API cuDeviceGet(int *device, int ordinal) {
  Call call("get-device", Needs::Initialization,
            [&] { return std::to_string(ordinal); });
  if (call.refusal())
    return call.refusal();
  if (ordinal < 0 || ordinal >= call.state.config.count)
    return InvalidDevice;
  *device = kFirstDevice + ordinal;
  return Success;
}

/// The context of a CUdevice, null when there is no such device.
static Context *contextOf(State &state, int device) {
  const int ordinal = device - kFirstDevice;
  return ordinal >= 0 && ordinal < state.config.count
             ? &state.contexts[static_cast<size_t>(ordinal)]
             : nullptr;
}

FAKE_CUDA_API cuDeviceGetName(char *name, int size, int device) {
  Call call("name", Needs::Initialization);
  if (call.refusal())
    return call.refusal();
  if (!contextOf(call.state, device))
    return InvalidDevice;
  std::snprintf(name, static_cast<size_t>(size), "Fake GPU %d",
                device - kFirstDevice);
  return Success;
}

FAKE_CUDA_API cuDeviceGetAttribute(int *value, int attribute, int device) {
  Call call("attribute", Needs::Initialization,
            [&] { return std::to_string(attribute); });
  if (call.refusal())
    return call.refusal();
  if (!contextOf(call.state, device))
    return InvalidDevice;
  const Config &config = call.state.config;
  const bool isHopper = config.capability >= 90;
  switch (attribute) {
  case 1: // threads of a block
    *value = 1024;
    return Success;
  case 8: // shared memory of a block
    *value = 48 * 1024;
    return Success;
  case 10: // threads of a warp
    *value = 32;
    return Success;
  case 12: // registers of a block
    *value = 65536;
    return Success;
  case 16: // multiprocessors
    *value = isHopper ? 132 : 108;
    return Success;
  case 75:
    *value = config.capability / 10;
    return Success;
  case 76:
    *value = config.capability % 10;
    return Success;
  case 97: // shared memory of a block that asks for it
    *value = config.sharedLimit();
    return Success;
  case 120: // clusters
  case 127: // tensor maps
    *value = isHopper;
    return Success;
  }
  return refuse(InvalidValue, "device attribute " + std::to_string(attribute) +
                                  " is not known here");
}

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

FAKE_CUDA_API cuDevicePrimaryCtxRetain(Handle *context, int device) {
  Call call("retain", Needs::Initialization,
            [&] { return std::to_string(device); });
  if (call.refusal())
    return call.refusal();
  Context *primary = contextOf(call.state, device);
  if (!primary)
    return InvalidDevice;
  if (primary->retained++ == 0)
    primary->memory = std::make_unique<attn::sim::Memory>();
  *context = primary;
  return Success;
}

FAKE_CUDA_API cuDevicePrimaryCtxRelease_v2(int device) {
  Call call("release-context", Needs::Initialization,
            [&] { return std::to_string(device); });
  if (call.refusal())
    return call.refusal();
  Context *primary = contextOf(call.state, device);
  if (!primary)
    return InvalidDevice;
  if (!primary->retained)
    return InvalidContext;
  if (--primary->retained == 0)
    call.state.destroy(*primary);
  return Success;
}

FAKE_CUDA_API cuCtxPushCurrent_v2(Handle context) {
  Call call("push", Needs::Initialization);
  if (call.refusal())
    return call.refusal();
  for (Context &known : call.state.contexts)
    if (&known == context && known.retained) {
      contextStack().push_back(&known);
      return Success;
    }
  return InvalidContext;
}

FAKE_CUDA_API cuCtxPopCurrent_v2(Handle *context) {
  Call call("pop", Needs::Initialization);
  if (call.refusal())
    return call.refusal();
  if (contextStack().empty())
    return InvalidContext;
  *context = contextStack().back();
  contextStack().pop_back();
  return Success;
}

FAKE_CUDA_API cuCtxGetCurrent(Handle *context) {
  Call call("current", Needs::Initialization);
  if (!call.refusal())
    *context = contextStack().empty() ? nullptr : contextStack().back();
  return call.refusal();
}

FAKE_CUDA_API cuCtxSynchronize() {
  return Call("context-synchronize", Needs::Synchronization).refusal();
}
