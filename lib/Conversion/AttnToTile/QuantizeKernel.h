//===- QuantizeKernel.h - the kernel of attn.quantize ------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_QUANTIZEKERNEL_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_QUANTIZEKERNEL_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mlir::attn {

/// How one block of rows is spread over the threads of one block of the grid: a
/// thread has the same piece of every `rows`-th row, and holds them all. With
/// an output in transposed blocks it has it of four rows at a time, whose
/// elements of a column are neighbours in a word of the output.
struct QuantizePlan {
  int64_t block;   ///< the op's, or what suits when larger things have a scale
  int64_t values;  ///< of a piece, a power of two up to 8
  int64_t pieces;  ///< of a row
  int64_t lanes;   ///< pieces of a row in neighbouring lanes
  int64_t rows;    ///< that all threads hold a piece of at a time
  int64_t steps;   ///< pieces of a thread
  int64_t threads; ///< some of the last warp may have nothing to do
  int64_t width;   ///< of transposed blocks, or 0
  /// Rows that a thread holds of a word of the output.
  int64_t rowsOfWord() const { return width ? 4 : 1; }

  /// Nothing when a block is more than the registers of so many threads hold.
  static std::optional<QuantizePlan> of(QuantizeOp op);
  /// What rows of out start at multiples of, in bytes, when those of the input
  /// start at multiples of `alignment`.
  int64_t outAlignment(QuantizeOp op, int64_t alignment) const;
};

/// What no kernel can do of the op, said in the user's terms.
LogicalResult checkQuantize(QuantizeOp op);

/// Adds the kernel of `op` to `module`. It reads and writes each element once.
/// Rows of the input start at multiples of `alignment` bytes. Where a scale is
/// that of more than a block, the kernel reads the largest magnitudes of all
/// blocks, which the kernel of buildMaximaKernel has written before.
gpu::GPUFuncOp buildQuantizeKernel(QuantizeOp op, int64_t alignment,
                                   gpu::GPUModuleOp module, StringRef name);
gpu::GPUFuncOp buildMaximaKernel(QuantizeOp op, int64_t alignment,
                                 gpu::GPUModuleOp module, StringRef name);

/// Emits, before `op`, the checks of what only a call knows, and the launches;
/// `maxima` is null where blocks have scales.
void buildQuantizeChecks(QuantizeOp op, int64_t alignment);
void buildQuantizeLaunch(QuantizeOp op, gpu::GPUFuncOp maxima,
                         gpu::GPUFuncOp kernel);

} // namespace mlir::attn

#endif
