//===- Stream.cpp - streams and the memory of their devices ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Runtime/Stream.h"
#include "Chip.h"
#include "StreamState.h"
#include "attn/Runtime/CudaDevice.h"
#include "attn/Runtime/SimDevice.h"
#include <utility>

using namespace attn::runtime;

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

static thread_local Status threadError;

int32_t attn::runtime::report(Status status) {
  const int32_t code = status.code;
  if (!status.ok())
    threadError = std::move(status);
  return code;
}

int32_t attn::runtime::reportInvalid(std::string message) {
  return report(Status::error(ATTN_RT_INVALID_ARGUMENT, std::move(message)));
}

int32_t attn::runtime::reportNoStream() {
  return reportInvalid("expected a stream, but got null");
}

const Status &attn::runtime::lastError() { return threadError; }

const char *attn_rt_last_error(void) { return threadError.message.c_str(); }

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

StreamPtr attn::runtime::createStream(std::shared_ptr<Device> device,
                                      void *queue, StreamHooks hooks) {
  auto *stream = new attn_rt_stream;
  stream->device = std::move(device);
  stream->queue = queue;
  stream->hooks = std::move(hooks);
  stream->name = stream->device->name();
  stream->chip = stream->device->chip();
  stream->multiprocessors = stream->device->multiprocessors();
  return StreamPtr(stream);
}

void attn::runtime::beginMeasuring(attn_rt_stream *stream) {
  stream->workspace = {0, 0, 0, /*measuring=*/true};
}

uint64_t attn::runtime::endMeasuring(attn_rt_stream *stream) {
  return std::exchange(stream->workspace, Workspace()).used;
}

void attn::runtime::setWorkspace(attn_rt_stream *stream, uint64_t address,
                                 uint64_t bytes) {
  stream->workspace = {address, bytes, 0, false};
}

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

attn_rt_stream *attn_rt_stream_create_sim(const char *chip, uint64_t seed,
                                          int32_t earliest) {
  if (!chip || !Chip::parse(chip)) {
    reportInvalid("expected a chip such as sm_80 to simulate, but got " +
                  std::string(chip ? chip : "null"));
    return nullptr;
  }
  SimOptions options;
  options.chip = chip;
  options.seed = seed;
  options.timing =
      earliest ? attn::sim::Timing::Earliest : attn::sim::Timing::Latest;
  return createStream(std::make_shared<SimDevice>(std::move(options)))
      .release();
}

int32_t attn_rt_stream_synchronize(attn_rt_stream *stream) {
  if (!stream)
    return reportNoStream();
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

const char *attn_rt_stream_device(attn_rt_stream *stream) {
  return stream ? stream->name.c_str() : "";
}

const char *attn_rt_stream_chip(attn_rt_stream *stream) {
  return stream ? stream->chip.c_str() : "";
}

const char *attn_rt_stream_log(attn_rt_stream *stream) {
  return stream ? stream->log.c_str() : "";
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

int32_t attn_rt_allocate(attn_rt_stream *stream, uint64_t bytes,
                         const char *name, uint64_t *address) {
  if (!stream)
    return reportNoStream();
  if (!address)
    return reportInvalid("expected room for an address, but got null");
  return report(stream->device->allocate(bytes, name ? name : "", *address));
}

int32_t attn_rt_release(attn_rt_stream *stream, uint64_t address) {
  if (!stream)
    return reportNoStream();
  return report(stream->device->release(address));
}

int32_t attn_rt_write(attn_rt_stream *stream, uint64_t to, const void *from,
                      uint64_t bytes) {
  if (!stream)
    return reportNoStream();
  if (!from && bytes)
    return reportInvalid("expected bytes to write, but got null");
  return report(stream->device->copyToDevice(to, from, bytes));
}

int32_t attn_rt_read(attn_rt_stream *stream, void *to, uint64_t from,
                     uint64_t bytes) {
  if (!stream)
    return reportNoStream();
  if (!to && bytes)
    return reportInvalid("expected room for bytes to read, but got null");
  return report(stream->device->copyFromDevice(to, from, bytes));
}
