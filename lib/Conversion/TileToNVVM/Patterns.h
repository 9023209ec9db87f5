//===- Patterns.h - the lowering by instruction family -----------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_TILETONVVM_PATTERNS_H
#define ATTN_LIB_CONVERSION_TILETONVVM_PATTERNS_H

#include "mlir/Transforms/DialectConversion.h"

namespace mlir::tile {

/// Fragments become the values that a thread holds, shared buffers an i32
/// address in the shared window.
void addTileTypeConversions(TypeConverter &converter);

/// Elementwise arith and math ops, broadcast, index.
void populateFragmentPatterns(TypeConverter &converter,
                              RewritePatternSet &patterns);
/// Row reductions over quads.
void populateRowPatterns(TypeConverter &converter, RewritePatternSet &patterns);
/// Shared buffers: alloc, slot, store.
void populateSharedPatterns(TypeConverter &converter,
                            RewritePatternSet &patterns);
/// Global memory: gather, row and tile stores, scalar loads.
void populateGlobalPatterns(TypeConverter &converter,
                            RewritePatternSet &patterns);

/// cp.async and its groups, barriers.
void populateAsyncCopyPatterns(TypeConverter &converter,
                               RewritePatternSet &patterns);
/// ldmatrix and mma.sync.
void populateMatrixPatterns(TypeConverter &converter,
                            RewritePatternSet &patterns);

} // namespace mlir::tile

#endif
