//===- SineCosine.h - sine and cosine of any angle ---------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_TILETONVVM_COMMON_SINECOSINE_H
#define ATTN_LIB_CONVERSION_TILETONVVM_COMMON_SINECOSINE_H

#include "mlir/IR/PatternMatch.h"

namespace mlir::tile {

/// math.sin, math.cos and math.sincos of f32 as arithmetic: absolute errors of
/// some 2^-24 for angles up to 2^20.
void populateSineCosinePatterns(RewritePatternSet &patterns);

} // namespace mlir::tile

#endif
