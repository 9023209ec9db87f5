//===- Passes.td - passes on the attn dialect ---------------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_TRANSFORMS_PASSES
#define ATTN_DIALECT_ATTN_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def AttnBufferizePass : Pass<"attn-bufferize", "::mlir::ModuleOp"> {
  let summary = "Turn functions over tensors into functions over strided memrefs";
  let description = [{
    Results become trailing arguments: where an output lives and how it is
    strided is the caller's choice. Every dimension of a stride is dynamic, so
    one function serves all layouts.

    ```mlir
    func.func @f(%q: tensor<1x8x?x64xf16>, ...) -> tensor<1x8x?x64xf16> {
      %o = attn.attention query(%q : ...) ... -> tensor<1x8x?x64xf16>
      return %o : tensor<1x8x?x64xf16>
    }
    ==>
    func.func @f(%q: memref<1x8x?x64xf16, strided<[?, ?, ?, ?], offset: ?>>, ...,
                 %o: memref<1x8x?x64xf16, strided<[?, ?, ?, ?], offset: ?>>) {
      attn.attention query(%q : ...) ... outs(%o : ...)
      return
    }
    ```

    The tensors are in device memory, so nothing but attn ops may touch their
    elements: any other op on tensors than `tensor.dim`, `tensor.cast` and
    `tensor.extract_slice` (of an argument: a view of its memory) is refused, as is a
    result of attention that is not returned (it would need memory that no one owns).
    A result of `attn.rotary` that other ops read and that is not returned is in the
    workspace of the call:

    ```mlir
    %r = attn.rotary input(%q : tensor<1x8x?x64xf16>) -> tensor<1x8x?x64xf16>
    ==>
    %w = attn.workspace %bytes : memref<?xi8>      // at the start of the function
    %r = memref.view %w[%c0][%s] : memref<?xi8> to memref<1x8x?x64xf16>
    attn.rotary input(%q : ...) outs(%r : ...)
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect"];
}

def AttnExpandScoreOpsPass : Pass<"attn-expand-score-ops"> {
  let summary = "Replace named score and mask ops by their definition";
  let description = [{
    After this pass nothing can ask which mask or bias was meant: there is only
    arithmetic.

    ```mlir
    %c = attn.causal %i, %j
    ==>
    %c = arith.cmpi sle, %j, %i : index
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def AttnMaskFromScorePass : Pass<"attn-mask-from-score"> {
  let summary = "Make masks of scores that are -inf where a condition says so";
  let description = [{
    A score of -inf has no weight, as a masked position has none; but from a mask the
    compiler finds out which tiles are empty. The condition must not depend on the
    score, and the normalizer must drop positions by a score of -inf.

    ```mlir
    score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %c = arith.cmpi sge, %i, %j : index
      %r = arith.select %c, %s, %minus_infinity : f32
      attn.yield %r : f32
    }
    ==>
    score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      attn.yield %s : f32
    } mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %c = arith.cmpi sge, %i, %j : index
      attn.yield %c : i1
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def AttnQuantizeFp8Pass : Pass<"attn-quantize-fp8"> {
  let summary = "Quantize query, key and value of attention to 8-bit floats";
  let description = [{
    Before each `attn.attention` on f16 or bf16, `attn.quantize` makes codes of
    f8E4M3FN and scales of its query, key and value, the value in transposed blocks.
    Query and key are transformed before, so that outliers spread over their rows:
    their products stay (FlashAttention-3, arXiv 2407.08608).

    ```mlir
    %o = attn.attention query(%q : tensor<?x8x?x128xf16>) ... -> tensor<?x8x?x128xf16>
    ==>
    %q8, %qs = attn.quantize input(%q : tensor<?x8x?x128xf16>)
        {block = 128 : i64, hadamard_seed = 1 : i64}
        -> tensor<?x8x?x128xf8E4M3FN>, tensor<?x8x?xf32>
    ...
    %v8, %vs = attn.quantize input(%v : tensor<?x8x?x128xf16>) {block = 128 : i64}
        -> tensor<?x8x?x128x128xf8E4M3FN>, tensor<?x8x?xf32>
    %o = attn.attention query(%q8 : ...) key(%k8 : ...) value(%v8 : ...)
        query_scales(%qs : ...) key_scales(%ks : ...) value_scales(%vs : ...)
        {block = 128 : i64} -> tensor<?x8x?x128xf16>
    ```

    What has no 8-bit form is refused: other element types, `attn.differential`,
    normalizers whose weights are not from 0 to 1. `scale` keeps its meaning, and
    its default.
  }];
  let options = [
    Option<"block", "block", "int64_t", /*default=*/"128",
           "rows that share a scale; 0: those of a head">,
    Option<"hadamard", "hadamard", "bool", /*default=*/"true",
           "transform query and key, where the head dim is a multiple of 16">,
    Option<"seed", "seed", "int64_t", /*default=*/"1", "of the transform's signs">
  ];
}

#endif
