//===- TilePipelineOps.td - tensor copies and their pipelines -*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_TILE_IR_TILEPIPELINEOPS
#define ATTN_DIALECT_TILE_IR_TILEPIPELINEOPS

//===----------------------------------------------------------------------===//
// Tensor maps
//===----------------------------------------------------------------------===//

def Tile_MultiprocessorsOp : Tile_Op<"multiprocessors", [Pure]> {
  let summary = "how many multiprocessors the device has that kernels are launched on";
  let description = [{
    In host functions.

    ```mlir
    %n = tile.multiprocessors
    ```
  }];
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def Tile_EncodeTensorMapOp : Tile_Op<"encode_tensor_map"> {
  let summary = "a tensor map of a strided tensor (host)";
  let description = [{
    One copy through the map moves `rows` x `columns` elements: a page of a shared
    buffer with that swizzle. The two innermost dimensions of the tensor are rows and
    columns. Fails at run time, with a message that names `name`, for a tensor that the
    engine cannot address.
  }];
  let arguments = (ins AnyStridedMemRef:$source, StrAttr:$name, I64Attr:$rows,
                       I64Attr:$columns, I64Attr:$swizzle);
  let results = (outs Tile_TensorMapType:$map);
  let assemblyFormat = [{
    $source `named` $name `box` `[` $rows `,` $columns `]` `swizzle` $swizzle attr-dict
    `:` type($source)
  }];
  let hasVerifier = 1;
}

def Tile_CopyTensorOp : Tile_Op<"copy_tensor", [AttrSizedOperandSegments]> {
  let summary = "global to shared through a tensor map";
  let description = [{
    All pages of `target`, from row `coordinates.back()` on; the other coordinates are
    those of the outer dimensions, outermost first. Zeros outside of the tensor.

    Without a pipeline it is complete and visible to all threads afterwards, as
    `tile.copy`: the form before roles are assigned. With one it is asynchronous: one
    thread announces the bytes on the full barrier of fill `fill` and starts the copy,
    which arrives there. `evict` says what the L2 cache should drop "first" or "last".
    With `multicast` each of the two blocks of the cluster copies
    its half of the rows into both.

    With a `second` map the first half of the rows comes through `map` and the second
    half through that, both from the same coordinates on.
  }];
  let arguments = (ins Tile_TensorMapType:$map, Variadic<I32>:$coordinates,
                       Arg<AnyMemRef, "", [MemWrite]>:$target,
                       Optional<Tile_PipelineType>:$pipeline, Optional<I32>:$fill,
                       UnitAttr:$multicast, OptionalAttr<StrAttr>:$evict,
                       Optional<Tile_TensorMapType>:$second);
  let assemblyFormat = [{
    $map `[` $coordinates `]` (`and` $second^)? `to` $target (`fills` $pipeline^ `[` $fill `]`)?
    (`multicast` $multicast^)? (`evict` $evict^)? attr-dict
    `:` type($target) (`,` type($pipeline)^)?
  }];
  let hasVerifier = 1;
}

def Tile_CopyOutTensorOp : Tile_Op<"copy_out_tensor",
    [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "shared to global through a tensor map";
  let description = [{
    Each warp group copies the rows that it has written (`rows of the buffer / warp
    groups`): its threads make their writes visible to the copy engine and meet, then
    one of them starts the copy. The buffer may be written again after
    `tile.copy_out_wait`. Rows outside of the tensor are dropped.
  }];
  let arguments = (ins AnyMemRef:$source, Tile_TensorMapType:$map,
                       Variadic<I32>:$coordinates);
  let assemblyFormat = [{
    $source `to` $map `[` $coordinates `]` attr-dict `:` type($source)
  }];
  let hasVerifier = 1;
}

def Tile_CopyOutWaitOp : Tile_Op<"copy_out_wait"> {
  let summary = "until the copies that this warp has started have read their buffers";
  let description = [{
    One warp of each warp group starts its copies: the others learn of it by a barrier,
    or by the release of the buffer.
  }];
  let assemblyFormat = "attr-dict";
}

//===----------------------------------------------------------------------===//
// Pipelines
//===----------------------------------------------------------------------===//

def Tile_CreatePipelineOp : Tile_Op<"create_pipeline", [MemoryEffects<[MemAlloc]>]> {
  let summary = "the barriers of a ring, ready for use after a tile.barrier";
  let description = [{
    A phase of a full barrier takes `producers` arrivals (and the bytes they announce),
    a phase of an empty barrier `consumers`. `offset` is the place of its 16 * stages
    bytes in shared memory, chosen by `tile-allocate-smem`.
  }];
  let arguments = (ins I64Attr:$producers, I64Attr:$consumers,
                       OptionalAttr<I64Attr>:$offset);
  let results = (outs Tile_PipelineType:$pipeline);
  let assemblyFormat = [{
    `producers` $producers `consumers` $consumers attr-dict `:` type($pipeline)
  }];
  let hasVerifier = 1;
}

class Tile_PipelineStep<string mnemonic> : Tile_Op<mnemonic> {
  let arguments = (ins Tile_PipelineType:$pipeline, I32:$fill);
  let assemblyFormat = "$pipeline `[` $fill `]` attr-dict `:` type($pipeline)";
}

def Tile_PipelineAcquireOp : Tile_PipelineStep<"pipeline_acquire"> {
  let summary = "producer: until the consumers have released the slot of a fill";
}

def Tile_PipelineCommitOp : Tile_Op<"pipeline_commit"> {
  let summary = "producer: what this thread has copied into the slot is complete";
  let description = [{
    The end of a fill by `tile.copy_async`, whose copies are a group closed by
    `tile.async_commit`: waits until at most `pending` later groups are unfinished. The
    fill is visible to matrix products once all threads of the producer have committed.
    (A tensor copy needs none: its bytes arrive by themselves.)
  }];
  let arguments = (ins Tile_PipelineType:$pipeline, I32:$fill,
                       DefaultValuedAttr<I64Attr, "0">:$pending);
  let assemblyFormat = "$pipeline `[` $fill `]` attr-dict `:` type($pipeline)";
}

def Tile_PipelineWaitOp : Tile_PipelineStep<"pipeline_wait"> {
  let summary = "consumer: until a fill has arrived";
}

def Tile_PipelineReleaseOp : Tile_Op<"pipeline_release"> {
  let summary = "consumer: this warp has read a fill for the last time";
  let description = [{
    With `multicast` the other block of the cluster is told as well: its producer fills
    this slot too.
  }];
  let arguments = (ins Tile_PipelineType:$pipeline, I32:$fill, UnitAttr:$multicast);
  let assemblyFormat = [{
    $pipeline `[` $fill `]` (`multicast` $multicast^)? attr-dict `:` type($pipeline)
  }];
}

//===----------------------------------------------------------------------===//
// Asynchronous matrix products
//===----------------------------------------------------------------------===//

def Tile_DotAsyncOp : Tile_Op<"dot_async",
    [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "accumulator + a * b, complete after a covering tile.dot_wait";
  let description = [{
    As `tile.dot`; without an accumulator it starts from zero. Each one is a group of
    its own. The result may only go to `tile.dot_wait` or stay unused until one covers
    it; the same holds for the shared operands and for a fragment `a`.
  }];
  let arguments = (ins Tile_FragmentOrBuffer:$a, AnyMemRef:$b,
                       Optional<AnyRankedTensor>:$accumulator, UnitAttr:$transposed,
                       DefaultValuedAttr<I64Attr, "1">:$batches);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $a `,` $b (`transposed` $transposed^)? (`onto` $accumulator^ `:` type($accumulator))? attr-dict
    `:` type($a) `,` type($b) `to` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_DotWaitOp : Tile_Op<"dot_wait"> {
  let summary = "until at most `pending` products of the warp group are unfinished";
  let description = [{
    The products that it covers are read through its results, which ties them to the
    wait: nothing that uses them can move above it.
  }];
  let arguments = (ins I64Attr:$pending, Variadic<AnyRankedTensor>:$products);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $pending `,` $products attr-dict `:` type($products) `to` type($results)
  }];
  let builders = [OpBuilder<(ins "int64_t":$pending, "::mlir::ValueRange":$products), [{
    build($_builder, $_state, products.getTypes(), $_builder.getI64IntegerAttr(pending),
          products);
  }]>];
  let hasVerifier = 1;
}

#endif
