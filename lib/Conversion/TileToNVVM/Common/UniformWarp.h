//===- UniformWarp.h - numbers that a warp agrees on -------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_TILETONVVM_COMMON_UNIFORMWARP_H
#define ATTN_LIB_CONVERSION_TILETONVVM_COMMON_UNIFORMWARP_H

#include "Integers.h"

namespace mlir::tile {

/// `value` of lane 0, in all lanes: what comes from a shuffle is known to be
/// uniform, and so is all that is computed from it.
Value emitUniform(Integers &e, Value value);

/// The number of the warp in its block, computed once at the kernel's start.
Value getUniformWarp(Integers &e);

/// The number of the warp group in its block.
Value getUniformWarpGroup(Integers &e);

} // namespace mlir::tile

#endif
