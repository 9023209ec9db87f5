//===- TransposedColumn.h - order of rows in transposed blocks --*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_ATTNTOLOOPS_TRANSPOSEDCOLUMN_H
#define ATTN_CONVERSION_ATTNTOLOOPS_TRANSPOSEDCOLUMN_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// The column of a transposed block (docs/Spec.md, "8-bit floats") that has its
/// row `r`, an index.
Value emitTransposedColumn(ImplicitLocOpBuilder &b, Value r);

} // namespace mlir::attn

#endif
