//===- TileOps.td - ops of the tile dialect -----------------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_TILE_IR_TILEOPS
#define ATTN_DIALECT_TILE_IR_TILEOPS

include "attn/Dialect/Tile/IR/TileDialect.td"
include "attn/Dialect/Tile/IR/TileAttributes.td"
include "attn/Dialect/Tile/IR/TileTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

include "attn/Dialect/Tile/IR/TileComputeOps.td"
include "attn/Dialect/Tile/IR/TileMemoryOps.td"
include "attn/Dialect/Tile/IR/TileSyncOps.td"
include "attn/Dialect/Tile/IR/TilePipelineOps.td"
include "attn/Dialect/Tile/IR/TileRoleOps.td"
include "attn/Dialect/Tile/IR/TileWarpOps.td"

#endif
