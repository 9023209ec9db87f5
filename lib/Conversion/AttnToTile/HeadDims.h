//===- HeadDims.h - head dims that kernels take ------------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_HEADDIMS_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_HEADDIMS_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"

namespace mlir::attn {

/// An error for head dims that no kernel of the chip takes: what is expected
/// and what does not fit.
LogicalResult checkHeadDims(AttentionOpInterface op, StringRef chip);

} // namespace mlir::attn

#endif
