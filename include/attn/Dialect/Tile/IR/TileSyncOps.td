//===- TileSyncOps.td - synchronization ---------------------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_TILE_IR_TILESYNCOPS
#define ATTN_DIALECT_TILE_IR_TILESYNCOPS

def Tile_AsyncCommitOp : Tile_Op<"async_commit"> {
  let summary = "close a group of asynchronous copies";
  let assemblyFormat = "attr-dict";
}

def Tile_AsyncWaitOp : Tile_Op<"async_wait"> {
  let summary = "wait until at most `pending` groups of this thread are unfinished, "
                "then for all threads";
  let description = [{
    After it every thread may read what any thread has copied in the groups waited
    for, and no thread is still at work before it: it is a barrier of the block as well.
  }];
  let arguments = (ins I64Attr:$pending);
  let assemblyFormat = "$pending attr-dict";
}

def Tile_BarrierOp : Tile_Op<"barrier"> {
  let summary = "all threads of the block meet";
  let assemblyFormat = "attr-dict";
}

#endif
