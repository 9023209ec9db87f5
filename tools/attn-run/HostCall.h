//===- HostCall.h - calling a compiled host function ------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_HOSTCALL_H
#define ATTN_TOOLS_ATTNRUN_HOSTCALL_H

#include "TensorData.h"
#include "attn/JIT/Engine.h"
#include <deque>

namespace attn::run {

/// How a dense buffer is seen by the program: the shape and the strides, in
/// elements, in B x H x S x D order whatever the order of storage.
struct View {
  Shape shape, strides;

  /// Of a row-major buffer of shape `stored`; with `swapped`, its dimensions 1
  /// and 2 are exchanged in the view. `padding` unused elements follow each
  /// row.
  static View of(llvm::ArrayRef<int64_t> stored, bool swapped,
                 int64_t padding = 0);
};

/// Exchanges dimensions 1 and 2, between file order and program order.
Shape swapMiddle(llvm::ArrayRef<int64_t> shape);

/// The packed arguments of one call.
class HostCall {
public:
  HostCall() = default;
  HostCall(const HostCall &) = delete;
  HostCall &operator=(const HostCall &) = delete;

  /// `address` is of host or device memory, whichever the function expects.
  void addTensor(uint64_t address, const View &view);
  void addScalar(uint64_t bits);
  void addPointer(void *pointer);

  llvm::Error invoke(jit::Engine &engine, llvm::StringRef name);
  /// For a function that returns a status code.
  llvm::Expected<int32_t> invokeWithStatus(jit::Engine &engine,
                                           llvm::StringRef name);

private:
  // Deques, because the packed arguments point at their elements.
  std::deque<llvm::SmallVector<int64_t, 12>> descriptors;
  std::deque<uint64_t> words;
  llvm::SmallVector<void *> packed;
};

} // namespace attn::run

#endif
