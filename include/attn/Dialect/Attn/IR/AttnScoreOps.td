//===- AttnScoreOps.td - named ops of score and mask regions -*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A new mask or bias is one definition here and its `expand` in ScoreOps.cpp.

#ifndef ATTN_DIALECT_ATTN_IR_ATTNSCOREOPS
#define ATTN_DIALECT_ATTN_IR_ATTNSCOREOPS

def Attn_LoadOp : Attn_Op<"load", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    InferTypeOpAdaptor]> {
  let summary = "one element of a captured tensor";
  let description = [{
    Reads `capture[indices]`. It is evaluated only for positions inside the
    problem, so an index that is in bounds there needs no clamp.
    Constraint L1: as many indices as the capture has dimensions.

    ```mlir
    %slope = attn.load %slopes[%h] : tensor<32xf32>
    ```
  }];
  let arguments = (ins Attn_TensorOrMemRef:$capture, Variadic<Index>:$indices);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$capture `[` $indices `]` attr-dict `:` type($capture)";
  let hasVerifier = 1;
}

class Attn_ScoreOp<string mnemonic, list<Trait> traits = []>
    : Attn_Op<mnemonic, traits # [Pure, DeclareOpInterfaceMethods<ScoreOpInterface>]>;

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

def Attn_CausalOp : Attn_ScoreOp<"causal"> {
  let summary = "j <= i + offset";
  let description = [{
    Without an offset the diagonal starts at the top-left corner. The offset
    Sk - Sq aligns it to the bottom-right corner.
  }];
  let arguments = (ins Index:$i, Index:$j, Optional<Index>:$offset);
  let results = (outs I1:$result);
  let assemblyFormat = "$i `,` $j (`offset` $offset^)? attr-dict";
}

def Attn_WindowOp : Attn_ScoreOp<"window", [AttrSizedOperandSegments]> {
  let summary = "i + offset - left <= j <= i + offset + right";
  let description = [{
    Sliding window (Longformer, arXiv 2004.05150). A missing side is unbounded,
    a missing offset is 0.
  }];
  let arguments = (ins Index:$i, Index:$j, Optional<Index>:$left,
                       Optional<Index>:$right, Optional<Index>:$offset);
  let results = (outs I1:$result);
  let assemblyFormat = [{
    $i `,` $j (`left` $left^)? (`right` $right^)? (`offset` $offset^)? attr-dict
  }];
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

def Attn_AlibiOp : Attn_ScoreOp<"alibi"> {
  let summary = "s + slope * (j - i)";
  let description = "Attention with linear biases (arXiv 2108.12409).";
  let arguments = (ins F32:$score, F32:$slope, Index:$i, Index:$j);
  let results = (outs F32:$result);
  let assemblyFormat = "$score `,` $slope `,` $i `,` $j attr-dict";
}

def Attn_SoftcapOp : Attn_ScoreOp<"softcap"> {
  let summary = "cap * tanh(s / cap)";
  let description = "Logit soft capping (Gemma 2, arXiv 2408.00118).";
  let arguments = (ins F32:$score, F32:$cap);
  let results = (outs F32:$result);
  let assemblyFormat = "$score `,` $cap attr-dict";
}

#endif
