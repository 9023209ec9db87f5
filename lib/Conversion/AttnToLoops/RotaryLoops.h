//===- RotaryLoops.h - loops of one attn.rotary ----------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_ATTNTOLOOPS_ROTARYLOOPS_H
#define ATTN_CONVERSION_ATTNTOLOOPS_ROTARYLOOPS_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"

namespace mlir::attn {

/// Emits the definition of `op` as loops before it. Angles are f32, as they are
/// in the definition; everything after them is computed in `real`. Results are
/// rounded to the type of the buffer, and before that to `rounded`, if any.
void emitRotaryLoops(RotaryOp op, Type real, Type rounded);

} // namespace mlir::attn

#endif
