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

#endif
