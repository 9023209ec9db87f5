//===- Runtime.cpp - what compiled host functions call --------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Runtime/Runtime.h"
#include "Chip.h"
#include "StreamState.h"
#include "TensorMapDesc.h"

using namespace attn::runtime;

//===----------------------------------------------------------------------===//
// Loading an image
//===----------------------------------------------------------------------===//

/// Empty when the device runs the image's machine code, else why not.
static std::string whyNoCubin(const Device &device,
                              const attn_rt_image &image) {
  if (!image.cubin)
    return "there is no machine code";
  if (!device.takesCubins())
    return "the " + device.name() + " runs PTX only";
  const auto own = Chip::parse(device.chip());
  const auto target = Chip::parse(image.chip ? image.chip : "");
  if (!own || !target || !own->runsCubinOf(*target))
    return "machine code for " + std::string(image.chip ? image.chip : "?") +
           " does not run on " + device.chip();
  return "";
}

/// Text without the NULs at its end.
static std::string_view textOf(const char *data, size_t size) {
  std::string_view text(data, size);
  while (!text.empty() && text.back() == '\0')
    text.remove_suffix(1);
  return text;
}

namespace {
/// The slow path of a launch: the first one from an image. Machine code first,
/// since it is what was looked at and needs no compilation; the driver compiles
/// the PTX where it cannot take the machine code, and the log says so.
class ImageLoad {
public:
  ImageLoad(attn_rt_stream &stream, const attn_rt_image &image,
            ModuleHandle &module)
      : stream(stream), image(image), module(module),
        chip(image.chip ? image.chip : "unknown chip") {}

  Status run() {
    if (stream.hooks.imageOverride) {
      const std::string replacement = std::move(*stream.hooks.imageOverride);
      stream.hooks.imageOverride.reset();
      Status status = load(textOf(replacement.data(), replacement.size()));
      return status.ok() ? taken("replaced by the program")
                         : explain(std::move(status));
    }
    std::string reason = whyNoCubin(*stream.device, image);
    if (reason.empty()) {
      Status status =
          load({static_cast<const char *>(image.cubin), image.cubin_size});
      if (status.ok())
        return taken("machine code");
      if (status.code != ATTN_RT_BAD_IMAGE || !image.ptx)
        return explain(std::move(status));
      reason = "its machine code was refused: " + status.message;
    }
    if (!image.ptx)
      return explain(
          Status::error(ATTN_RT_NO_VARIANT, reason + ", and there is no PTX"));
    Status status = load(textOf(image.ptx, image.ptx_size));
    if (status.ok())
      return taken("PTX; " + reason);
    if (image.cubin)
      status.message += "\n" + reason;
    return explain(std::move(status));
  }

private:
  Status load(std::string_view data) {
    if (stream.hooks.onImage)
      stream.hooks.onImage(chip.c_str(), data);
    return stream.device->loadModule(data, module);
  }

  Status taken(const std::string &form) {
    stream.modules.emplace(&image, module);
    stream.log += "module for " + chip + ": " + form + "\n";
    return Status::success();
  }

  Status explain(Status status) const {
    status.message = "cannot load the module for " + chip + " on " +
                     stream.name + " (" + stream.chip + "): " + status.message;
    return status;
  }

  attn_rt_stream &stream;
  const attn_rt_image &image;
  ModuleHandle &module;
  const std::string chip;
};
} // namespace

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

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
    return reportNoStream();
  if (!image || !(image->ptx || image->cubin) || !launch.kernel)
    return reportInvalid("expected an image and a kernel name, but got null");
  const Dim3 &grid = launch.grid, &cluster = launch.cluster;
  if (isEmpty(grid))
    return ATTN_RT_SUCCESS;
  if (isEmpty(launch.block))
    return reportInvalid("expected at least one thread in a block");
  if (isEmpty(cluster) || grid.x % cluster.x || grid.y % cluster.y ||
      grid.z % cluster.z)
    return reportInvalid("clusters of " + std::string(launch.kernel) +
                         ": expected a divisor of the grid " + text(grid) +
                         ", but got " + text(cluster));
  if (!launch.params && launch.paramCount)
    return reportInvalid("expected parameters, but got null");

  auto found = stream->modules.find(image);
  if (found != stream->modules.end()) {
    launch.module = found->second;
  } else {
    Status status = ImageLoad(*stream, *image, launch.module).run();
    if (!status.ok())
      return report(std::move(status));
  }
  launch.queue = stream->queue;
  if (stream->workspace.measuring)
    return report(stream->device->prepare(launch));
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

//===----------------------------------------------------------------------===//
// Tensor maps and checks
//===----------------------------------------------------------------------===//

int32_t attn_rt_encode_tensor_map(attn_rt_stream *stream, void *map,
                                  const attn_rt_tensor_map_desc *desc) {
  if (!stream)
    return reportNoStream();
  if (!desc)
    return reportInvalid(
        "expected a description of a tensor map, but got null");
  if (!map || reinterpret_cast<uintptr_t>(map) % 64)
    return reportInvalid(
        "expected room for a tensor map at a multiple of 64 bytes, "
        "but got address " +
        std::to_string(reinterpret_cast<uintptr_t>(map)));
  if (stream->workspace.measuring) // nothing will read it
    return ATTN_RT_SUCCESS;
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

//===----------------------------------------------------------------------===//
// Device and workspace
//===----------------------------------------------------------------------===//

int32_t attn_rt_multiprocessors(attn_rt_stream *stream) {
  return stream ? stream->multiprocessors : 1;
}

int32_t attn_rt_take_workspace(attn_rt_stream *stream, uint64_t bytes,
                               void **address) {
  if (!stream)
    return reportNoStream();
  if (!address)
    return reportInvalid("expected room for an address, but got null");
  Workspace &workspace = stream->workspace;
  const uint64_t start = (workspace.used + kWorkspaceAlignment - 1) /
                         kWorkspaceAlignment * kWorkspaceAlignment;
  if (start + bytes < bytes || start < workspace.used)
    return reportInvalid("workspace: expected fewer than 2^64 bytes");
  workspace.used = start + bytes;
  *address = nullptr;
  if (workspace.measuring)
    return ATTN_RT_SUCCESS;
  if (workspace.used > workspace.bytes)
    return reportInvalid(
        "workspace: expected at least " + std::to_string(workspace.used) +
        " bytes, but got " + std::to_string(workspace.bytes) +
        "; attn_rt_workspace_bytes() says how many are needed");
  *address = reinterpret_cast<void *>(uintptr_t(workspace.address + start));
  return ATTN_RT_SUCCESS;
}
