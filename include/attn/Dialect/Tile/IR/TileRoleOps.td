//===- TileRoleOps.td - warp groups with roles --------------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_TILE_IR_TILEROLEOPS
#define ATTN_DIALECT_TILE_IR_TILEROLEOPS

def Tile_WarpSpecializeOp : Tile_Op<"warp_specialize",
    [SingleBlock, NoTerminator, RecursiveMemoryEffects]> {
  let summary = "warp groups that consume, and one that produces for them";
  let description = [{
    Warp groups 0 to `consumers` - 1 run the second region: fragments are spread over
    them. The next warp group runs the first: one thread of it when `elected`, else all
    128. Register budgets per thread are moved between them (0: left as launched).
    Inside, `tile.barrier` is a meeting of the role's threads.
  }];
  let arguments = (ins I64Attr:$consumers, I64Attr:$producerRegisters,
                       I64Attr:$consumerRegisters, UnitAttr:$elected);
  let regions = (region SizedRegion<1>:$producer, SizedRegion<1>:$consumer);
  let assemblyFormat = [{
    `consumers` $consumers `registers` `[` $producerRegisters `,` $consumerRegisters `]`
    (`elected` $elected^)? attr-dict-with-keyword
    `produce` $producer `consume` $consumer
  }];
  let hasVerifier = 1;
}

class Tile_TurnOp<string mnemonic> : Tile_Op<mnemonic> {
  let arguments = (ins I64Attr:$groups);
  let assemblyFormat = "$groups attr-dict";
}

def Tile_TakeTurnOp : Tile_TurnOp<"take_turn"> {
  let summary = "until the previous of `groups` warp groups has passed the turn on";
  let description = [{
    With `tile.pass_turn`, warp groups issue their matrix products one after the other,
    so that one's softmax runs under the other's products (FlashAttention-3, arXiv
    2407.08608, "ping-pong"). Warp group 0 begins.
  }];
}

def Tile_PassTurnOp : Tile_TurnOp<"pass_turn"> {
  let summary = "the next warp group may issue";
}

def Tile_StartTurnsOp : Tile_TurnOp<"start_turns"> {
  let summary = "gives the first turn to warp group 0; once, before any take_turn";
}

def Tile_UniformOp : Tile_Op<"uniform", [Pure, AllTypesMatch<["value", "result"]>]> {
  let summary = "a scalar that is the same in all threads of a warp, said so";
  let description = [{
    Assemblers keep what they know to be uniform in uniform registers; carried through
    a loop it is forgotten. Free of effects: a shuffle from lane 0.
  }];
  let arguments = (ins I32:$value);
  let results = (outs I32:$result);
  let assemblyFormat = "$value attr-dict";
}

def Tile_FenceAsyncOp : Tile_Op<"fence_async"> {
  let summary = "this warp's writes to shared memory, visible to its matrix products";
  let assemblyFormat = "attr-dict";
}

def Tile_ZeroRowsOp : Tile_Op<"zero_rows"> {
  let summary = "zeros in the rows of a shared buffer from `first` on";
  let description = [{
    By all threads of the role; visible to matrix products after a `tile.barrier`.
  }];
  let arguments = (ins Arg<AnyMemRef, "", [MemWrite]>:$target, I32:$first);
  let assemblyFormat = "$target `[` $first `]` attr-dict `:` type($target)";
  let hasVerifier = 1;
}

def Tile_AliasOp : Tile_Op<"alias", [Pure]> {
  let summary = "a shared buffer seen with another shape";
  let description = [{
    Both have the same rows and swizzle and the view is not wider: row r of the view
    lies in row r of the buffer.
  }];
  let arguments = (ins AnyMemRef:$buffer);
  let results = (outs AnyMemRef:$view);
  let assemblyFormat = "$buffer attr-dict `:` type($buffer) `to` type($view)";
  let hasVerifier = 1;
}

def Tile_AnyOp : Tile_Op<"any", [Pure]> {
  let summary = "whether a comparison holds for any element that the warp owns";
  let arguments = (ins RankedTensorOf<[I1]>:$condition);
  let results = (outs I1:$result);
  let assemblyFormat = "$condition attr-dict `:` type($condition)";
}

#endif
