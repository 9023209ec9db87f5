//===- AttnQuantizeOp.td - tensors to 8 bits and scales -----*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_IR_ATTNQUANTIZEOP
#define ATTN_DIALECT_ATTN_IR_ATTNQUANTIZEOP

def Attn_QuantizeOp : Attn_Op<"quantize", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "8-bit floats and one scale for each block of rows";
  let description = [{
    Rows of one head are taken in blocks of `block`. Each block has a scale, the largest
    magnitude in it over the largest finite value of the 8-bit type. Scales of rank 2 are
    those of whole heads, one scale of rank 1 is that of the tensor; then there is no
    `block`.

    ```
    scale[b, h, n]  = max |y[b, h, i, :]| / max_finite        for the rows i of block n
    out[b, h, i, :] = round(y[b, h, i, :] / scale[b, h, n])   to nearest, saturating
    ```

    y is the input, or with `hadamard_seed` its rows after random signs and an
    orthonormal Hadamard transform: applied to query and key alike it leaves their dot
    products and spreads outliers over the row (QuIP, arXiv 2307.13304; FlashAttention-3,
    arXiv 2407.08608).

    An out of rank 5, B x H x ceil(S / W) x D x W, is in transposed blocks of W rows, the
    form in which `attn.attention` multiplies with a value; rows past the end are 0.

    On tensors the op has two results; after bufferization it has `outs` memrefs.

    ```mlir
    %k8, %scales = attn.quantize input(%k : tensor<?x8x?x128xbf16>)
        {block = 128 : i64, hadamard_seed = 1 : i64}
        -> tensor<?x8x?x128xf8E4M3FN>, tensor<?x8x?xf32>
    ```

    Constraints: Q1 to Q8 of `docs/Spec.md`.
  }];
  let arguments = (ins
    Attn_TensorOrMemRef:$input,        // B x H x S x D
    Variadic<AnyStridedMemRef>:$outs,  // B x H x S x D or transposed, and the scales:
                                       // B x H x ceil(S / block), B x H, or 1
    OptionalAttr<I64Attr>:$block,          // absent: a scale for a head or for all
    OptionalAttr<I64Attr>:$hadamard_seed); // absent: no transform
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `input` `(` $input `:` type($input) `)` (`outs` `(` $outs^ `:` type($outs) `)`)?
    attr-dict (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    bool isBufferized() { return getNumResults() == 0; }
    /// The outputs: results on tensors, `outs` on memrefs. Only once verified.
    ::mlir::Value getOut() { return getOutput(0); }
    ::mlir::Value getScales() { return getOutput(1); }
    ::mlir::Value getOutput(unsigned i) {
      return isBufferized() ? ::mlir::Value(getOuts()[i]) : ::mlir::Value(getResult(i));
    }
    ::mlir::ShapedType getInputType() {
      return ::llvm::cast<::mlir::ShapedType>(getInput().getType());
    }
    ::mlir::ShapedType getOutType() {
      return ::llvm::cast<::mlir::ShapedType>(getOut().getType());
    }
    ::mlir::Type getElementType() { return getInputType().getElementType(); }
    int64_t getHeadDim() { return getInputType().getShape()[3]; }
    int64_t getScalesRank() {
      return ::llvm::cast<::mlir::ShapedType>(getScales().getType()).getRank();
    }
    /// W, the rows of a transposed block of the output; 0: it has rank 4.
    int64_t getTransposedRows() {
      return getOutType().getRank() == 5 ? getOutType().getDimSize(4) : 0;
    }
    bool hasHadamard() { return getHadamardSeed().has_value(); }
    /// Length of the transforms that a row is cut into.
    int64_t getHadamardWidth();
    /// Element d is negated before the transform.
    ::llvm::BitVector getHadamardSigns();

    /// Scales below are replaced by 1.
    static constexpr double kLeastScale = 0x1p-100;
    static constexpr int64_t kMaxHadamardWidth = 256;
  }];
}

#endif
