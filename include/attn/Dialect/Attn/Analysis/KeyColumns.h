//===- KeyColumns.h - values that are columns of their keys ----*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_ANALYSIS_KEYCOLUMNS_H
#define ATTN_DIALECT_ATTN_ANALYSIS_KEYCOLUMNS_H

namespace mlir::attn {

class AttentionOpInterface;

/// Whether the value of a bufferized op is the first columns of its key, the
/// same bytes of memory: latent attention (arXiv 2405.04434). Both may be views
/// that start at the same element. That they have the same heads and length is
/// a constraint of the op (A5) and not asked again. With several maps the value
/// is a tensor of its own.
bool isValueInKey(AttentionOpInterface op);

} // namespace mlir::attn

#endif
