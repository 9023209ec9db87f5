//===- QuantizeLoops.h - loops of one attn.quantize -------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_ATTNTOLOOPS_QUANTIZELOOPS_H
#define ATTN_CONVERSION_ATTNTOLOOPS_QUANTIZELOOPS_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"

namespace mlir::attn {

/// Emits the definition of `op` as loops before it, computed in `real`.
/// `float8` is the 8-bit type, whatever the buffer's element type is by now;
/// with `rounds` values are rounded to it and scales to f32.
void emitQuantizeLoops(QuantizeOp op, Type real, Type float8, bool rounds);

} // namespace mlir::attn

#endif
