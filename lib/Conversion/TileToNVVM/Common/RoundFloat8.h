//===- RoundFloat8.h - f32 values to pairs of 8-bit floats -------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_TILETONVVM_COMMON_ROUNDFLOAT8_H
#define ATTN_LIB_CONVERSION_TILETONVVM_COMMON_ROUNDFLOAT8_H

#include "Integers.h"

namespace mlir::tile {

/// The codes of two f32 values, as i16: to nearest, saturating, NaN stays. One
/// instruction, or integer arithmetic where the chip has none.
Value roundPairToFloat8(Integers &e, Value low, Value high, Type float8,
                        bool hasInstruction);

} // namespace mlir::tile

#endif
