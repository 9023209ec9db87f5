//===- Float8.h - 8-bit floats in arith ops ---------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_ATTNTOLOOPS_FLOAT8_H
#define ATTN_CONVERSION_ATTNTOLOOPS_FLOAT8_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// The largest finite value of f8E4M3FN or f8E5M2.
double getMaxFinite(Type float8);

/// The nearest value of the type, as f64: ties to even, saturating; NaN stays.
Value roundToFloat8(ImplicitLocOpBuilder &b, Value f64, Type float8);

/// A value that roundToFloat8 has made, in the type itself. No host has an
/// instruction for that, and LLVM has no such type.
Value encodeFloat8(ImplicitLocOpBuilder &b, Value rounded, Type float8);

/// The f32 of the same value as an 8-bit float.
Value decodeFloat8(ImplicitLocOpBuilder &b, Value float8);

} // namespace mlir::attn

#endif
