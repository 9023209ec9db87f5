//===- HostCall.cpp - calling a compiled host function --------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "HostCall.h"

using namespace attn::run;

Shape attn::run::swapMiddle(llvm::ArrayRef<int64_t> shape) {
  Shape swapped(shape);
  std::swap(swapped[1], swapped[2]);
  return swapped;
}

View View::of(llvm::ArrayRef<int64_t> stored, bool swapped, int64_t padding) {
  View view;
  view.shape.assign(stored.begin(), stored.end());
  view.strides.resize(stored.size());
  int64_t stride = 1;
  for (size_t i = stored.size(); i-- > 0;) {
    view.strides[i] = stride;
    stride *= stored[i] + (i + 1 == stored.size() ? padding : 0);
  }
  if (swapped) {
    view.shape = swapMiddle(view.shape);
    view.strides = swapMiddle(view.strides);
  }
  return view;
}

void HostCall::addTensor(uint64_t address, const View &view) {
  // Allocated pointer, aligned pointer, offset, sizes, strides: the layout of a
  // memref descriptor.
  auto &descriptor = descriptors.emplace_back();
  descriptor.push_back(static_cast<int64_t>(address));
  descriptor.push_back(static_cast<int64_t>(address));
  descriptor.push_back(0);
  descriptor.append(view.shape.begin(), view.shape.end());
  descriptor.append(view.strides.begin(), view.strides.end());
  addPointer(descriptor.data());
}

void HostCall::addScalar(uint64_t bits) {
  packed.push_back(&words.emplace_back(bits));
}

void HostCall::addPointer(void *pointer) {
  addScalar(reinterpret_cast<uintptr_t>(pointer));
}

llvm::Error HostCall::invoke(jit::Engine &engine, llvm::StringRef name) {
  return engine.invoke(name, packed);
}

llvm::Expected<int32_t> HostCall::invokeWithStatus(jit::Engine &engine,
                                                   llvm::StringRef name) {
  int32_t status = 0;
  packed.push_back(&status);
  llvm::Error error = engine.invoke(name, packed);
  packed.pop_back();
  if (error)
    return error;
  return status;
}
