//===- TileDialect.h - the tile dialect ------------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_TILE_IR_TILEDIALECT_H
#define ATTN_DIALECT_TILE_IR_TILEDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "attn/Dialect/Tile/IR/TileDialect.h.inc"
#include "attn/Dialect/Tile/IR/TileEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "attn/Dialect/Tile/IR/TileAttributes.h.inc"

#define GET_TYPEDEF_CLASSES
#include "attn/Dialect/Tile/IR/TileTypes.h.inc"

#define GET_OP_CLASSES
#include "attn/Dialect/Tile/IR/TileOps.h.inc"

namespace mlir::tile {

/// True for tensors whose encoding is a fragment layout of this dialect.
bool isFragment(Type type);

/// f8E4M3FN or f8E5M2.
bool isFloat8(Type type);

/// How many values one thread holds of a fragment: elements, or for `operand_a`
/// 32-bit words of two or four elements. Null-safe: 0 for other types.
int64_t getValuesPerThread(RankedTensorType fragment);

/// Warps that share the rows of a fragment.
int64_t getWarps(RankedTensorType fragment);

/// Groups of so many warps that share its columns.
int64_t getGroups(RankedTensorType fragment);

/// Columns of an accumulator that one group holds.
int64_t getColumnsPerGroup(RankedTensorType accumulator);

/// Whether two fragments are spread over the same warps and groups.
bool haveSameWarps(RankedTensorType a, RankedTensorType b);

/// Columns of a page of a shared buffer.
int64_t getPageColumns(MemRefType buffer);

/// Whether of a buffer that `groups` warp groups store to global memory each
/// one takes a share of the pages, and not of the rows.
bool storesPages(MemRefType buffer, int64_t groups);

/// memref<rows x columns x element, #tile.swizzle<...>, workgroup memory>.
/// Each of several groups has whole pages of it.
MemRefType getSharedType(int64_t rows, int64_t columns, Type element,
                         int64_t groups = 1);

} // namespace mlir::tile

#endif
