//===- RealArithmetic.h - what a kernel may do to a formula ----*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_REALARITHMETIC_H
#define ATTN_CONVERSION_REALARITHMETIC_H

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlir::attn {

/// In the regions of an attention f32 stands for a real number, so the factors
/// of a product may be combined in any order: those that are the same for all
/// scores before they meet one. Sums keep their order.
constexpr arith::FastMathFlags kRealProduct = arith::FastMathFlags::reassoc |
                                              arith::FastMathFlags::nsz |
                                              arith::FastMathFlags::contract;

} // namespace mlir::attn

#endif
