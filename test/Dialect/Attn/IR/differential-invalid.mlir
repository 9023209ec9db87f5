// RUN: attn-opt %s -verify-diagnostics -split-input-file

// One function per constraint of attn.differential, named by its label in docs/Spec.md.

func.func @a1_query1_rank(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[A1] expected query1 of rank 4 (B x Hq x Sq x Dqk), but got}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @a1_out_rank(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[A1] expected out of rank 4 (B x Hq x Sq x Dv), but got}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32)
      -> tensor<4x8x32xf16>
  return
}

// -----

func.func @a2_element_type(%q0: tensor<2x4x8x16xf64>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[A2] expected query0 of element type f16, bf16 or f32, but got 'f64'}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf64>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @a2_key1_element_type(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xbf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[A2] expected key1 of the same element type as query0}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xbf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @a3_batch(%q0: tensor<2x4x8x16xf16>, %k0: tensor<1x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<1x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[A3] expected the same batch in query0 and key0, but got 2 and 1}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<1x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<1x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @a4_head_dim(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x32xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x32xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[A4] expected the same head_dim in query0 and key0, but got 16 and 32}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x32xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x32xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @a4_dynamic_head_dim(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x?xf16>, %l: f32) {
  // expected-error @below {{[A4] expected a static head_dim in value}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x?xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @a5_length(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x7x32xf16>, %l: f32) {
  // expected-error @below {{[A5] expected the same length in key0 and value, but got 6 and 7}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x7x32xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @a6_heads(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x3x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x3x6x16xf16>, %v: tensor<2x3x6x32xf16>, %l: f32) {
  // expected-error @below {{[A6] expected num_heads to be a multiple of num_kv_heads, but got 4 and 3}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x3x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x3x6x16xf16>) value(%v : tensor<2x3x6x32xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @a7_out_head_dim(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[A7] expected the same head_dim in out and value, but got 16 and 32}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x16xf16>
  return
}

// -----

func.func @a9_mask_arguments(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[A9] expected mask region arguments}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32)
  mask {
  ^bb0(%b: index):
    %m = arith.constant true
    attn.yield %m : i1
  }
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @a11_scale(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[A11] expected a finite scale}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32) {scale = 0x7F800000 : f32}
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @a12_two_results(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[A12] expected out alone, but got 2 results}}
  %o:2 = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x32xf16>, tensor<2x4x8xf32>
  return
}

// -----

func.func @a12_memref_lambda(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: memref<4xf32>) {
  // expected-error @below {{[A12] expected lambda to be a tensor as query0 is, but got}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : memref<4xf32>)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @a16_sink(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[A16] expected no sink region with #attn.relu}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32) {normalizer = #attn.relu}
  sink {
  ^bb0(%b: index, %h: index):
    %r = arith.constant 0.0 : f32
    attn.yield %r : f32
  }
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d1_query1_heads(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x8x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[D1] expected the same num_heads in query0 and query1, but got 4 and 8}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x8x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d1_query1_length(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x9x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[D1] expected the same length in query0 and query1, but got 8 and 9}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x9x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d2_key1_length(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x5x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[D2] expected the same length in key0 and key1, but got 6 and 5}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x5x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d2_key1_head_dim(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x8xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[D2] expected the same head_dim in key0 and key1, but got 16 and 8}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x8xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d3_lambda_type(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f64) {
  // expected-error @below {{[D3] expected lambda of element type f32 or that of query0, but got 'f64'}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f64)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d3_weight_type(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32, %w: tensor<32xbf16>) {
  // expected-error @below {{[D3] expected weight of element type f32 or that of query0, but got 'bf16'}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32) weight(%w : tensor<32xbf16>) {norm_epsilon = 1.0e-05 : f32}
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d4_lambda_rank(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: tensor<2x4xf32>) {
  // expected-error @below {{[D4] expected lambda of rank 0 (one number), 1 (Hq) or 3 (B x Hq x Sq), but got}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : tensor<2x4xf32>)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d5_lambda_of_heads(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: tensor<2xf32>) {
  // expected-error @below {{[D5] expected the same num_heads in lambda and query0, but got 2 and 4}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : tensor<2xf32>)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d5_lambda_of_tokens(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: tensor<2x4x6xf32>) {
  // expected-error @below {{[D5] expected the same length in lambda and query0, but got 6 and 8}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : tensor<2x4x6xf32>)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d6_weight_without_norm(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32, %w: tensor<32xf32>) {
  // expected-error @below {{[D6] expected norm_scale and weight only with norm_epsilon}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32) weight(%w : tensor<32xf32>)
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d6_norm_scale_without_norm(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[D6] expected norm_scale and weight only with norm_epsilon}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32) {norm_scale = 0.5 : f32}
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d7_epsilon(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[D7] expected a finite norm_epsilon above 0, but got}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32) {norm_epsilon = 0.0 : f32}
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d7_norm_scale(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32) {
  // expected-error @below {{[D7] expected a finite norm_scale}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32) {norm_epsilon = 1.0e-05 : f32, norm_scale = 0x7F800000 : f32}
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d8_weight_rank(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32, %w: tensor<4x32xf32>) {
  // expected-error @below {{[D8] expected weight of rank 1 (Dv), but got}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32) weight(%w : tensor<4x32xf32>) {norm_epsilon = 1.0e-05 : f32}
      -> tensor<2x4x8x32xf16>
  return
}

// -----

func.func @d8_weight_size(%q0: tensor<2x4x8x16xf16>, %k0: tensor<2x2x6x16xf16>, %q1: tensor<2x4x8x16xf16>, %k1: tensor<2x2x6x16xf16>, %v: tensor<2x2x6x32xf16>, %l: f32, %w: tensor<16xf32>) {
  // expected-error @below {{[D8] expected the same head_dim in weight and value, but got 16 and 32}}
  %o = attn.differential query0(%q0 : tensor<2x4x8x16xf16>) key0(%k0 : tensor<2x2x6x16xf16>)
      query1(%q1 : tensor<2x4x8x16xf16>) key1(%k1 : tensor<2x2x6x16xf16>) value(%v : tensor<2x2x6x32xf16>)
      lambda(%l : f32) weight(%w : tensor<16xf32>) {norm_epsilon = 1.0e-05 : f32}
      -> tensor<2x4x8x32xf16>
  return
}
