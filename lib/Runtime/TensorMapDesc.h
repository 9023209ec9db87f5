//===- TensorMapDesc.h - descriptions of tensor maps ------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_RUNTIME_TENSORMAPDESC_H
#define ATTN_LIB_RUNTIME_TENSORMAPDESC_H

#include "attn/Runtime/Device.h"

namespace attn::runtime {

/// What the hardware demands of a tensor map. A driver says only that some
/// argument is invalid; this names it.
Status checkTensorMap(const attn_rt_tensor_map_desc &desc);

/// `desc` as devices take it, with an address, at least one element, and every
/// stride: that of a dimension of 1 plays no part, so callers have any number
/// there, and a tensor without elements may have no address.
attn_rt_tensor_map_desc fillIn(attn_rt_tensor_map_desc desc);

} // namespace attn::runtime

#endif
