//===- TileDialect.td - the tile dialect --------------------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_TILE_IR_TILEDIALECT
#define ATTN_DIALECT_TILE_IR_TILEDIALECT

include "mlir/IR/OpBase.td"

def TileDialect : Dialect {
  let name = "tile";
  let cppNamespace = "::mlir::tile";
  let summary = "How a kernel works on tiles";
  let description = [{
    The body of a GPU kernel in terms of tiles that a group of warps owns:
    fragments in registers, swizzled buffers in shared memory, copies between
    them and their synchronization. Fragments are builtin tensors whose encoding
    says which thread holds which element, so elementwise `arith` and `math` ops
    work on them as they are. Nothing here knows of attention.
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect", "::mlir::arith::ArithDialect"];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

class Tile_Op<string mnemonic, list<Trait> traits = []>
    : Op<TileDialect, mnemonic, traits>;

#endif
