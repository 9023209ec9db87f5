//===- TensorSet.cpp - the arguments of one call --------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TensorSet.h"
#include "attn/Runtime/HalfFloat.h"
#include <algorithm>
#include <random>

using namespace attn;
using namespace attn::bench;

TensorSet::TensorSet(std::shared_ptr<runtime::Device> device,
                     const Program &program, int64_t batch, int64_t length)
    : device(std::move(device)) {
  const std::vector<int64_t> outer = {batch, program.heads, length,
                                      program.headDim};
  const std::vector<int64_t> inner = {batch, program.keyHeads, length,
                                      program.headDim};
  const std::vector<int64_t> rows = {batch, program.heads, length};
  tensors = {Tensor{"query", outer, ATTN_RT_ELEMENT_BF16, true},
             Tensor{"key", inner, ATTN_RT_ELEMENT_BF16, true},
             Tensor{"value", inner, ATTN_RT_ELEMENT_BF16, true},
             Tensor{"out", outer, ATTN_RT_ELEMENT_BF16, false},
             Tensor{"lse", rows, ATTN_RT_ELEMENT_F32, false}};
}

TensorSet::~TensorSet() {
  for (const Tensor &tensor : tensors)
    device->release(tensor.address);
}

uint64_t TensorSet::Tensor::bytes() const {
  uint64_t count = element == ATTN_RT_ELEMENT_F32 ? 4 : 2;
  for (int64_t size : sizes)
    count *= static_cast<uint64_t>(size);
  return count;
}

uint64_t TensorSet::bytes() const {
  uint64_t sum = 0;
  for (const Tensor &tensor : tensors)
    sum += tensor.bytes();
  return sum;
}

runtime::Status TensorSet::allocate() {
  for (Tensor &tensor : tensors) {
    runtime::Status status =
        device->allocate(tensor.bytes(), tensor.name, tensor.address);
    if (status.ok() && tensor.isInput)
      status = fill(tensor);
    if (!status.ok())
      return status;
    // Allocated pointer, aligned pointer, offset, sizes, strides.
    const auto address = static_cast<int64_t>(tensor.address);
    tensor.descriptor = {address, address, 0};
    tensor.descriptor.insert(tensor.descriptor.end(), tensor.sizes.begin(),
                             tensor.sizes.end());
    tensor.descriptor.resize(3 + 2 * tensor.sizes.size());
    int64_t stride = 1;
    for (size_t d = tensor.sizes.size(); d-- > 0;) {
      tensor.descriptor[3 + tensor.sizes.size() + d] = stride;
      stride *= tensor.sizes[d];
    }
    tensor.view = {reinterpret_cast<void *>(uintptr_t(tensor.address)),
                   tensor.sizes.data(), nullptr,
                   static_cast<int32_t>(tensor.sizes.size()), tensor.element};
  }
  return runtime::Status::success();
}

/// A block of values that is repeated: of a million keys none is special.
static std::vector<uint16_t> makeValues() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<uint16_t> values(1 << 20);
  for (uint16_t &value : values)
    value = runtime::roundToBFloat(normal(random));
  return values;
}

runtime::Status TensorSet::fill(const Tensor &tensor) {
  static const std::vector<uint16_t> values = makeValues();
  const uint64_t block = values.size() * sizeof(uint16_t);
  for (uint64_t done = 0; done < tensor.bytes(); done += block) {
    runtime::Status status =
        device->copyToDevice(tensor.address + done, values.data(),
                             std::min(block, tensor.bytes() - done));
    if (!status.ok())
      return status;
  }
  return runtime::Status::success();
}

int32_t TensorSet::call(HostFunction function, attn_rt_stream *stream) {
  return function(tensors[0].descriptor.data(), tensors[1].descriptor.data(),
                  tensors[2].descriptor.data(), tensors[3].descriptor.data(),
                  tensors[4].descriptor.data(), stream);
}

std::array<const void *, TensorSet::kTensors> TensorSet::arguments() const {
  return {&tensors[0].view, &tensors[1].view, &tensors[2].view,
          &tensors[3].view, &tensors[4].view};
}
