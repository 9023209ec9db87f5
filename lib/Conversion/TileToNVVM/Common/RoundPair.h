//===- RoundPair.h - two f32 values to one 16-bit pair -----------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_TILETONVVM_COMMON_ROUNDPAIR_H
#define ATTN_LIB_CONVERSION_TILETONVVM_COMMON_ROUNDPAIR_H

#include "Integers.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace mlir::tile {

/// vector<2xelement> of two f32 values, rounded by one instruction.
inline Value roundPair(Integers &e, Value low, Value high, Type element) {
  auto f32x2 = VectorType::get({2}, e.b.getF32Type());
  Value pair = LLVM::UndefOp::create(e.b, f32x2);
  pair = LLVM::InsertElementOp::create(e.b, pair, low, e.constant(0));
  pair = LLVM::InsertElementOp::create(e.b, pair, high, e.constant(1));
  return LLVM::FPTruncOp::create(e.b, VectorType::get({2}, element), pair);
}

} // namespace mlir::tile

#endif
