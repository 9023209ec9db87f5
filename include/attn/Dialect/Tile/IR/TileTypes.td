//===- TileTypes.td - handles of hardware objects -----------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_TILE_IR_TILETYPES
#define ATTN_DIALECT_TILE_IR_TILETYPES

include "attn/Dialect/Tile/IR/TileDialect.td"
include "mlir/IR/AttrTypeBase.td"

class Tile_Type<string name, string typeMnemonic> : TypeDef<TileDialect, name> {
  let mnemonic = typeMnemonic;
}

def Tile_TensorMapType : Tile_Type<"TensorMap", "tensor_map"> {
  let summary = "how the tensor copy engine sees a tensor in global memory";
  let description = [{
    Made by the host from a strided tensor, passed to a kernel by value (128 bytes).
    It knows the tensor's sizes: what lies outside is read as zeros and not written.
  }];
}

def Tile_PipelineType : Tile_Type<"Pipeline", "pipeline"> {
  let summary = "full and empty barriers of a ring of `stages` buffers";
  let description = [{
    Fills are numbered from 0 over the whole kernel; fill n uses slot n % stages. A
    producer may fill again once all consumers have released the slot; a consumer may
    read once the bytes have arrived.
  }];
  let parameters = (ins "int64_t":$stages);
  let assemblyFormat = "`<` $stages `>`";
  let genVerifyDecl = 1;
}

#endif
