//===- TileWarpOps.td - the lanes of a warp at work ---------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_TILE_IR_TILEWARPOPS
#define ATTN_DIALECT_TILE_IR_TILEWARPOPS

// Kernels that compute with scalars: one for each lane, all 32 taking part.

def Tile_LaneOp : Tile_Op<"lane", [Pure]> {
  let summary = "the number of a thread in its warp, 0 to 31";
  let results = (outs I32:$result);
  let assemblyFormat = "attr-dict";
}

def Tile_BallotOp : Tile_Op<"ballot", [Pure]> {
  let summary = "bit l of the result is the condition of lane l";
  let arguments = (ins I1:$condition);
  let results = (outs I32:$result);
  let assemblyFormat = "$condition attr-dict";
}

def Tile_ReduceLanesOp : Tile_Op<"reduce_lanes", [Pure]> {
  let summary = "the least or the largest value of the warp's lanes, signed";
  let arguments = (ins Tile_EndAttr:$end, I32:$value);
  let results = (outs I32:$result);
  let assemblyFormat = "$end $value attr-dict";
}

def Tile_ReduceThreadsOp : Tile_Op<"reduce_threads"> {
  let summary = "the least or the largest value of the block's threads, signed";
  let description = [{
    All threads of the block take part and get it, once in a kernel's run: nothing
    waits for them to have read it before it could be overwritten.
  }];
  let arguments = (ins Tile_EndAttr:$end, I32:$value);
  let results = (outs I32:$result);
  let assemblyFormat = "$end $value attr-dict";
}

def Tile_ExchangeLanesOp : Tile_Op<"exchange_lanes", [Pure]> {
  let summary = "the value of the lane whose number differs in the bits of a distance";
  let arguments = (ins F32:$value,
      ConfinedAttr<I32Attr, [IntMinValue<1>, IntMaxValue<31>]>:$distance);
  let results = (outs F32:$result);
  let assemblyFormat = "$value `,` $distance attr-dict";
}

def Tile_LoadConstantOp : Tile_Op<"load_constant", [Pure]> {
  let summary = "an element of memory that nobody writes while the kernel runs";
  let description = [{
    So it may be read ahead, read again, or not at all, where `memref.load` stays in
    its place.

    ```mlir
    %tile = tile.load_constant %tiles[%batch, %head, %block, %t] : memref<?x?x?x?xi32>
    ```
  }];
  let arguments = (ins AnyMemRef:$source, Variadic<Index>:$indices);
  let results = (outs I32:$result);
  let assemblyFormat = "$source `[` $indices `]` attr-dict `:` type($source)";
  let hasVerifier = 1;
}

#endif
