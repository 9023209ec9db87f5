//===- Stream.h - streams on a device, for embedding programs --*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_RUNTIME_STREAM_H
#define ATTN_RUNTIME_STREAM_H

#include "attn/Runtime/Device.h"
#include <functional>
#include <memory>
#include <optional>

namespace attn::runtime {

/// What the embedding program may watch or replace. All are optional.
struct StreamHooks {
  /// Takes the place of the next image that is loaded, once: a hand-edited
  /// kernel then runs under the compiled host function.
  std::optional<std::string> imageOverride;
  /// Sees each image once, as it is loaded (after an override).
  std::function<void(const char *chip, std::string_view image)> onImage;
  /// Sees each launch before it is made.
  std::function<void(const Launch &)> onLaunch;
};

struct StreamDeleter {
  void operator()(attn_rt_stream *stream) const {
    attn_rt_stream_destroy(stream);
  }
};
using StreamPtr = std::unique_ptr<attn_rt_stream, StreamDeleter>;

/// A stream on `queue`, which is the device's own kind of stream and stays the
/// caller's. The device lives at least as long as the stream.
StreamPtr createStream(std::shared_ptr<Device> device, void *queue = nullptr,
                       StreamHooks hooks = {});

/// For programs that call host functions themselves and not through
/// attn_rt_call(). After beginMeasuring() a host function launches nothing;
/// endMeasuring() says how many bytes of workspace it has asked for.
void beginMeasuring(attn_rt_stream *stream);
uint64_t endMeasuring(attn_rt_stream *stream);
/// What attn_rt_take_workspace() gives out from now on.
void setWorkspace(attn_rt_stream *stream, uint64_t address, uint64_t bytes);

/// The failure that attn_rt_last_error() describes, with its code; success when
/// this thread has had none.
const Status &lastError();

} // namespace attn::runtime

#endif
