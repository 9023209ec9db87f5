//===- AttnOps.td - ops and attributes of the attn dialect --*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_IR_ATTNOPS
#define ATTN_DIALECT_ATTN_IR_ATTNOPS

include "attn/Dialect/Attn/IR/AttnDialect.td"
include "attn/Dialect/Attn/IR/AttnInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

//===----------------------------------------------------------------------===//
// Normalizers
//===----------------------------------------------------------------------===//

/// `overridden`: methods with a default that the normalizer has its own of.
class Attn_Normalizer<string name, list<string> overridden = []>
    : AttrDef<AttnDialect, name,
        [DeclareAttrInterfaceMethods<NormalizerAttrInterface, overridden>]>;

def Attn_SoftmaxAttr : Attn_Normalizer<"Softmax", ["takesSink", "hasUnitWeights"]> {
  let mnemonic = "softmax";
  let summary = "exp(s - max) / sum, the running form of Milakov and Gimelshein "
                "(arXiv 1805.02867); a sink adds exp(sink - max) to the sum";
}

def Attn_SigmoidAttr : Attn_Normalizer<"Sigmoid", ["hasLse", "hasUnitWeights"]> {
  let mnemonic = "sigmoid";
  let summary = "1 / (1 + exp(-(s + bias))) (arXiv 2409.04431)";
  let parameters = (ins OptionalParameter<"::mlir::FloatAttr">:$bias);
  let assemblyFormat = "(`<` struct($bias)^ `>`)?";
  let genVerifyDecl = 1;
}

def Attn_ReluAttr : Attn_Normalizer<"Relu", ["hasLse"]> {
  let mnemonic = "relu";
  let summary = "max(s, 0), optionally squared and divided by the number of "
                "keys (arXiv 2309.08586)";
  let parameters = (ins DefaultValuedParameter<"bool", "false">:$divide_by_keys,
                        DefaultValuedParameter<"bool", "false">:$squared);
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
}

def Attn_StickBreakingAttr
    : Attn_Normalizer<"StickBreaking", ["dependsOnOrder", "hasUnitWeights"]> {
  let mnemonic = "stick_breaking";
  let summary = "sigmoid(s[j]) * product of 1 - sigmoid(s[k]) over the later "
                "keys k (arXiv 2410.17980)";
}

def Attn_SoftpickAttr : Attn_Normalizer<"Softpick", ["getDroppedScore", "hasUnitWeights"]> {
  let mnemonic = "softpick";
  let summary = "max(exp(s) - 1, 0) / sum of |exp(s) - 1| (arXiv 2504.20966)";
}

def Attn_IdentityAttr
    : Attn_Normalizer<"Identity", ["getDroppedScore", "hasLse"]> {
  let mnemonic = "identity";
  let summary = "s: linear attention in its parallel form";
}

//===----------------------------------------------------------------------===//
// attn.attention
//===----------------------------------------------------------------------===//

def Attn_TensorOrMemRef : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef],
    "ranked tensor or strided memref">;

def Attn_AttentionOp : Attn_Op<"attention", [AttrSizedOperandSegments,
    AttentionOpInterface, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "normalizer(mask(score(scale * query * key^T))) * value";
  let description = [{
    For each batch b, query head h and query i:

    ```
    s[j]   = score(scale * sum_d query[b,h,i,d] * key[b,h/g,j,d], b, h, i, j)
    w      = normalizer(s[j] for all j with mask(b,h,i,j))     0 for the others
    out    = sum_j w[j] * value[b,h/g,j,:]
    lse    = log(sum_j exp(s[j])) over the kept j, -inf when there is none
    ```

    with g = number of query heads per key/value head. A row without any kept
    position gives out = 0 and lse = -inf. Missing regions are the identity,
    "keep all" and "no sink". The regions use values from above directly: scalars as they are
    and tensors through `attn.load`; those values are the op's captures.

    Query, key and value of 8-bit floats stand for their elements times the scales that
    come with them, one for each `block` rows of a head, for each head, or for all
    (`attn.quantize` makes both). A value of rank 5 is in transposed blocks of W keys:
    key j is at [j / W, :, (j mod W)'], in the order of keys that `docs/Spec.md` has.

    On tensors the op has results; after bufferization it has `outs` memrefs.

    Constraints: A1 to A20 of `docs/Spec.md`.
  }];
  let arguments = (ins
    Attn_TensorOrMemRef:$query,   // B x Hq  x Sq x Dqk
    Attn_TensorOrMemRef:$key,     // B x Hkv x Sk x Dqk
    Attn_TensorOrMemRef:$value,   // B x Hkv x Sk x Dv, or
                                  // B x Hkv x ceil(Sk / W) x Dv x W
    Optional<Attn_TensorOrMemRef>:$query_scales, // B x Hq x ceil(Sq / block),
                                                 // B x Hq, or 1
    Optional<Attn_TensorOrMemRef>:$key_scales,   // the same with Hkv and Sk
    Optional<Attn_TensorOrMemRef>:$value_scales, // the same with Hkv and Sk
    Variadic<AnyStridedMemRef>:$outs,
    OptionalAttr<I64Attr>:$block, // rows of a scale of rank 3
    OptionalAttr<F32Attr>:$scale, // absent: 1 / sqrt(Dqk)
    OptionalAttr<NormalizerAttrInterface>:$normalizer); // absent: #attn.softmax
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region MaxSizedRegion<1>:$score, MaxSizedRegion<1>:$mask,
                         MaxSizedRegion<1>:$sink);
  let assemblyFormat = [{
    `query` `(` $query `:` type($query) `)` `key` `(` $key `:` type($key) `)`
    `value` `(` $value `:` type($value) `)`
    (`query_scales` `(` $query_scales^ `:` type($query_scales) `)`)?
    (`key_scales` `(` $key_scales^ `:` type($key_scales) `)`)?
    (`value_scales` `(` $value_scales^ `:` type($value_scales) `)`)?
    (`outs` `(` $outs^ `:` type($outs) `)`)?
    attr-dict (`score` $score^)? (`mask` $mask^)? (`sink` $sink^)? (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    /// The log-sum-exp value, null when it is not asked for.
    ::mlir::Value getLse();
    bool isBufferized() { return getResults().empty(); }
    ::llvm::SmallVector<::mlir::Value> getQueries() { return {getQuery()}; }
    ::llvm::SmallVector<::mlir::Value> getKeys() { return {getKey()}; }
    ::llvm::SmallVector<::mlir::Value> getEpilogueInputs() { return {}; }
    /// Those that are there, of query, key and value.
    ::llvm::SmallVector<::mlir::Value> getScales() {
      ::llvm::SmallVector<::mlir::Value> scales;
      for (::mlir::Value value : {getQueryScales(), getKeyScales(), getValueScales()})
        if (value)
          scales.push_back(value);
      return scales;
    }
    static ::llvm::ArrayRef<int64_t> getShape(::mlir::Value value) {
      return ::llvm::cast<::mlir::ShapedType>(value.getType()).getShape();
    }
  }];
}

def Attn_YieldOp : Attn_Op<"yield", [Pure, Terminator, ReturnLike,
    ParentOneOf<["AttentionOp", "DifferentialOp"]>]> {
  let summary = "result of a score, mask or sink region";
  let arguments = (ins AnyType:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

include "attn/Dialect/Attn/IR/AttnDifferentialOp.td"
include "attn/Dialect/Attn/IR/AttnScoreOps.td"
include "attn/Dialect/Attn/IR/AttnQuantizeOp.td"
include "attn/Dialect/Attn/IR/AttnRotaryOp.td"
include "attn/Dialect/Attn/IR/AttnHostOps.td"

#endif
