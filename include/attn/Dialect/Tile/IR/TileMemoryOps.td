//===- TileMemoryOps.td - shared and global memory ----------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_TILE_IR_TILEMEMORYOPS
#define ATTN_DIALECT_TILE_IR_TILEMEMORYOPS

def Tile_AllocOp : Tile_Op<"alloc", [MemoryEffects<[MemAlloc]>]> {
  let summary = "a buffer in shared memory";
  let description = [{
    `offset` is its place in bytes, chosen by `tile-allocate-smem`. Buffers that are
    not live at the same time may share a place. With several `slots` it is a ring of
    buffers of the result type; the result is slot 0 and `tile.slot` names the others.
  }];
  let arguments = (ins OptionalAttr<I64Attr>:$offset,
                       DefaultValuedAttr<I64Attr, "1">:$slots);
  let results = (outs AnyMemRef:$buffer);
  let assemblyFormat = "attr-dict `:` type($buffer)";
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    /// Size in bytes, all slots.
    int64_t getByteSize();
  }];
}

def Tile_SlotOp : Tile_Op<"slot", [Pure, AllTypesMatch<["ring", "buffer"]>]> {
  let summary = "one buffer of a ring";
  let arguments = (ins AnyMemRef:$ring, I32:$index);
  let results = (outs AnyMemRef:$buffer);
  let hasVerifier = 1;
  let assemblyFormat = "$ring `[` $index `]` attr-dict `:` type($ring)";
}

class Tile_CopyBase<string mnemonic>
    : Tile_Op<mnemonic, [AttrSizedOperandSegments]> {
  let description = [{
    Rows [row, row + M) of the 2-D `source` in global memory go to the M x C shared
    buffer `target`, copied by all threads of the block in 16-byte pieces. Rows past
    the end of the source and columns past its (static) width are filled with zeros.
    `in_bounds` true promises that no row is past the end. `alignment` is the number
    of bytes that every row's address is a multiple of: below 16 the copy is made of
    smaller pieces.

    With a `second` source the target is filled from both, half of its rows each:
    [row, row + M / 2) of `source`, then the same rows of `second`.
  }];
  let arguments = (ins
    Arg<AnyStridedMemRef, "", [MemRead]>:$source, I32:$row,
    Arg<AnyMemRef, "", [MemWrite]>:$target, Optional<I1>:$inBounds,
    DefaultValuedAttr<I64Attr, "16">:$alignment,
    Arg<Optional<AnyStridedMemRef>, "", [MemRead]>:$second);
  let builders = [OpBuilder<(ins "::mlir::Value":$source, "::mlir::Value":$row,
      "::mlir::Value":$target, "::mlir::Value":$inBounds, "int64_t":$alignment), [{
    build($_builder, $_state, source, row, target, inBounds, alignment,
          /*second=*/::mlir::Value());
  }]>];
  let assemblyFormat = [{
    $source `[` $row `]` (`and` $second^)? `to` $target (`in_bounds` $inBounds^)?
    attr-dict `:` type($source) (`and` type($second)^)? `to` type($target)
  }];
  let hasVerifier = 1;
}

def Tile_CopyOp : Tile_CopyBase<"copy"> {
  let summary = "global to shared, complete and visible to all threads afterwards";
}

def Tile_CopyAsyncOp : Tile_CopyBase<"copy_async"> {
  let summary = "global to shared, complete after a covering tile.async_wait";
}

def Tile_CopyOutOp : Tile_Op<"copy_out"> {
  let summary = "shared to global, rows past the end of the target are dropped";
  let description = [{
    The mirror image of `tile.copy`: coalesced 16-byte stores. Each warp copies the
    rows that it owns as a warp of an accumulator layout, so only the warp has to be
    synchronized with the writes of the buffer: the op does that.
  }];
  let arguments = (ins
    Arg<AnyMemRef, "", [MemRead]>:$source,
    Arg<AnyStridedMemRef, "", [MemWrite]>:$target, I32:$row,
    DefaultValuedAttr<I64Attr, "16">:$alignment);
  let assemblyFormat = [{
    $source `to` $target `[` $row `]` attr-dict `:` type($source) `to` type($target)
  }];
  let hasVerifier = 1;
}

def Tile_StoreOp : Tile_Op<"store"> {
  let summary = "an accumulator rounded and stored to a shared buffer";
  let description = [{
    A target with fewer rows takes the first ones: those of the first warps.
  }];
  let arguments = (ins AnyRankedTensor:$source,
                       Arg<AnyMemRef, "", [MemWrite]>:$target);
  let assemblyFormat = "$source `to` $target attr-dict `:` type($source) `to` type($target)";
  let hasVerifier = 1;
}

def Tile_StoreRowsOp : Tile_Op<"store_rows"> {
  let summary = "row values to global memory, rows past the end are dropped";
  let arguments = (ins AnyRankedTensor:$source,
                       Arg<AnyStridedMemRef, "", [MemWrite]>:$target, I32:$row);
  let assemblyFormat = [{
    $source `to` $target `[` $row `]` attr-dict `:` type($source) `to` type($target)
  }];
  let hasVerifier = 1;
}

def Tile_RotateRowsOp : Tile_Op<"rotate_rows", [AttrSizedOperandSegments]> {
  let summary = "pairs of columns of a shared buffer rotated, each row by its own angles";
  let description = [{
    Row r of `target` is row `first` + r of a tensor of `end` rows; rows from `end` on stay
    as they are. Its position p is that row's number plus `offset`, or what `positions` has
    for it. Each of the `width` / 2 pairs d, columns d and d + width / 2, or 2d and 2d + 1
    when `interleaved`, is rotated in f32 and rounded:

    ```
    low = low * c - high * s,   high = high * c + low * s
    ```

    c and s are cosine and sine of p * table[which, d], times `magnitude`; with `sines` they
    are table[p, d] and sines[p, d], whose rows start at multiples of `alignment` bytes.

    By all threads that share the buffer, after they have met; visible to others, and to
    matrix products, after a `tile.barrier`.

    ```mlir
    tile.rotate_rows %q_tile rows(%first to %end) by %frequencies[%c0] offset %past
        {width = 64 : i64} : memref<64x64xf16, #tile.swizzle<128>> by memref<1x32xf32, 1>
    ```
  }];
  let arguments = (ins
    Arg<AnyMemRef, "", [MemRead, MemWrite]>:$target, I32:$first, I32:$end,
    Arg<AnyStridedMemRef, "", [MemRead]>:$table, Optional<I32>:$which,
    Arg<Optional<AnyStridedMemRef>, "", [MemRead]>:$sines, Optional<I32>:$offset,
    Arg<Optional<AnyStridedMemRef>, "", [MemRead]>:$positions,
    I64Attr:$width, UnitAttr:$interleaved,
    DefaultValuedAttr<F32Attr, "1.0f">:$magnitude,
    DefaultValuedAttr<I64Attr, "16">:$alignment);
  let assemblyFormat = [{
    $target `rows` `(` $first `to` $end `)` `by` $table (`[` $which^ `]`)? (`and` $sines^)?
    (`offset` $offset^)? (`positions` $positions^)? (`interleaved` $interleaved^)? attr-dict
    `:` type($target) `by` type($table) (`and` type($sines)^)?
    (`positions` type($positions)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Columns that a thread reads and writes at once, at most 16 bytes: of whole
    /// pairs, or of one half of some.
    int64_t getColumnsPerPiece();
    /// Such pieces of a row, or of half of it.
    int64_t getPieces();
    /// The same for rows of `width` columns of elements of `bytes`.
    static int64_t getPieces(int64_t width, bool interleaved, int64_t bytes);
  }];
}

def Tile_GatherOp : Tile_Op<"gather"> {
  let summary = "elements of a global tensor, one for each element of the result";
  let description = [{
    Each index is a scalar i32 or a fragment of i32 in the layout of the result.
    Every index must be in bounds.
  }];
  let arguments = (ins Arg<AnyStridedMemRef, "", [MemRead]>:$source,
                       Variadic<AnyTypeOf<[I32, RankedTensorOf<[I32]>]>>:$indices);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $source `[` $indices `]` attr-dict `:` type($source) `,` type($indices) `to`
    type($result)
  }];
  let hasVerifier = 1;
}

def Tile_LoadValuesOp : Tile_Op<"load_values"> {
  let summary = "neighbouring elements of a global tensor, for each thread its own";
  let description = [{
    As many elements as there are results, from `indices` on along the innermost
    dimension, read as one vector. Every thread of the block has indices of its own;
    the address is a multiple of `alignment` bytes.

    ```mlir
    %x:8 = tile.load_values %q[%b, %h, %i, %d]
        : memref<?x8x?x64xf16, strided<[?, ?, ?, 1], offset: ?>>
          to f16, f16, f16, f16, f16, f16, f16, f16
    ```
  }];
  let arguments = (ins Arg<AnyStridedMemRef, "", [MemRead]>:$source,
                       Variadic<I32>:$indices,
                       DefaultValuedAttr<I64Attr, "16">:$alignment);
  let results = (outs Variadic<AnyFloat>:$values);
  let assemblyFormat = [{
    $source `[` $indices `]` attr-dict `:` type($source) `to` type($values)
  }];
  let hasVerifier = 1;
}

def Tile_StoreValuesOp : Tile_Op<"store_values", [AttrSizedOperandSegments]> {
  let summary = "neighbouring elements of a global tensor, stored by each thread";
  let description = [{
    The mirror image of `tile.load_values`. Values of f32 are rounded to the element
    type of the target; to 8-bit floats they saturate.
  }];
  let arguments = (ins Variadic<AnyFloat>:$values,
                       Arg<AnyStridedMemRef, "", [MemWrite]>:$target,
                       Variadic<I32>:$indices,
                       DefaultValuedAttr<I64Attr, "16">:$alignment);
  let assemblyFormat = [{
    $values `to` $target `[` $indices `]` attr-dict `:` type($values) `to` type($target)
  }];
  let hasVerifier = 1;
}

#endif
