//===- AttnDifferentialOp.td - the difference of two maps ---*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_IR_ATTNDIFFERENTIALOP
#define ATTN_DIALECT_ATTN_IR_ATTNDIFFERENTIALOP

def Attn_DifferentialOp : Attn_Op<"differential",
    [AttentionOpInterface, AttrSizedOperandSegments,
     DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "attention(query0, key0) - lambda * attention(query1, key1), on one value";
  let description = [{
    Differential attention (arXiv 2410.05258). For each batch b, query head h and
    query i, with `attention` the definition of `attn.attention`, the same scale,
    regions and normalizer for both maps, and one value tensor:

    ```
    out = attention(query0, key0, value) - lambda * attention(query1, key1, value)
    ```

    `lambda` is one number, one for each query head (`Hq`) or one for each batch,
    query head and query (`B x Hq x Sq`). Both keys may be the same value, as in the
    second version, where the maps are those of two query heads that share keys.

    With `norm_epsilon` each row of the difference is divided by its root mean square
    over the value head dim, then multiplied by `norm_scale` (1 - lambda_init in the
    paper; absent: 1) and, element by element, by `weight`:

    ```
    out = out / sqrt(sum_c out[c]^2 / Dv + norm_epsilon) * norm_scale * weight
    ```

    The value is read once: both maps walk over the same tiles of it.

    Constraints: those of `attn.attention` as far as they apply, and D1 to D8 of
    `docs/Spec.md`.
  }];
  let arguments = (ins
    Attn_TensorOrMemRef:$query0,  // B x Hq  x Sq x Dqk
    Attn_TensorOrMemRef:$key0,    // B x Hkv x Sk x Dqk
    Attn_TensorOrMemRef:$query1,  // as query0
    Attn_TensorOrMemRef:$key1,    // as key0
    Attn_TensorOrMemRef:$value,   // B x Hkv x Sk x Dv
    AnyTypeOf<[AnyFloat, AnyRankedTensor, AnyStridedMemRef],
              "float, ranked tensor or strided memref">:$lambda, // -, Hq or B x Hq x Sq
    Optional<Attn_TensorOrMemRef>:$weight, // Dv
    Variadic<AnyStridedMemRef>:$outs,
    OptionalAttr<F32Attr>:$scale, // absent: 1 / sqrt(Dqk)
    OptionalAttr<NormalizerAttrInterface>:$normalizer, // absent: #attn.softmax
    OptionalAttr<F32Attr>:$norm_epsilon, // absent: no norm
    OptionalAttr<F32Attr>:$norm_scale);  // absent: 1
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region MaxSizedRegion<1>:$score, MaxSizedRegion<1>:$mask,
                         MaxSizedRegion<1>:$sink);
  let assemblyFormat = [{
    `query0` `(` $query0 `:` type($query0) `)` `key0` `(` $key0 `:` type($key0) `)`
    `query1` `(` $query1 `:` type($query1) `)` `key1` `(` $key1 `:` type($key1) `)`
    `value` `(` $value `:` type($value) `)` `lambda` `(` $lambda `:` type($lambda) `)`
    (`weight` `(` $weight^ `:` type($weight) `)`)?
    (`outs` `(` $outs^ `:` type($outs) `)`)?
    attr-dict (`score` $score^)? (`mask` $mask^)? (`sink` $sink^)? (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getQueries() { return {getQuery0(), getQuery1()}; }
    ::llvm::SmallVector<::mlir::Value> getKeys() { return {getKey0(), getKey1()}; }
    /// Lambda, and the weight if there is one.
    ::llvm::SmallVector<::mlir::Value> getEpilogueInputs();
    ::mlir::Value getLse() { return {}; }
    bool isBufferized() { return getResults().empty(); }
    /// 0: one lambda, 1: one for each head, 3: one for each batch, head and query.
    int64_t getLambdaRank();
    double getNormScaleValue();
    static ::llvm::ArrayRef<int64_t> getShape(::mlir::Value value) {
      return ::llvm::cast<::mlir::ShapedType>(value.getType()).getShape();
    }
  }];
}

#endif
