//===- KernelFunction.h - kernels and what they are called with --*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_KERNELFUNCTION_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_KERNELFUNCTION_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mlir::attn {

/// Adds an empty kernel to the end of `module`, for blocks of that many
/// threads.
gpu::GPUFuncOp createKernelFunction(gpu::GPUModuleOp module, Location loc,
                                    StringRef name, TypeRange arguments,
                                    int64_t threads);

/// A memref type with rows that are dense, whatever else the strides are; other
/// types stay.
Type getRowMajorType(Type type);

/// Emits the launch of a kernel with blocks of `threads` threads; memrefs are
/// cast to the types of its arguments.
void createLaunch(OpBuilder &b, Location loc, gpu::GPUFuncOp kernel,
                  gpu::KernelDim3 grid, int64_t threads, ValueRange operands);

} // namespace mlir::attn

#endif
