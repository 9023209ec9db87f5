//===- AttnRotaryOp.td - rotary position embedding ----------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A new way to scale the frequencies is one attribute here and its functions in
// RotaryScaling.cpp; nothing else asks which one it is.

#ifndef ATTN_DIALECT_ATTN_IR_ATTNROTARYOP
#define ATTN_DIALECT_ATTN_IR_ATTNROTARYOP

//===----------------------------------------------------------------------===//
// Scaling of the frequencies
//===----------------------------------------------------------------------===//

/// `overridden`: methods with a default that the scaling has its own of.
class Attn_RotaryScaling<string name, list<string> overridden = []>
    : AttrDef<AttnDialect, name,
        [DeclareAttrInterfaceMethods<RotaryScalingAttrInterface, overridden>]> {
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Attn_LinearRotaryAttr : Attn_RotaryScaling<"LinearRotary"> {
  let mnemonic = "linear_rotary";
  let summary = "f[d] / factor: position interpolation (arXiv 2306.15595)";
  let parameters = (ins "::mlir::FloatAttr":$factor);
}

def Attn_NtkRotaryAttr : Attn_RotaryScaling<"NtkRotary", ["verifyFor"]> {
  let mnemonic = "ntk_rotary";
  let summary = "the frequencies of base * factor^(R / (R - 2)): NTK-aware scaling "
                "(arXiv 2309.00071, section 3.1)";
  let parameters = (ins "::mlir::FloatAttr":$factor);
}

def Attn_YarnRotaryAttr
    : Attn_RotaryScaling<"YarnRotary", ["getMagnitude", "verifyFor"]> {
  let mnemonic = "yarn_rotary";
  let summary = "f[d] / factor for slow, f[d] for fast frequencies and a ramp "
                "between them (YaRN, arXiv 2309.00071)";
  let parameters = (ins "::mlir::FloatAttr":$factor, "int64_t":$original_length,
                        OptionalParameter<"::mlir::FloatAttr">:$beta_fast,
                        OptionalParameter<"::mlir::FloatAttr">:$beta_slow,
                        OptionalParameter<"::mlir::FloatAttr">:$attention_factor);
}

def Attn_Llama3RotaryAttr : Attn_RotaryScaling<"Llama3Rotary"> {
  let mnemonic = "llama3_rotary";
  let summary = "f[d] / factor for long, f[d] for short wavelengths and a ramp in "
                "f[d] between them (Llama 3.1, arXiv 2407.21783)";
  let parameters = (ins "::mlir::FloatAttr":$factor,
                        "::mlir::FloatAttr":$low_freq_factor,
                        "::mlir::FloatAttr":$high_freq_factor,
                        "int64_t":$original_length);
}

def Attn_LongRotaryAttr
    : Attn_RotaryScaling<"LongRotary", ["getMagnitude", "getLengthLimit",
                                        "verifyFor"]> {
  let mnemonic = "long_rotary";
  let summary = "f[d] / short[d], or f[d] / long[d] where a sequence is longer than "
                "the original length (LongRoPE, arXiv 2402.13753)";
  let parameters = (ins "::mlir::DenseF64ArrayAttr":$short_factors,
                        "::mlir::DenseF64ArrayAttr":$long_factors,
                        "::mlir::FloatAttr":$factor, "int64_t":$original_length,
                        OptionalParameter<"::mlir::FloatAttr">:$attention_factor);
}

//===----------------------------------------------------------------------===//
// attn.rotary
//===----------------------------------------------------------------------===//

def Attn_RotaryOp : Attn_Op<"rotary", [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "rotates pairs of the head dim by an angle that grows with the position";
  let description = [{
    Rotary position embedding (RoFormer, arXiv 2104.09864) of a query or key. For each
    batch b, head h, row i at position p, and each of the R / 2 pairs d:

    ```
    c, s          = attention_factor * (cos, sin)(p * f[d])
    out[..., lo]  = input[..., lo] * c - input[..., hi] * s
    out[..., hi]  = input[..., hi] * c + input[..., lo] * s
    ```

    with (lo, hi) = (d, d + R / 2), or (2d, 2d + 1) when `interleaved`, and
    f[d] = base^(-2d / R), changed by `scaling`. Elements from `rotary_dim` = R on are
    copied. The position of row i is `offset` + i, or what `positions` has for it. With
    `cos` and `sin`, c and s are read from row p of these tables.

    On tensors the op has a result; after bufferization it has an `outs` memref, which
    may be the input.

    ```mlir
    %r = attn.rotary input(%q : tensor<?x32x?x128xbf16>) offset(%past)
        {base = 5.0e5, scaling = #attn.linear_rotary<factor = 4.0>}
        -> tensor<?x32x?x128xbf16>
    ```

    Constraints: P1 to P12 of `docs/Spec.md`.
  }];
  let arguments = (ins
    Attn_TensorOrMemRef:$input,              // B x H x S x D
    Optional<Index>:$offset,                 // absent: 0
    Optional<Attn_TensorOrMemRef>:$positions, // S or B x S
    Optional<Index>:$length,                 // absent: offset + S
    Optional<Attn_TensorOrMemRef>:$cos,      // P x R / 2
    Optional<Attn_TensorOrMemRef>:$sin,      // P x R / 2
    Optional<AnyStridedMemRef>:$outs,        // B x H x S x D
    UnitAttr:$interleaved,
    OptionalAttr<I64Attr>:$rotary_dim,       // absent: D
    OptionalAttr<F64Attr>:$base,             // absent: 10000
    OptionalAttr<RotaryScalingAttrInterface>:$scaling);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `input` `(` $input `:` type($input) `)` (`offset` `(` $offset^ `)`)?
    (`positions` `(` $positions^ `:` type($positions) `)`)?
    (`length` `(` $length^ `)`)?
    (`cos` `(` $cos^ `:` type($cos) `)`)? (`sin` `(` $sin^ `:` type($sin) `)`)?
    (`outs` `(` $outs^ `:` type($outs) `)`)? (`interleaved` $interleaved^)?
    attr-dict (`->` type($result)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The output value: the result on tensors, the `outs` operand on memrefs.
    ::mlir::Value getOut() {
      return isBufferized() ? ::mlir::Value(getOuts()) : ::mlir::Value(getResult());
    }
    bool isBufferized() { return !getResult(); }
    bool hasTables() { return bool(getCos()); }
    int64_t getHeadDim() { return getInputType().getShape()[3]; }
    /// R, the number of elements that are rotated.
    int64_t getRotaryWidth() {
      return getRotaryDim() ? int64_t(*getRotaryDim()) : getHeadDim();
    }
    double getBaseOrDefault();
    ::mlir::ShapedType getInputType() {
      return ::llvm::cast<::mlir::ShapedType>(getInput().getType());
    }
    ::mlir::Type getElementType() { return getInputType().getElementType(); }
    /// f[d] rounded to f32, the second row for a sequence that is longer than
    /// `getLengthLimit()`; one row when there is no such limit.
    ::llvm::SmallVector<::llvm::SmallVector<float>> getFrequencies();
    /// A sequence that is longer has frequencies of its own; none: no such limit.
    ::std::optional<int64_t> getLengthLimit();
    /// What cosine and sine are multiplied with.
    double getMagnitude();
  }];
}

#endif
