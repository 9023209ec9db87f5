// RUN: attn-opt %s -verify-diagnostics -split-input-file

// Every function is named by the constraint of docs/Spec.md that it breaks.

!s = tensor<?x8x?xf32>
!q = tensor<?x8x?x64xf8E4M3FN>

func.func @Q1_input(%x: tensor<8x?x64xf16>) {
  // expected-error @below {{[Q1] expected input of rank 4 (B x H x S x D), but got 'tensor<8x?x64xf16>'}}
  %0:2 = attn.quantize input(%x : tensor<8x?x64xf16>) {block = 16 : i64} -> !q, !s
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>

func.func @Q1_scales(%x: tensor<?x8x?x64xf16>) {
  // expected-error @below {{[Q1] expected scales of rank 3 (B x H x blocks), 2 (B x H) or 1 (one), but got 'tensor<f32>'}}
  %0:2 = attn.quantize input(%x : tensor<?x8x?x64xf16>) {block = 16 : i64} -> !q, tensor<f32>
  return
}

// -----

!s = tensor<?x8x?xf32>
!q = tensor<?x8x?x64xf8E4M3FN>

func.func @Q2_input(%x: tensor<?x8x?x64xf64>) {
  // expected-error @below {{[Q2] expected input of element type f16, bf16 or f32, but got 'f64'}}
  %0:2 = attn.quantize input(%x : tensor<?x8x?x64xf64>) {block = 16 : i64} -> !q, !s
  return
}

// -----

!s = tensor<?x8x?xf32>
!x = tensor<?x8x?x64xf16>

func.func @Q2_out(%x: !x) {
  // expected-error @below {{[Q2] expected out of element type f8E4M3FN or f8E5M2, but got 'f8E4M3'}}
  %0:2 = attn.quantize input(%x : !x) {block = 16 : i64} -> tensor<?x8x?x64xf8E4M3>, !s
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!x = tensor<?x8x?x64xf16>

func.func @Q2_scales(%x: !x) {
  // expected-error @below {{[Q2] expected scales of element type f32, but got 'f16'}}
  %0:2 = attn.quantize input(%x : !x) {block = 16 : i64} -> !q, tensor<?x8x?xf16>
  return
}

// -----

!s = tensor<?x8x?xf32>
!x = tensor<?x8x?x64xf16>

func.func @Q3(%x: !x) {
  // expected-error @below {{[Q3] expected head_dim of out to be 64, but got 32}}
  %0:2 = attn.quantize input(%x : !x) {block = 16 : i64} -> tensor<?x8x?x32xf8E5M2>, !s
  return
}

// -----

!q = tensor<2x8x33x64xf8E4M3FN>
!x = tensor<2x8x33x64xf16>

func.func @Q4_heads(%x: !x) {
  // expected-error @below {{[Q4] expected num_heads of scales to be 8, but got 4}}
  %0:2 = attn.quantize input(%x : !x) {block = 16 : i64} -> !q, tensor<2x4x3xf32>
  return
}

// -----

!q = tensor<2x8x33x64xf8E4M3FN>
!x = tensor<2x8x33x64xf16>

func.func @Q4_blocks(%x: !x) {
  // expected-error @below {{[Q4] expected blocks of scales to be 3, but got 2}}
  %0:2 = attn.quantize input(%x : !x) {block = 16 : i64} -> !q, tensor<2x8x2xf32>
  return
}

// -----

!s = tensor<?x8x?xf32>
!q = tensor<?x8x?x64xf8E4M3FN>
!x = tensor<?x8x?x64xf16>

func.func @Q5_head(%x: !x) {
  // expected-error @below {{[Q5] expected a block with scales of rank 3 and with no others, but got scales 'tensor<?x8xf32>'}}
  %0:2 = attn.quantize input(%x : !x) {block = 16 : i64} -> !q, tensor<?x8xf32>
  return
}

// -----

!s = tensor<?x8x?xf32>
!q = tensor<?x8x?x64xf8E4M3FN>
!x = tensor<?x8x?x64xf16>

func.func @Q5_absent(%x: !x) {
  // expected-error @below {{[Q5] expected a block with scales of rank 3 and with no others, but got scales 'tensor<?x8x?xf32>'}}
  %0:2 = attn.quantize input(%x : !x) -> !q, !s
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!x = tensor<?x8x?x64xf16>

func.func @Q4_one(%x: !x) {
  // expected-error @below {{[Q4] expected size of scales to be 1, but got 2}}
  %0:2 = attn.quantize input(%x : !x) -> !q, tensor<2xf32>
  return
}

// -----

!s = tensor<?x8x?xf32>
!q = tensor<?x8x?x64xf8E4M3FN>
!x = tensor<?x8x?x64xf16>

func.func @Q5(%x: !x) {
  // expected-error @below {{[Q5] expected a block of 1 to 2^31 - 1 rows, but got 0}}
  %0:2 = attn.quantize input(%x : !x) {block = 0 : i64} -> !q, !s
  return
}

// -----

!s = tensor<?x8x?xf32>
!q = tensor<?x8x?x?xf8E4M3FN>
!x = tensor<?x8x?x?xf16>

func.func @Q6_dynamic(%x: !x) {
  // expected-error @below {{[Q6] expected a static positive head_dim in input, but got 'tensor<?x8x?x?xf16>'}}
  %0:2 = attn.quantize input(%x : !x) {block = 16 : i64} -> !q, !s
  return
}

// -----

!s = tensor<?x8x?xf32>
!q = tensor<?x8x?x72xf8E4M3FN>
!x = tensor<?x8x?x72xf16>

func.func @Q6_transform(%x: !x) {
  // expected-error @below {{[Q6] expected a head_dim that is a multiple of 16 with hadamard_seed, but got 72}}
  %0:2 = attn.quantize input(%x : !x) {block = 16 : i64, hadamard_seed = 1 : i64} -> !q, !s
  return
}

// -----

!q = tensor<?x8x?x64xf8E4M3FN>
!x = tensor<?x8x?x64xf16>

func.func @Q7_count(%x: !x) {
  // expected-error @below {{[Q7] expected two results or two outs, the 8-bit tensor and its scales, but got 1 and 0}}
  %0 = attn.quantize input(%x : !x) {block = 16 : i64} -> !q
  return
}

// -----

func.func @Q7_mixed(%x: tensor<?x8x?x64xf16>, %q: memref<?x8x?x64xf8E4M3FN>, %s: memref<?x8x?xf32>) {
  // expected-error @below {{[Q7] expected input and outputs to be all tensors or all memrefs, but input is 'tensor<?x8x?x64xf16>'}}
  attn.quantize input(%x : tensor<?x8x?x64xf16>)
      outs(%q, %s : memref<?x8x?x64xf8E4M3FN>, memref<?x8x?xf32>) {block = 16 : i64}
  return
}

// -----

!m = memref<?x8x?x64xf16, strided<[?, ?, ?, 2]>>

func.func @Q8(%x: !m, %q: memref<?x8x?x64xf8E4M3FN>, %s: memref<?x8x?xf32>) {
  // expected-error @below {{[Q8] expected input with innermost stride 1, but got 2}}
  attn.quantize input(%x : !m)
      outs(%q, %s : memref<?x8x?x64xf8E4M3FN>, memref<?x8x?xf32>) {block = 16 : i64}
  return
}
