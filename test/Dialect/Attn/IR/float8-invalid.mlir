// RUN: attn-opt %s -verify-diagnostics -split-input-file

// 8-bit operands of attn.attention, and transposed blocks of attn.quantize. Every
// function is named by the constraint of docs/Spec.md that it breaks.

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A2_query(%q: tensor<?x8x?x64xf8E4M3>, %k: !q) {
  // expected-error @below {{[A2] expected query of element type f16, bf16, f32, f8E4M3FN or f8E5M2, but got 'f8E4M3'}}
  %o = attn.attention query(%q : tensor<?x8x?x64xf8E4M3>) key(%k : !q) value(%k : !q) -> !h
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A17_key_wide(%q: !q, %k: !h) {
  // expected-error @below {{[A17] expected key of element type f8E4M3FN or f8E5M2, but got 'f16'}}
  %o = attn.attention query(%q : !q) key(%k : !h) value(%q : !q) -> !h
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A17_value_wide(%q: !q, %v: !h) {
  // expected-error @below {{[A17] expected value of element type f8E4M3FN or f8E5M2, but got 'f16'}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%v : !h) -> !h
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A17_value_other(%q: !h, %k: !q, %v: tensor<?x8x?x64xbf16>) {
  // expected-error @below {{[A17] expected value of element type f8E4M3FN or f8E5M2 or that of query, but got 'bf16'}}
  %o = attn.attention query(%q : !h) key(%k : !q) value(%v : tensor<?x8x?x64xbf16>) -> !h
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>

func.func @A17_out_narrow(%q: !q) {
  // expected-error @below {{[A17] expected out of f16, bf16 or f32, but got 'f8E4M3FN'}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%q : !q) -> !q
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A17_out_other(%q: !h, %k: !q) {
  // expected-error @below {{[A17] expected out of the element type of query, but got 'bf16'}}
  %o = attn.attention query(%q : !h) key(%k : !q) value(%k : !q) -> tensor<?x8x?x64xbf16>
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A8_lse(%q: !q) {
  // expected-error @below {{[A8] expected lse of element type f32, but got 'f16'}}
  %o, %lse = attn.attention query(%q : !q) key(%q : !q) value(%q : !q) -> !h, tensor<?x8x?xf16>
  return
}

// -----

!h = tensor<?x8x?x64xf16>
!s = tensor<?x8x?xf32>

func.func @A18_wide(%q: !h, %s: !s) {
  // expected-error @below {{[A18] expected no key_scales for key of element type 'f16': only 8-bit floats come with scales}}
  %o = attn.attention query(%q : !h) key(%q : !h) value(%q : !h)
      key_scales(%s : !s) {block = 64 : i64} -> !h
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>
!s = tensor<?x8x?xf32>

func.func @A18_query_of_mixed(%q: !h, %k: !q, %s: !s) {
  // expected-error @below {{[A18] expected no query_scales for query of element type 'f16': only 8-bit floats come with scales}}
  %o = attn.attention query(%q : !h) key(%k : !q) value(%k : !q)
      query_scales(%s : !s) {block = 64 : i64} -> !h
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A18_rank(%q: !q, %s: tensor<?x8x?x1xf32>) {
  // expected-error @below {{[A18] expected value_scales of f32 and rank 3 (B x H x blocks), 2 (B x H) or 1 (one), but got 'tensor<?x8x?x1xf32>'}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%q : !q)
      value_scales(%s : tensor<?x8x?x1xf32>) {block = 64 : i64} -> !h
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A18_type(%q: !q, %s: tensor<?x8x?xf16>) {
  // expected-error @below {{[A18] expected query_scales of f32 and rank 3 (B x H x blocks), 2 (B x H) or 1 (one), but got 'tensor<?x8x?xf16>'}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%q : !q)
      query_scales(%s : tensor<?x8x?xf16>) {block = 64 : i64} -> !h
  return
}

// -----

!q = tensor<2x8x100x64xf8E4M3FN>
!k = tensor<2x2x130x64xf8E4M3FN>
!h = tensor<2x8x100x64xf16>

// Those of a key have the heads of the key.
func.func @A18_heads(%q: !q, %k: !k, %s: tensor<2x8x3xf32>) {
  // expected-error @below {{[A18] expected num_heads of key_scales to be 2, but got 8}}
  %o = attn.attention query(%q : !q) key(%k : !k) value(%k : !k)
      key_scales(%s : tensor<2x8x3xf32>) {block = 64 : i64} -> !h
  return
}

// -----

!q = tensor<2x8x100x64xf8E4M3FN>
!h = tensor<2x8x100x64xf16>

func.func @A18_batch(%q: !q, %s: tensor<1x8xf32>) {
  // expected-error @below {{[A18] expected batch of query_scales to be 2, but got 1}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%q : !q)
      query_scales(%s : tensor<1x8xf32>) -> !h
  return
}

// -----

!q = tensor<2x8x100x64xf8E4M3FN>
!k = tensor<2x2x130x64xf8E4M3FN>
!h = tensor<2x8x100x64xf16>

// Blocks of the value are of keys.
func.func @A18_blocks(%q: !q, %k: !k, %s: tensor<2x2x2xf32>) {
  // expected-error @below {{[A18] expected blocks of value_scales to be 3, but got 2}}
  %o = attn.attention query(%q : !q) key(%k : !k) value(%k : !k)
      value_scales(%s : tensor<2x2x2xf32>) {block = 64 : i64} -> !h
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A18_one(%q: !q, %s: tensor<2xf32>) {
  // expected-error @below {{[A18] expected size of key_scales to be 1, but got 2}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%q : !q)
      key_scales(%s : tensor<2xf32>) -> !h
  return
}

// -----

!m = memref<2x8x100x64xf8E4M3FN>
!h = memref<2x8x100x64xf16>
!s = memref<2x8x2xf32, strided<[32, 4, 2]>>

func.func @A13_scales(%q: !m, %s: !s, %o: !h) {
  // expected-error @below {{[A13] expected key_scales with innermost stride 1, but got 2}}
  attn.attention query(%q : !m) key(%q : !m) value(%q : !m) key_scales(%s : !s)
      outs(%o : !h) {block = 64 : i64}
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A12_scales(%q: !q, %s: memref<?x8xf32>) {
  // expected-error @below {{[A12] expected all operands to be tensors or all to be memrefs, but key_scales is 'memref<?x8xf32>' and query is 'tensor<?x8x?x64xf8E4M3FN>'}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%q : !q)
      key_scales(%s : memref<?x8xf32>) -> !h
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A19_none(%q: !q, %s: tensor<?x8x?xf32>) {
  // expected-error @below {{[A19] expected a block with scales of rank 3 and with no others, but got none}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%q : !q)
      key_scales(%s : tensor<?x8x?xf32>) -> !h
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A19_needless(%q: !q, %s: tensor<?x8xf32>) {
  // expected-error @below {{[A19] expected a block with scales of rank 3 and with no others, but got one}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%q : !q)
      key_scales(%s : tensor<?x8xf32>) {block = 64 : i64} -> !h
  return
}

// -----

!q = tensor<2x8x100x64xf8E4M3FN>
!h = tensor<2x8x100x64xf16>

func.func @A19_zero(%q: !q, %s: tensor<2x8x1xf32>) {
  // expected-error @below {{[A19] expected a block of 1 to 2^31 - 1 rows, but got 0}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%q : !q)
      key_scales(%s : tensor<2x8x1xf32>) {block = 0 : i64} -> !h
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A19_large(%q: !q, %s: tensor<?x8x?xf32>) {
  // expected-error @below {{[A19] expected a block of 1 to 2^31 - 1 rows, but got 2147483648}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%q : !q)
      key_scales(%s : tensor<?x8x?xf32>) {block = 2147483648 : i64} -> !h
  return
}

// -----

!h = tensor<?x8x?x64xf16>

func.func @A20_wide(%q: !h, %v: tensor<?x8x?x64x128xf16>) {
  // expected-error @below {{[A20] expected a value of 8-bit floats in transposed blocks, but got 'tensor<?x8x?x64x128xf16>'}}
  %o = attn.attention query(%q : !h) key(%q : !h) value(%v : tensor<?x8x?x64x128xf16>) -> !h
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A20_width(%q: !q, %v: tensor<?x8x?x64x72xf8E4M3FN>) {
  // expected-error @below {{[A20] expected transposed blocks of a static multiple of 16 keys, but got 'tensor<?x8x?x64x72xf8E4M3FN>'}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%v : tensor<?x8x?x64x72xf8E4M3FN>) -> !h
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!h = tensor<?x8x?x64xf16>

func.func @A20_dynamic(%q: !q, %v: tensor<?x8x?x64x?xf8E4M3FN>) {
  // expected-error @below {{[A20] expected transposed blocks of a static multiple of 16 keys, but got 'tensor<?x8x?x64x?xf8E4M3FN>'}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%v : tensor<?x8x?x64x?xf8E4M3FN>) -> !h
  return
}

// -----

!q = tensor<2x8x130x64xf8E4M3FN>
!h = tensor<2x8x130x64xf16>

func.func @A20_blocks(%q: !q, %v: tensor<2x8x2x64x64xf8E4M3FN>) {
  // expected-error @below {{[A20] expected transposed blocks of value to be 3, but got 2}}
  %o = attn.attention query(%q : !q) key(%q : !q) value(%v : tensor<2x8x2x64x64xf8E4M3FN>) -> !h
  return
}

// -----

!s = tensor<?x8x?xf32>
!x = tensor<?x8x?x64xf16>

func.func @Q1_out(%x: !x) {
  // expected-error @below {{[Q1] expected out of rank 4 (B x H x S x D), or 5 (B x H x ceil(S / W) x D x W), but got 'tensor<?x8x?xf8E4M3FN>'}}
  %0:2 = attn.quantize input(%x : !x) {block = 16 : i64} -> tensor<?x8x?xf8E4M3FN>, !s
  return
}

// -----

!s = tensor<?x8x?xf32>
!x = tensor<?x8x?x64xf16>

func.func @Q3_width(%x: !x) {
  // expected-error @below {{[Q3] expected transposed blocks of a static multiple of 16 rows, but got out 'tensor<?x8x?x64x24xf8E4M3FN>'}}
  %0:2 = attn.quantize input(%x : !x) {block = 16 : i64} -> tensor<?x8x?x64x24xf8E4M3FN>, !s
  return
}

// -----

!s = tensor<2x8x9xf32>
!x = tensor<2x8x130x64xf16>

func.func @Q3_blocks(%x: !x) {
  // expected-error @below {{[Q3] expected transposed blocks of out to be 3, but got 2}}
  %0:2 = attn.quantize input(%x : !x) {block = 16 : i64} -> tensor<2x8x2x64x64xf8E4M3FN>, !s
  return
}

// -----

!s = tensor<2x8x9xf32>
!x = tensor<2x8x130x64xf16>

// Rows are innermost.
func.func @Q3_head_dim(%x: !x) {
  // expected-error @below {{[Q3] expected head_dim of out to be 64, but got 128}}
  %0:2 = attn.quantize input(%x : !x) {block = 16 : i64} -> tensor<2x8x2x128x128xf8E4M3FN>, !s
  return
}
