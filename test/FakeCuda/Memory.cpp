//===- Memory.cpp - memory of the fake GPUs -------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Addresses are those of the simulator: a host that follows one dies, as it
// would with a GPU's.

#include "State.h"

using namespace fakecuda;

/// As much as a small GPU has.
static constexpr size_t kCapacity = size_t(8) << 30;
/// What is found in memory that nobody wrote: a NaN in every float format.
static constexpr uint8_t kGarbage = 0xff;

FAKE_CUDA_API cuMemAlloc_v2(unsigned long long *address, size_t bytes) {
  Call call("alloc", Needs::Context, [&] { return std::to_string(bytes); });
  if (call.refusal())
    return call.refusal();
  if (!address || !bytes)
    return InvalidValue;
  if (bytes > kCapacity)
    return OutOfMemory;
  Context &context = call.context();
  attn::sim::Memory &memory = *context.memory;
  const uint64_t place = memory.allocate(
      bytes, "allocation " + std::to_string(++context.allocations) + " of " +
                 std::to_string(bytes) + " bytes");
  if (!place)
    return OutOfMemory;
  memory.fill(place, kGarbage, bytes);
  memory.invalidate(place, bytes);
  *address = place;
  return Success;
}

FAKE_CUDA_API cuMemFree_v2(unsigned long long address) {
  Call call("free", Needs::Synchronization);
  if (call.refusal())
    return call.refusal();
  return call.context().memory->release(address) ? Success : InvalidValue;
}

static int outside(size_t bytes) {
  return refuse(InvalidValue, "a copy of " + std::to_string(bytes) +
                                  " bytes is not inside one allocation");
}

FAKE_CUDA_API cuMemcpyHtoD_v2(unsigned long long to, const void *from,
                              size_t bytes) {
  Call call("to-device", Needs::Synchronization,
            [&] { return std::to_string(bytes); });
  if (call.refusal())
    return call.refusal();
  return call.context().memory->write(to, from, bytes) ? Success
                                                       : outside(bytes);
}

FAKE_CUDA_API cuMemcpyDtoH_v2(void *to, unsigned long long from, size_t bytes) {
  Call call("from-device", Needs::Synchronization,
            [&] { return std::to_string(bytes); });
  if (call.refusal())
    return call.refusal();
  return call.context().memory->read(to, from, bytes) ? Success
                                                      : outside(bytes);
}
