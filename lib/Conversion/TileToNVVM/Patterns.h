//===- Patterns.h - the lowering by instruction family -----------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_TILETONVVM_PATTERNS_H
#define ATTN_LIB_CONVERSION_TILETONVVM_PATTERNS_H

#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Transforms/DialectConversion.h"

namespace mlir::tile {

/// Fragments become the values that a thread holds, shared buffers an i32
/// address in the shared window, pipelines the address of their barriers.
void addTileTypeConversions(TypeConverter &converter);

/// Elementwise arith and math ops, broadcast, index.
void populateFragmentPatterns(TypeConverter &converter,
                              RewritePatternSet &patterns);
/// Row reductions over quads.
void populateRowPatterns(TypeConverter &converter, RewritePatternSet &patterns);
/// Sums of two halves of the rows, through shared memory.
void populateHalvesPatterns(TypeConverter &converter,
                            RewritePatternSet &patterns);
/// What the lanes of a warp agree on.
void populateWarpPatterns(TypeConverter &converter,
                          RewritePatternSet &patterns);
/// Scalars that lanes, or all threads of a block, hand to each other.
void populateScalarWarpPatterns(TypeConverter &converter,
                                RewritePatternSet &patterns);
/// Shared buffers: alloc, alias, slot, store.
void populateSharedPatterns(TypeConverter &converter,
                            RewritePatternSet &patterns);
/// Global memory: gather, row and tile stores, scalar loads.
void populateGlobalPatterns(TypeConverter &converter,
                            RewritePatternSet &patterns);
/// Global memory: vectors of one thread. `hasFp8`: there is an instruction that
/// rounds to 8-bit floats.
void populateGlobalValuesPatterns(TypeConverter &converter,
                                  RewritePatternSet &patterns, bool hasFp8);
/// Rows of a shared buffer, rotated in place. `toAsyncProxy`: wgmma reads them.
void populateRotateRowsPatterns(TypeConverter &converter,
                                RewritePatternSet &patterns, bool toAsyncProxy);

//===----------------------------------------------------------------------===//
// Ampere
//===----------------------------------------------------------------------===//

/// cp.async and its groups, barriers. `toAsyncProxy`: what has arrived is read
/// by wgmma or tensor copies.
void populateAsyncCopyPatterns(TypeConverter &converter,
                               RewritePatternSet &patterns, bool toAsyncProxy);
/// ldmatrix and mma.sync.
void populateMatrixPatterns(TypeConverter &converter,
                            RewritePatternSet &patterns);

//===----------------------------------------------------------------------===//
// Hopper
//===----------------------------------------------------------------------===//

/// This thread's writes to shared memory, visible to the asynchronous proxy.
void emitAsyncProxyFence(OpBuilder &b, Location loc);

/// mbarrier.
void populatePipelinePatterns(TypeConverter &converter,
                              RewritePatternSet &patterns);
/// cp.async.bulk.tensor.
void populateTensorCopyPatterns(TypeConverter &converter,
                                RewritePatternSet &patterns);
/// wgmma; preferred to mma.sync.
void populateWarpGroupMatrixPatterns(TypeConverter &converter,
                                     RewritePatternSet &patterns);
/// stmatrix, preferred to single stores; zero_rows.
void populateSharedStorePatterns(TypeConverter &converter,
                                 RewritePatternSet &patterns);
/// Turns and fences.
void populateRolePatterns(TypeConverter &converter,
                          RewritePatternSet &patterns);

/// Branches instead of roles. After all else: where an op stands says which
/// threads execute it.
void lowerRoles(WarpSpecializeOp op);

} // namespace mlir::tile

#endif
