//===- Queues.cpp - streams and events ------------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A launch has run when it returns, so that nothing has to wait here.

#include "State.h"

using namespace fakecuda;

FAKE_CUDA_API cuStreamCreate(Handle *stream, unsigned flags) {
  Call call("create-stream", Needs::Context,
            [&] { return std::to_string(flags); });
  if (call.refusal())
    return call.refusal();
  if (flags > 1)
    return InvalidValue;
  *stream = call.state.streams.add({&call.context()}, call.state.lastHandle);
  return Success;
}

FAKE_CUDA_API cuStreamDestroy_v2(Handle stream) {
  Call call("destroy-stream", Needs::Context, [&] { return text(stream); });
  if (call.refusal())
    return call.refusal();
  return call.state.streams.remove(stream) ? Success : InvalidHandle;
}

bool fakecuda::isStream(const Call &call, Handle stream) {
  // Null, CU_STREAM_LEGACY and CU_STREAM_PER_THREAD are in every context.
  if (reinterpret_cast<uintptr_t>(stream) <= 2)
    return true;
  const Stream *known = call.state.streams.find(stream);
  return known && known->context == &call.context();
}

FAKE_CUDA_API cuStreamSynchronize(Handle stream) {
  Call call("synchronize", Needs::Synchronization,
            [&] { return text(stream); });
  if (call.refusal())
    return call.refusal();
  return isStream(call, stream) ? Success : InvalidHandle;
}

FAKE_CUDA_API cuEventCreate(Handle *event, unsigned flags) {
  Call call("create-event", Needs::Context);
  if (call.refusal())
    return call.refusal();
  if (flags > 7)
    return InvalidValue;
  *event = call.state.events.add({&call.context(), std::nullopt},
                                 call.state.lastHandle);
  return Success;
}

FAKE_CUDA_API cuEventRecord(Handle event, Handle stream) {
  Call call("record", Needs::Context, [&] { return text(stream); });
  if (call.refusal())
    return call.refusal();
  Event *known = call.state.events.find(event);
  if (!known || !isStream(call, stream))
    return InvalidHandle;
  known->recorded = Clock::now();
  return Success;
}

FAKE_CUDA_API cuEventSynchronize(Handle event) {
  Call call("wait-event", Needs::Synchronization);
  if (call.refusal())
    return call.refusal();
  return call.state.events.find(event) ? Success : InvalidHandle;
}

FAKE_CUDA_API cuEventElapsedTime(float *milliseconds, Handle start,
                                 Handle stop) {
  Call call("elapsed", Needs::Context);
  if (call.refusal())
    return call.refusal();
  const Event *first = call.state.events.find(start),
              *last = call.state.events.find(stop);
  if (!first || !last || !first->recorded || !last->recorded)
    return InvalidHandle;
  *milliseconds = std::chrono::duration<float, std::milli>(*last->recorded -
                                                           *first->recorded)
                      .count();
  return Success;
}

FAKE_CUDA_API cuEventDestroy_v2(Handle event) {
  Call call("destroy-event", Needs::Context);
  if (call.refusal())
    return call.refusal();
  return call.state.events.remove(event) ? Success : InvalidHandle;
}
