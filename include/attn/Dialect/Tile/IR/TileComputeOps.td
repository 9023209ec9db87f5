//===- TileComputeOps.td - computation on fragments ---------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_TILE_IR_TILECOMPUTEOPS
#define ATTN_DIALECT_TILE_IR_TILECOMPUTEOPS

def Tile_FragmentOrBuffer : AnyTypeOf<[AnyRankedTensor, AnyMemRef]>;

def Tile_DotOp : Tile_Op<"dot", [AllTypesMatch<["accumulator", "result"]>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "accumulator + a * b";
  let description = [{
    `a` is M x K: a fragment in `#tile.operand_a` layout or a shared buffer. `b` is
    a shared buffer, K x N, or N x K when `transposed`.

    With `batches` B this is B products of equal shape: rows [i * M / B, (i + 1) * M / B)
    of `a` are multiplied with rows [i * N, (i + 1) * N) of `b`, which is B * N x K and
    `transposed`. Each is one of B equal parts of the warps, one after the other.
  }];
  let arguments = (ins Tile_FragmentOrBuffer:$a, AnyMemRef:$b,
                       AnyRankedTensor:$accumulator, UnitAttr:$transposed,
                       DefaultValuedAttr<I64Attr, "1">:$batches);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $a `,` $b (`transposed` $transposed^)? `,` $accumulator attr-dict
    `:` type($a) `,` type($b) `,` type($accumulator)
  }];
  let hasVerifier = 1;
}

def Tile_ReduceOp : Tile_Op<"reduce", [Pure, AllTypesMatch<["init", "result"]>]> {
  let summary = "row reduction of an accumulator, joined with an initial value";
  let description = [{
    With a `partial` result every thread reduces its own elements only; otherwise
    the result is complete in each of the threads that share the row.
  }];
  let arguments = (ins Tile_ReduceKindAttr:$kind, AnyRankedTensor:$source,
                       AnyRankedTensor:$init);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $kind $source `,` $init attr-dict `:` type($source) `,` type($init)
  }];
  let hasVerifier = 1;
}

def Tile_ScanOp : Tile_Op<"scan", [Pure, AllTypesMatch<["source", "result"]>,
                                   AllTypesMatch<["init", "total"]>]> {
  let summary = "sums along each row of an accumulator, from its last column on";
  let description = [{
    result[i, j] = init[i] + sum of source[i, k] over k >= j, and total[i] is that
    of the first column, complete in each of the threads that share the row.
  }];
  let arguments = (ins AnyRankedTensor:$source, AnyRankedTensor:$init);
  let results = (outs AnyRankedTensor:$result, AnyRankedTensor:$total);
  let assemblyFormat = [{
    $source `,` $init attr-dict `:` type($source) `,` type($init)
  }];
  let hasVerifier = 1;
}

def Tile_TotalOp : Tile_Op<"total", [Pure]> {
  let summary = "sum of the shares of partial rows";
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
}

def Tile_CombineOp : Tile_Op<"combine", [AllTypesMatch<["source", "result"]>]> {
  let summary = "what the groups hold of each row, combined";
  let description = [{
    Each group writes its rows to its row of `buffer`, groups x M elements of shared
    memory, all threads meet, and all read what all have written. The buffer may be
    written again after they have met once more.
  }];
  let arguments = (ins Tile_ReduceKindAttr:$kind, AnyRankedTensor:$source,
                       Arg<AnyMemRef, "", [MemRead, MemWrite]>:$buffer);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $kind $source `through` $buffer attr-dict `:` type($source) `,` type($buffer)
  }];
  let hasVerifier = 1;
}

def Tile_BroadcastOp : Tile_Op<"broadcast", [Pure]> {
  let summary = "a scalar, row or column value brought to a larger layout";
  let description = [{
    Scalars go to any layout, rows and columns to accumulators, and complete rows
    to partial rows (every thread then holds the row's value, for elementwise use).
  }];
  let arguments = (ins AnyType:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
}

def Tile_SumHalvesOp : Tile_Op<"sum_halves", [AllTypesMatch<["source", "result"]>]> {
  let summary = "rows of the second half of an accumulator added to those of the first";
  let description = [{
    Row r of the result is row r plus row r + M / 2 of `source`, for r < M / 2; the rows of the
    second half have no meaning. The values go `through` a shared buffer of any
    shape, in as many turns as it takes; all threads that share the rows meet before
    and after each, so that the buffer may be used again at once.

    ```mlir
    %difference = tile.sum_halves %scaled through %out_tile
    ```
  }];
  let arguments = (ins AnyRankedTensor:$source,
                       Arg<AnyMemRef, "", [MemRead, MemWrite]>:$through);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $source `through` $through attr-dict `:` type($source) `,` type($through)
  }];
  let hasVerifier = 1;
}

def Tile_RowGroupOp : Tile_Op<"row_group", [Pure]> {
  let summary = "in which of `groups` equal parts of the rows this warp's rows are";
  let description = [{
    The same in all threads of a warp, but not in all warps: what is computed with it
    may go into fragments and must not decide a branch around a meeting of threads.
  }];
  let arguments = (ins I64Attr:$groups);
  let results = (outs I32:$result);
  let assemblyFormat = "$groups attr-dict";
  let hasVerifier = 1;
}

def Tile_IndexOp : Tile_Op<"index", [Pure]> {
  let summary = "base + 0, 1, 2, ... along the rows or columns of a tile";
  let arguments = (ins I32:$base);
  let results = (outs RankedTensorOf<[I32]>:$result);
  let assemblyFormat = "$base attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Tile_CompareColumnsOp : Tile_Op<"compare_columns", [Pure]> {
  let summary = "the number of each column compared with a value of each row";
  let description = [{
    Element (i, j) of the result is j <= limit[i], or j >= limit[i], signed; rows and
    columns count from 0. A scalar limit is that of row 0 and grows by one with each
    row: a diagonal, whose neighbouring rows share comparisons.
  }];
  let arguments = (ins Tile_BoundAttr:$bound,
                       AnyTypeOf<[I32, RankedTensorOf<[I32]>]>:$limit);
  let results = (outs RankedTensorOf<[I1]>:$result);
  let assemblyFormat = [{
    $bound $limit attr-dict `:` type($limit) `to` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_ConvertOp : Tile_Op<"convert", [Pure]> {
  let summary = "an f32 accumulator rounded to a 16-bit matrix operand";
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
}

#endif
