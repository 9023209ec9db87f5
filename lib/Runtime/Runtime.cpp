//===- Runtime.cpp - the C ABI of compiled host functions -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Runtime/Runtime.h"
#include "TensorMapDesc.h"
#include "attn/Runtime/CudaDevice.h"
#include "attn/Runtime/Stream.h"
#include <cstring>
#include <unordered_map>

using namespace attn::runtime;

struct attn_rt_stream {
  std::shared_ptr<Device> device;
  void *queue = nullptr;
  StreamHooks hooks;
  std::unordered_map<const attn_rt_image *, ModuleHandle> modules;
};

static thread_local Status threadError;

/// Makes `status` the thread's last error and returns its code.
static int32_t report(Status status) {
  const int32_t code = status.code;
  if (!status.ok())
    threadError = std::move(status);
  return code;
}

static int32_t invalid(std::string message) {
  return report(Status::error(ATTN_RT_INVALID_ARGUMENT, std::move(message)));
}

const Status &attn::runtime::lastError() { return threadError; }

StreamPtr attn::runtime::createStream(std::shared_ptr<Device> device,
                                      void *queue, StreamHooks hooks) {
  auto *stream = new attn_rt_stream;
  stream->device = std::move(device);
  stream->queue = queue;
  stream->hooks = std::move(hooks);
  return StreamPtr(stream);
}

/// The slow path of a launch: the first one from an image.
static Status load(attn_rt_stream &stream, const attn_rt_image &image,
                   ModuleHandle &module) {
  std::string replacement;
  std::string_view data(image.data, image.size);
  if (stream.hooks.imageOverride) {
    replacement = std::move(*stream.hooks.imageOverride);
    stream.hooks.imageOverride.reset();
    data = replacement;
  }
  const bool isText = data.substr(0, 4) != std::string_view("\177ELF", 4);
  while (isText && !data.empty() && data.back() == '\0')
    data.remove_suffix(1);
  const char *chip = image.chip ? image.chip : "unknown chip";
  if (stream.hooks.onImage)
    stream.hooks.onImage(chip, data);
  Status status = stream.device->loadModule(data, module);
  if (status.ok())
    stream.modules.emplace(&image, module);
  else
    status.message = "cannot load the module for " + std::string(chip) +
                     " on " + stream.device->name() + " (" +
                     stream.device->chip() + "): " + status.message;
  return status;
}

static std::string text(const Dim3 &size) {
  return std::to_string(size.x) + "x" + std::to_string(size.y) + "x" +
         std::to_string(size.z);
}

static bool isEmpty(const Dim3 &size) {
  return size.x == 0 || size.y == 0 || size.z == 0;
}

/// What is known of the arguments of a launch is in `launch`; the rest of it
/// follows from the stream and the image.
static int32_t launchOn(attn_rt_stream *stream, const attn_rt_image *image,
                        Launch launch) {
  if (!stream)
    return invalid("expected a stream, but got null");
  if (!image || !image->data || !launch.kernel)
    return invalid("expected an image and a kernel name, but got null");
  const Dim3 &grid = launch.grid, &cluster = launch.cluster;
  if (isEmpty(grid))
    return ATTN_RT_SUCCESS;
  if (isEmpty(launch.block))
    return invalid("expected at least one thread in a block");
  if (isEmpty(cluster) || grid.x % cluster.x || grid.y % cluster.y ||
      grid.z % cluster.z)
    return invalid("clusters of " + std::string(launch.kernel) +
                   ": expected a divisor of the grid " + text(grid) +
                   ", but got " + text(cluster));
  if (!launch.params && launch.paramCount)
    return invalid("expected parameters, but got null");

  auto found = stream->modules.find(image);
  if (found != stream->modules.end()) {
    launch.module = found->second;
  } else {
    Status status = load(*stream, *image, launch.module);
    if (!status.ok())
      return report(std::move(status));
  }
  launch.queue = stream->queue;
  if (stream->hooks.onLaunch)
    stream->hooks.onLaunch(launch);
  return report(stream->device->launch(launch));
}

int32_t attn_rt_launch_cluster(attn_rt_stream *stream,
                               const attn_rt_image *image, const char *kernel,
                               uint32_t gx, uint32_t gy, uint32_t gz,
                               uint32_t bx, uint32_t by, uint32_t bz,
                               uint32_t cx, uint32_t cy, uint32_t cz,
                               uint32_t shared_bytes, void **params,
                               uint64_t param_count) {
  Launch launch;
  launch.kernel = kernel;
  launch.grid = {gx, gy, gz};
  launch.block = {bx, by, bz};
  launch.cluster = {cx, cy, cz};
  launch.dynamicSharedBytes = shared_bytes;
  launch.params = params;
  launch.paramCount = param_count;
  return launchOn(stream, image, launch);
}

int32_t attn_rt_launch(attn_rt_stream *stream, const attn_rt_image *image,
                       const char *kernel, uint32_t gx, uint32_t gy,
                       uint32_t gz, uint32_t bx, uint32_t by, uint32_t bz,
                       uint32_t shared_bytes, void **params,
                       uint64_t param_count) {
  return attn_rt_launch_cluster(stream, image, kernel, gx, gy, gz, bx, by, bz,
                                1, 1, 1, shared_bytes, params, param_count);
}

int32_t attn_rt_encode_tensor_map(attn_rt_stream *stream, void *map,
                                  const attn_rt_tensor_map_desc *desc) {
  if (!stream)
    return invalid("expected a stream, but got null");
  if (!desc)
    return invalid("expected a description of a tensor map, but got null");
  if (!map || reinterpret_cast<uintptr_t>(map) % 64)
    return invalid("expected room for a tensor map at a multiple of 64 bytes, "
                   "but got address " +
                   std::to_string(reinterpret_cast<uintptr_t>(map)));
  Status status = checkTensorMap(*desc);
  if (status.ok())
    status = stream->device->encodeTensorMap(fillIn(*desc), map);
  return report(std::move(status));
}

int32_t attn_rt_fail(int32_t code, const char *message, int64_t expected,
                     int64_t got) {
  std::string text = message ? message : "invalid argument";
  text += ": expected " + std::to_string(expected) + ", but got " +
          std::to_string(got);
  return report(Status::error(code, std::move(text)));
}

const char *attn_rt_last_error(void) { return threadError.message.c_str(); }

attn_rt_stream *attn_rt_stream_create_cuda(int32_t ordinal, void *cuda_stream) {
  CudaOptions options;
  options.ordinal = ordinal;
  std::string reason;
  std::shared_ptr<Device> device = CudaDevice::open(options, reason);
  if (!device) {
    report(Status::error(ATTN_RT_DEVICE_ERROR, std::move(reason)));
    return nullptr;
  }
  return createStream(std::move(device), cuda_stream).release();
}

int32_t attn_rt_stream_synchronize(attn_rt_stream *stream) {
  if (!stream)
    return invalid("expected a stream, but got null");
  return report(stream->device->synchronize(stream->queue));
}

void attn_rt_stream_destroy(attn_rt_stream *stream) {
  if (!stream)
    return;
  // A module that cannot be unloaded is no reason to keep the stream.
  for (auto &[image, module] : stream->modules)
    stream->device->unloadModule(module);
  delete stream;
}
