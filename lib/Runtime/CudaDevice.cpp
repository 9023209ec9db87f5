//===- CudaDevice.cpp - an NVIDIA GPU through its driver ------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Runtime/CudaDevice.h"
#include "CudaDriver.h"
#include "CudaImage.h"
#include <algorithm>
#include <cstdint>
#include <map>

using namespace attn::runtime;

namespace {
/// What a thread keeps between beginSeries() and endSeries().
struct Series {
  const void *context =
      nullptr;           ///< current for the time being; null: no series
  bool isPushed = false; ///< by beginSeries()
  unsigned nested = 0;   ///< series within the series
};
thread_local Series series;

/// Makes the primary context current where it is not: the calling thread may be
/// any, and what was current belongs to the embedding program. `isPushed` says
/// whether there is something to undo.
CuResult makeCurrent(const CudaDriver &cuda, void *context, bool &isPushed) {
  void *current = nullptr;
  CuResult result = cuda.currentContext(&current);
  if (result || current == context)
    return result;
  result = cuda.pushContext(context);
  isPushed = !result;
  return result;
}

/// The context is current while it lives.
class ContextScope {
public:
  ContextScope(const CudaDriver &cuda, void *context) : cuda(cuda) {
    if (series.context != context)
      result = makeCurrent(cuda, context, isPushed);
  }
  ~ContextScope() {
    void *ignored;
    if (isPushed)
      cuda.popContext(&ignored);
  }
  CuResult result = 0;

private:
  const CudaDriver &cuda;
  bool isPushed = false;
};

/// A module and the kernels that were asked for, so that a launch looks up
/// nothing in the driver.
struct LoadedModule {
  struct Kernel {
    void *function = nullptr;
    uint32_t dynamicShared = 0; ///< bytes allowed so far
  };
  void *module = nullptr;
  std::map<std::string, Kernel, std::less<>> kernels;
};

class CudaDeviceImpl final : public CudaDevice {
public:
  CudaDeviceImpl(std::shared_ptr<const CudaDriver> driver, CuDeviceId device,
                 void *context)
      : driver(std::move(driver)), device(device), context(context) {}
  ~CudaDeviceImpl() override;

  std::string name() const override;
  std::string chip() const override;
  int32_t multiprocessors() const override;
  bool takesCubins() const override { return true; }
  Status allocate(size_t bytes, std::string_view name,
                  uint64_t &address) override;
  Status release(uint64_t address) override;
  Status copyToDevice(uint64_t to, const void *from, size_t bytes) override;
  Status copyFromDevice(void *to, uint64_t from, size_t bytes) override;
  Status loadModule(std::string_view image, ModuleHandle &module) override;
  Status unloadModule(ModuleHandle module) override;
  Status encodeTensorMap(const attn_rt_tensor_map_desc &desc,
                         void *map) override;
  Status prepare(const Launch &launch) override;
  Status launch(const Launch &launch) override;
  Status beginSeries() override;
  void endSeries() override;
  Status synchronize(void *queue) override;
  Status createQueue(void *&queue) override;
  Status destroyQueue(void *queue) override;
  Status createEvent(void *&event) override;
  Status recordEvent(void *event, void *queue) override;
  Status elapsed(void *start, void *stop, double &seconds) override;
  Status destroyEvent(void *event) override;

private:
  /// Runs `call` in the context; `what` begins the message of a failure.
  template <typename Call>
  Status inContext(const std::string &what, Call call,
                   int32_t code = ATTN_RT_DEVICE_ERROR) {
    ContextScope scope(*driver, context);
    CuResult result = scope.result ? scope.result : call();
    if (!result)
      return Status::success();
    return failure(what, result, code);
  }
  Status failure(const std::string &what, CuResult result, int32_t code) const;
  Status tooOld(const char *missing, int since) const;
  CuResult launchInCluster(void *function, const Launch &launch) const;
  Status findKernel(const Launch &launch, LoadedModule::Kernel *&kernel);

  std::shared_ptr<const CudaDriver> driver;
  CuDeviceId device;
  void *context;
  std::map<ModuleHandle, LoadedModule> modules;
  ModuleHandle nextModule = 1;
};
} // namespace

std::unique_ptr<CudaDevice> CudaDevice::open(const CudaOptions &options,
                                             std::string &reason) {
  auto driver = CudaDriver::open(options.library, reason);
  if (!driver)
    return nullptr;
  int count = 0;
  if (CuResult result = driver->deviceGetCount(&count)) {
    reason = "cannot count the GPUs: " + driver->describe(result);
    return nullptr;
  }
  if (count == 0) {
    reason = "no GPU: the CUDA driver finds none";
    return nullptr;
  }
  if (options.ordinal < 0 || options.ordinal >= count) {
    reason = "no GPU " + std::to_string(options.ordinal) +
             ": the driver knows " + std::to_string(count);
    return nullptr;
  }
  CuDeviceId device = 0;
  void *context = nullptr;
  CuResult result = driver->deviceGet(&device, options.ordinal);
  if (!result)
    result = driver->primaryRetain(&context, device);
  if (result) {
    reason = "cannot use GPU " + std::to_string(options.ordinal) + ": " +
             driver->describe(result);
    return nullptr;
  }
  return std::make_unique<CudaDeviceImpl>(std::move(driver), device, context);
}

CudaDeviceImpl::~CudaDeviceImpl() {
  while (!modules.empty())
    unloadModule(modules.begin()->first);
  driver->primaryRelease(device);
}

std::string CudaDeviceImpl::name() const {
  char text[256] = "";
  driver->deviceGetName(text, sizeof(text), device);
  return text;
}

std::string CudaDeviceImpl::chip() const {
  int major = 0, minor = 0;
  driver->deviceGetAttribute(&major, CuAttributeComputeMajor, device);
  driver->deviceGetAttribute(&minor, CuAttributeComputeMinor, device);
  // Hopper's own instructions are in the architecture-specific target only.
  const bool isHopper = major == 9 && minor == 0;
  return "sm_" + std::to_string(major) + std::to_string(minor) +
         (isHopper ? "a" : "");
}

int32_t CudaDeviceImpl::multiprocessors() const {
  int count = 0;
  driver->deviceGetAttribute(&count, CuAttributeMultiprocessors, device);
  return std::max(count, 1);
}

Status CudaDeviceImpl::failure(const std::string &what, CuResult result,
                               int32_t code) const {
  std::string text = what + ": " + driver->describe(result);
  if (result == CuErrorOutOfMemory) {
    code = ATTN_RT_OUT_OF_MEMORY;
  } else if (isFault(result)) {
    code = ATTN_RT_LAUNCH_FAILED;
    text += "; a kernel has died, and this process can use the GPU no more";
  }
  return Status::error(code, std::move(text));
}

Status CudaDeviceImpl::beginSeries() {
  if (series.context) {
    ++series.nested;
    return Status::success();
  }
  const CuResult result = makeCurrent(*driver, context, series.isPushed);
  if (result)
    return failure("cannot use the GPU", result, ATTN_RT_DEVICE_ERROR);
  series.context = context;
  return Status::success();
}

void CudaDeviceImpl::endSeries() {
  if (series.nested) {
    --series.nested;
    return;
  }
  void *ignored;
  if (series.isPushed)
    driver->popContext(&ignored);
  series = Series();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Status CudaDeviceImpl::allocate(size_t bytes, std::string_view name,
                                uint64_t &address) {
  CuAddress result = 0; // the driver refuses to allocate nothing
  Status status = inContext(
      "cannot allocate " + std::to_string(bytes) + " bytes for " +
          std::string(name),
      [&] { return driver->memAlloc(&result, std::max<size_t>(bytes, 1)); });
  address = result;
  return status;
}

Status CudaDeviceImpl::release(uint64_t address) {
  if (!address)
    return Status::success();
  return inContext("cannot free memory",
                   [&] { return driver->memFree(address); });
}

Status CudaDeviceImpl::copyToDevice(uint64_t to, const void *from,
                                    size_t bytes) {
  if (!bytes)
    return Status::success();
  return inContext("cannot copy to the device", [&] {
    // The copy itself waits for the default queue only.
    CuResult result = driver->contextSynchronize();
    return result ? result : driver->copyToDevice(to, from, bytes);
  });
}

Status CudaDeviceImpl::copyFromDevice(void *to, uint64_t from, size_t bytes) {
  if (!bytes)
    return Status::success();
  return inContext("cannot copy from the device", [&] {
    CuResult result = driver->contextSynchronize();
    return result ? result : driver->copyFromDevice(to, from, bytes);
  });
}

//===----------------------------------------------------------------------===//
// Modules and launches
//===----------------------------------------------------------------------===//

Status CudaDeviceImpl::loadModule(std::string_view image,
                                  ModuleHandle &module) {
  char log[8192] = "";
  int options[] = {CuJitErrorLogBuffer, CuJitErrorLogBufferBytes};
  void *values[] = {log, reinterpret_cast<void *>(uintptr_t(sizeof(log)))};
  LoadedModule loaded;
  ContextScope scope(*driver, context);
  CuResult result = scope.result;
  if (!result)
    result =
        driver->moduleLoad(&loaded.module, image.data(), 2, options, values);
  if (isFault(result) || result == CuErrorOutOfMemory)
    return failure("cannot load it", result, ATTN_RT_BAD_IMAGE);
  log[sizeof(log) - 1] = '\0';
  if (result)
    return Status::error(ATTN_RT_BAD_IMAGE,
                         explainRefusal(*driver, result, image, log));
  module = nextModule++;
  modules.emplace(module, std::move(loaded));
  return Status::success();
}

Status CudaDeviceImpl::unloadModule(ModuleHandle module) {
  auto found = modules.find(module);
  if (found == modules.end())
    return Status::error(ATTN_RT_INVALID_ARGUMENT, "expected a loaded module");
  void *handle = found->second.module;
  modules.erase(found);
  return inContext("cannot unload a module",
                   [&] { return driver->moduleUnload(handle); });
}

Status CudaDeviceImpl::findKernel(const Launch &launch,
                                  LoadedModule::Kernel *&kernel) {
  auto owner = modules.find(launch.module);
  if (owner == modules.end())
    return Status::error(ATTN_RT_INVALID_ARGUMENT, "expected a loaded module");
  LoadedModule &module = owner->second;
  auto found = module.kernels.find(std::string_view(launch.kernel));
  if (found == module.kernels.end()) {
    void *function = nullptr;
    Status status = inContext(
        "cannot find the kernel " + std::string(launch.kernel),
        [&] {
          return driver->moduleGetFunction(&function, module.module,
                                           launch.kernel);
        },
        ATTN_RT_NO_KERNEL);
    if (!status.ok())
      return status;
    found = module.kernels.emplace(launch.kernel, LoadedModule::Kernel()).first;
    found->second.function = function;
  }
  kernel = &found->second;
  if (launch.dynamicSharedBytes <= kernel->dynamicShared)
    return Status::success();
  // Beyond 48 KiB a kernel has to ask; asking for less does no harm.
  Status status = inContext(
      "kernel " + std::string(launch.kernel) + " cannot have " +
          std::to_string(launch.dynamicSharedBytes) +
          " bytes of dynamic shared memory",
      [&] {
        return driver->functionSetAttribute(
            kernel->function, CuFunctionMaxDynamicShared,
            static_cast<int>(launch.dynamicSharedBytes));
      },
      ATTN_RT_LAUNCH_FAILED);
  if (status.ok())
    kernel->dynamicShared = launch.dynamicSharedBytes;
  return status;
}

/// `since` is the CUDA that brought the function, 12000 for 12.0.
Status CudaDeviceImpl::tooOld(const char *missing, int since) const {
  return Status::error(ATTN_RT_DEVICE_ERROR,
                       driver->name() + " is too old: it has no " + missing +
                           ", which came with " + cudaVersionText(since) +
                           "; update the driver");
}

CuResult CudaDeviceImpl::launchInCluster(void *function,
                                         const Launch &launch) const {
  const Dim3 &grid = launch.grid, &block = launch.block,
             &cluster = launch.cluster;
  CuLaunchAttribute attribute = {};
  attribute.id = CuLaunchAttributeCluster;
  attribute.value.clusterDim[0] = cluster.x;
  attribute.value.clusterDim[1] = cluster.y;
  attribute.value.clusterDim[2] = cluster.z;
  CuLaunchConfig config = {};
  config.grid[0] = grid.x;
  config.grid[1] = grid.y;
  config.grid[2] = grid.z;
  config.block[0] = block.x;
  config.block[1] = block.y;
  config.block[2] = block.z;
  config.sharedBytes = launch.dynamicSharedBytes;
  config.stream = launch.queue;
  config.attributes = &attribute;
  config.attributeCount = 1;
  return driver->launchKernelEx(&config, function, launch.params, nullptr);
}

Status CudaDeviceImpl::prepare(const Launch &launch) {
  LoadedModule::Kernel *kernel = nullptr;
  return findKernel(launch, kernel);
}

Status CudaDeviceImpl::launch(const Launch &launch) {
  LoadedModule::Kernel *kernel = nullptr;
  Status status = findKernel(launch, kernel);
  if (!status.ok())
    return status;
  const Dim3 &grid = launch.grid, &block = launch.block;
  const bool inClusters =
      launch.cluster.x != 1 || launch.cluster.y != 1 || launch.cluster.z != 1;
  if (inClusters && !driver->launchKernelEx)
    return tooOld("cuLaunchKernelEx", 11080);
  // No message is built on the way that succeeds: it is taken often.
  ContextScope scope(*driver, context);
  CuResult result = scope.result;
  if (!result && inClusters)
    result = launchInCluster(kernel->function, launch);
  else if (!result)
    result = driver->launchKernel(
        kernel->function, grid.x, grid.y, grid.z, block.x, block.y, block.z,
        launch.dynamicSharedBytes, launch.queue, launch.params, nullptr);
  if (!result)
    return Status::success();
  return failure("cannot launch " + std::string(launch.kernel), result,
                 ATTN_RT_LAUNCH_FAILED);
}

/// CUtensorMapDataType of an ATTN_RT_ELEMENT_ code.
static int tensorMapType(uint32_t element) {
  switch (element) {
  case ATTN_RT_ELEMENT_U8:
    return 0;
  case ATTN_RT_ELEMENT_I32:
    return 3;
  case ATTN_RT_ELEMENT_F16:
    return 6;
  case ATTN_RT_ELEMENT_F32:
    return 7;
  case ATTN_RT_ELEMENT_BF16:
    return 9;
  }
  return -1; // which the driver refuses
}

/// CUtensorMapSwizzle and CUtensorMapL2promotion count powers of two of bytes:
/// none, `smallest`, twice that and so on.
static int stepsFrom(uint32_t smallest, uint32_t bytes) {
  int steps = 0;
  for (; bytes >= smallest; bytes /= 2)
    ++steps;
  return steps;
}

Status CudaDeviceImpl::encodeTensorMap(const attn_rt_tensor_map_desc &desc,
                                       void *map) {
  if (!driver->tensorMapEncodeTiled)
    return tooOld("cuTensorMapEncodeTiled", 12000);
  uint64_t dims[5], strides[4];
  const unsigned everyElement[5] = {1, 1, 1, 1, 1};
  for (uint32_t i = 0; i < desc.rank; ++i) {
    dims[i] = static_cast<uint64_t>(desc.dims[i]);
    if (i > 0) // the driver has none for the innermost dimension
      strides[i - 1] = static_cast<uint64_t>(desc.strides[i]);
  }
  const int noInterleave = 0, fillWithZeros = 0;
  ContextScope scope(*driver, context);
  CuResult result = scope.result;
  if (!result)
    result = driver->tensorMapEncodeTiled(
        map, tensorMapType(desc.element), desc.rank,
        reinterpret_cast<void *>(uintptr_t(desc.address)), dims, strides,
        desc.box, everyElement, noInterleave, stepsFrom(32, desc.swizzle),
        stepsFrom(64, desc.promotion), fillWithZeros);
  if (!result)
    return Status::success();
  return failure("cannot encode the tensor map of " +
                     std::string(desc.name ? desc.name : "a tensor"),
                 result, ATTN_RT_DEVICE_ERROR);
}

Status CudaDeviceImpl::synchronize(void *queue) {
  return inContext(
      "a launch failed on the device",
      [&] { return driver->streamSynchronize(queue); }, ATTN_RT_LAUNCH_FAILED);
}

//===----------------------------------------------------------------------===//
// Queues and events
//===----------------------------------------------------------------------===//

Status CudaDeviceImpl::createQueue(void *&queue) {
  const unsigned nonBlocking = 1;
  return inContext("cannot create a stream",
                   [&] { return driver->streamCreate(&queue, nonBlocking); });
}

Status CudaDeviceImpl::destroyQueue(void *queue) {
  return inContext("cannot destroy a stream",
                   [&] { return driver->streamDestroy(queue); });
}

Status CudaDeviceImpl::createEvent(void *&event) {
  return inContext("cannot create an event",
                   [&] { return driver->eventCreate(&event, 0); });
}

Status CudaDeviceImpl::recordEvent(void *event, void *queue) {
  return inContext("cannot record an event",
                   [&] { return driver->eventRecord(event, queue); });
}

Status CudaDeviceImpl::elapsed(void *start, void *stop, double &seconds) {
  float milliseconds = 0;
  Status status = inContext("cannot read an event", [&] {
    CuResult result = driver->eventSynchronize(stop);
    return result ? result : driver->eventElapsed(&milliseconds, start, stop);
  });
  seconds = milliseconds * 1e-3;
  return status;
}

Status CudaDeviceImpl::destroyEvent(void *event) {
  return inContext("cannot destroy an event",
                   [&] { return driver->eventDestroy(event); });
}
