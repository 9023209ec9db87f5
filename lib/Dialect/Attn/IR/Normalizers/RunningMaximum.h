//===- RunningMaximum.h - the reference point of exponentials ---*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_DIALECT_ATTN_IR_NORMALIZERS_RUNNINGMAXIMUM_H
#define ATTN_LIB_DIALECT_ATTN_IR_NORMALIZERS_RUNNINGMAXIMUM_H

#include "attn/Dialect/Attn/IR/Normalizer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlir::attn {

/// max(reference, scores of the row), or `reference` itself when that is less
/// than `threshold` above it after `unit`, the factor of a state: it may lag
/// behind the maximum, weights then exceed 1, and their sum with them
/// (FlashAttention-4, arXiv 2603.05451). From -inf the growth is infinite; -inf
/// to -inf is NaN and stays.
inline Value advanceMaximum(OpBuilder &b, Location loc, RowBuilder &rows,
                            const ScoreScale &scale, Value scores,
                            Value reference, Value unit, double threshold) {
  Value max = scale.reduceMax(b, loc, rows, scores, reference);
  if (threshold <= 0)
    return max;
  Value growth = arith::MulFOp::create(
      b, loc, arith::SubFOp::create(b, loc, max, reference), unit);
  Value grew = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, growth,
                                     rows.constant(b, loc, threshold));
  return arith::SelectOp::create(b, loc, grew, max, reference);
}

} // namespace mlir::attn

#endif
