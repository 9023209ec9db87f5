//===- AttnHostOps.td - checks of the host function ---------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_IR_ATTNHOSTOPS
#define ATTN_DIALECT_ATTN_IR_ATTNHOSTOPS

def Attn_RequireOp : Attn_Op<"require"> {
  let summary = "the host function fails with a message unless two sizes fit";
  let description = [{
    What the verifier can say of static types only, checked when the function is
    called: the condition, and the two numbers that the message quotes.

    ```mlir
    attn.require %same, "the same batch in query and key", %b0, %b1
    ```
  }];
  let arguments = (ins I1:$condition, StrAttr:$message, Index:$expected, Index:$got);
  let assemblyFormat = "$condition `,` $message `,` $expected `,` $got attr-dict";
}

def Attn_WorkspaceOp : Attn_Op<"workspace"> {
  let summary = "a piece of the memory that the caller lends for one call";
  let description = [{
    Device memory for what kernels hand to later kernels of the same call. It is
    aligned to 256 bytes, its contents are undefined, and it is the caller's again
    when the kernels have finished. How much a call needs is the sum of its pieces;
    callers ask for it by running the host function in a mode that launches
    nothing, so all pieces are taken before the first launch.

    ```mlir
    %partial = attn.workspace %bytes : memref<?xi8>
    ```
  }];
  let arguments = (ins Index:$bytes);
  let results = (outs Res<MemRefRankOf<[I8], [1]>, "", [MemAlloc]>:$memory);
  let assemblyFormat = "$bytes attr-dict `:` type($memory)";
}

def Attn_FirstWordOp : Attn_Op<"first_word", [Pure]> {
  let summary = "eight bytes that a tensor starts with";
  let description = [{
    The first 8 bytes of a tensor in device memory whose address is a multiple of 8:
    something that a kernel may read where there is nothing to read. A row of the
    tensor has 16 bytes or more.

    ```mlir
    %word = attn.first_word %q : memref<1x8x?x64xf16> to memref<8xi8>
    ```
  }];
  let arguments = (ins AnyStridedMemRef:$tensor);
  let results = (outs MemRefRankOf<[I8], [1]>:$word);
  let assemblyFormat = "$tensor attr-dict `:` type($tensor) `to` type($word)";
}

#endif
