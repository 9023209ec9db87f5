//===- TensorSet.h - the arguments of one call ------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNBENCH_TENSORSET_H
#define ATTN_TOOLS_ATTNBENCH_TENSORSET_H

#include "Program.h"
#include "attn/Runtime/Device.h"
#include <array>
#include <memory>
#include <vector>

namespace attn::bench {

/// Query, key, value, out and lse of one call in device memory, dense in
/// B x H x S x D order, and their memref descriptors.
class TensorSet {
public:
  static constexpr size_t kTensors = 5;

  TensorSet(std::shared_ptr<runtime::Device> device, const Program &program,
            int64_t batch, int64_t length);
  TensorSet(const TensorSet &) = delete;
  TensorSet &operator=(const TensorSet &) = delete;
  ~TensorSet();

  /// Allocates all and fills the inputs with normal values, the same ones
  /// everywhere: a GPU needs more power for numbers than for zeros.
  runtime::Status allocate();

  /// Bytes of the whole set.
  uint64_t bytes() const;

  int32_t call(HostFunction function, attn_rt_stream *stream);

  /// As attn_rt_call takes them, in order. Valid as long as the set.
  std::array<const void *, kTensors> arguments() const;

private:
  struct Tensor {
    const char *name;
    std::vector<int64_t> sizes;
    int32_t element;
    bool isInput;
    uint64_t address = 0;
    std::vector<int64_t> descriptor = {}; ///< of a memref
    attn_rt_tensor view = {};

    uint64_t bytes() const;
  };
  runtime::Status fill(const Tensor &tensor);

  std::shared_ptr<runtime::Device> device;
  std::array<Tensor, kTensors> tensors;
};

} // namespace attn::bench

#endif
