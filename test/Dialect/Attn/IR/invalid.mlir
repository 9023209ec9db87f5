// RUN: attn-opt %s -verify-diagnostics -split-input-file --allow-unregistered-dialect

// One function per constraint, named by its label in docs/Spec.md.

func.func @a1_query_rank(%q: tensor<2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A1] expected query of rank 4 (B x Hq x Sq x Dqk), but got}}
  %o = attn.attention query(%q : tensor<2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a1_key_rank(%q: tensor<1x2x8x16xf16>, %k: tensor<1x1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A1] expected key of rank 4 (B x Hkv x Sk x Dqk), but got}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a1_value_rank(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<f16>) {
  // expected-error @below {{[A1] expected value of rank 4 (B x Hkv x Sk x Dv), but got}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<f16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a1_out_rank(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A1] expected out of rank 4 (B x Hq x Sq x Dv), but got}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<2x8x16xf16>
  return
}

// -----

func.func @a1_lse_rank(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A1] expected lse of rank 3 (B x Hq x Sq), but got}}
  %o, %lse = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>, tensor<1x2x8x1xf32>
  return
}

// -----

func.func @a1_unranked(%q: tensor<*xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{operand #0 must be ranked tensor or strided memref, but got}}
  %o = attn.attention query(%q : tensor<*xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a2_query_element_type(%q: tensor<1x2x8x16xf64>, %k: tensor<1x2x8x16xf64>, %v: tensor<1x2x8x16xf64>) {
  // expected-error @below {{[A2] expected query of element type f16, bf16 or f32, but got}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf64>) key(%k : tensor<1x2x8x16xf64>)
      value(%v : tensor<1x2x8x16xf64>)
      -> tensor<1x2x8x16xf64>
  return
}

// -----

func.func @a2_key_element_type(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xbf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A2] expected key of the same element type as query ('f16'), but got 'bf16'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xbf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a2_out_element_type(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A2] expected out of the same element type as query ('f16'), but got 'f32'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf32>
  return
}

// -----

func.func @a3_key_batch(%q: tensor<1x2x8x16xf16>, %k: tensor<3x2x8x16xf16>, %v: tensor<3x2x8x16xf16>) {
  // expected-error @below {{[A3] expected the same batch in query and key, but got 1 and 3}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<3x2x8x16xf16>)
      value(%v : tensor<3x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a3_value_batch(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<3x2x8x16xf16>) {
  // expected-error @below {{[A3] expected the same batch in key and value, but got 1 and 3}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<3x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a4_key_head_dim(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x32xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A4] expected the same head_dim in query and key, but got 16 and 32}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x32xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a4_dynamic_query_head_dim(%q: tensor<1x2x8x?xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A4] expected a static head_dim in query}}
  %o = attn.attention query(%q : tensor<1x2x8x?xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a4_dynamic_value_head_dim(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x?xf16>) {
  // expected-error @below {{[A4] expected a static head_dim in value}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x?xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a4_zero_head_dim(%q: tensor<1x2x8x0xf16>, %k: tensor<1x2x8x0xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A4] expected a positive head_dim}}
  %o = attn.attention query(%q : tensor<1x2x8x0xf16>) key(%k : tensor<1x2x8x0xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a5_num_kv_heads(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x1x8x16xf16>) {
  // expected-error @below {{[A5] expected the same num_kv_heads in key and value, but got 2 and 1}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x1x8x16xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a5_key_value_length(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x9x16xf16>) {
  // expected-error @below {{[A5] expected the same length in key and value, but got 8 and 9}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x9x16xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a6_heads_not_a_multiple(%q: tensor<1x8x8x16xf16>, %k: tensor<1x3x8x16xf16>, %v: tensor<1x3x8x16xf16>) {
  // expected-error @below {{[A6] expected num_heads to be a multiple of num_kv_heads, but got 8 and 3}}
  %o = attn.attention query(%q : tensor<1x8x8x16xf16>) key(%k : tensor<1x3x8x16xf16>)
      value(%v : tensor<1x3x8x16xf16>)
      -> tensor<1x8x8x16xf16>
  return
}

// -----

func.func @a6_zero_kv_heads(%q: tensor<1x2x8x16xf16>, %k: tensor<1x0x8x16xf16>, %v: tensor<1x0x8x16xf16>) {
  // expected-error @below {{[A6] expected num_heads to be a multiple of num_kv_heads, but got 2 and 0}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x0x8x16xf16>)
      value(%v : tensor<1x0x8x16xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a7_out_batch(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A7] expected the same batch in out and query, but got 2 and 1}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<2x2x8x16xf16>
  return
}

// -----

func.func @a7_out_heads(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A7] expected the same num_heads in out and query, but got 4 and 2}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x4x8x16xf16>
  return
}

// -----

func.func @a7_out_length(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A7] expected the same length in out and query, but got 9 and 8}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x9x16xf16>
  return
}

// -----

func.func @a7_out_head_dim(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x32xf16>) {
  // expected-error @below {{[A7] expected the same head_dim in out and value, but got 16 and 32}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x32xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a8_lse_element_type(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A8] expected lse of element type f32, but got 'f16'}}
  %o, %lse = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>, tensor<1x2x8xf16>
  return
}

// -----

func.func @a8_lse_batch(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A8] expected the same batch in lse and query, but got 2 and 1}}
  %o, %lse = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>, tensor<2x2x8xf32>
  return
}

// -----

func.func @a8_lse_heads(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A8] expected the same num_heads in lse and query, but got 1 and 2}}
  %o, %lse = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>, tensor<1x1x8xf32>
  return
}

// -----

func.func @a8_lse_length(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A8] expected the same length in lse and query, but got 9 and 8}}
  %o, %lse = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>, tensor<1x2x9xf32>
  return
}

// -----

func.func @a11_scale_infinite(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A11] expected a finite scale}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>) {scale = 0x7F800000 : f32}
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a11_scale_nan(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A11] expected a finite scale}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>) {scale = 0x7FC00000 : f32}
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a12_mixed_kinds(%q: tensor<1x2x8x16xf16>, %k: memref<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A12] expected all operands to be tensors or all to be memrefs, but key is 'memref<1x2x8x16xf16>'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : memref<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a12_three_results(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A12] expected out and optionally lse, but got 3 results}}
  %o:3 = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>, tensor<1x2x8x16xf16>, tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a12_results_and_outs(%q: memref<1x2x8x16xf16>, %k: memref<1x2x8x16xf16>, %v: memref<1x2x8x16xf16>, %o: memref<1x2x8x16xf16>) {
  // expected-error @below {{[A12] expected either results or outs, but got both}}
  %r = attn.attention query(%q : memref<1x2x8x16xf16>)
      key(%k : memref<1x2x8x16xf16>)
      value(%v : memref<1x2x8x16xf16>)
      outs(%o : memref<1x2x8x16xf16>) -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a12_no_outs(%q: memref<1x2x8x16xf16>, %k: memref<1x2x8x16xf16>, %v: memref<1x2x8x16xf16>, %o: memref<1x2x8x16xf16>) {
  // expected-error @below {{[A12] expected out and optionally lse, but got 0 outs}}
  attn.attention query(%q : memref<1x2x8x16xf16>)
      key(%k : memref<1x2x8x16xf16>)
      value(%v : memref<1x2x8x16xf16>)
  return
}

// -----

func.func @a12_results_of_memrefs(%q: memref<1x2x8x16xf16>, %k: memref<1x2x8x16xf16>, %v: memref<1x2x8x16xf16>, %o: memref<1x2x8x16xf16>) {
  // expected-error @below {{[A12] expected all operands to be tensors or all to be memrefs, but out is 'tensor<1x2x8x16xf16>'}}
  %r = attn.attention query(%q : memref<1x2x8x16xf16>)
      key(%k : memref<1x2x8x16xf16>)
      value(%v : memref<1x2x8x16xf16>) -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a13_inner_stride_of_query(%q: memref<1x2x8x16xf16, strided<[512, 256, 32, 2]>>, %k: memref<1x2x8x16xf16>, %v: memref<1x2x8x16xf16>, %o: memref<1x2x8x16xf16>) {
  // expected-error @below {{[A13] expected query with innermost stride 1, but got 2}}
  attn.attention query(%q : memref<1x2x8x16xf16, strided<[512, 256, 32, 2]>>)
      key(%k : memref<1x2x8x16xf16>)
      value(%v : memref<1x2x8x16xf16>)
      outs(%o : memref<1x2x8x16xf16>)
  return
}

// -----

func.func @a13_inner_stride_of_out(%q: memref<1x2x8x16xf16>, %k: memref<1x2x8x16xf16>, %v: memref<1x2x8x16xf16>, %o: memref<1x2x8x16xf16, strided<[512, 256, 32, 2]>>) {
  // expected-error @below {{[A13] expected out with innermost stride 1, but got 2}}
  attn.attention query(%q : memref<1x2x8x16xf16>)
      key(%k : memref<1x2x8x16xf16>)
      value(%v : memref<1x2x8x16xf16>)
      outs(%o : memref<1x2x8x16xf16, strided<[512, 256, 32, 2]>>)
  return
}

// -----

func.func @a13_layout(%q: memref<1x2x8x16xf16>, %k: memref<1x2x8x16xf16, affine_map<(a, b, c, d) -> (a, b, c, d floordiv 2)>>, %v: memref<1x2x8x16xf16>, %o: memref<1x2x8x16xf16>) {
  // expected-error @below {{operand #1 must be ranked tensor or strided memref, but got}}
  attn.attention query(%q : memref<1x2x8x16xf16>)
      key(%k : memref<1x2x8x16xf16, affine_map<(a, b, c, d) -> (a, b, c, d floordiv 2)>>)
      value(%v : memref<1x2x8x16xf16>)
      outs(%o : memref<1x2x8x16xf16>)
  return
}

// -----

func.func @a1_rank_0_memref(%q: memref<f16>, %k: memref<1x2x8x16xf16>, %v: memref<1x2x8x16xf16>, %o: memref<1x2x8x16xf16>) {
  // expected-error @below {{[A1] expected query of rank 4 (B x Hq x Sq x Dqk), but got 'memref<f16>'}}
  attn.attention query(%q : memref<f16>)
      key(%k : memref<1x2x8x16xf16>)
      value(%v : memref<1x2x8x16xf16>)
      outs(%o : memref<1x2x8x16xf16>)
  return
}

// -----

func.func @a15_lse(%q: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A15] expected no lse with #attn.sigmoid, which defines none; ask for out alone}}
  %o, %lse = attn.attention query(%q : tensor<1x2x8x16xf16>)
      key(%q : tensor<1x2x8x16xf16>)
      value(%q : tensor<1x2x8x16xf16>)
      {normalizer = #attn.sigmoid}
      -> tensor<1x2x8x16xf16>, tensor<1x2x8xf32>
  return
}

// -----

func.func @a15_lse_on_memrefs(%q: memref<1x2x8x16xf16>, %o: memref<1x2x8x16xf16>, %lse: memref<1x2x8xf32>) {
  // expected-error @below {{[A15] expected no lse with #attn.relu<divide_by_keys = true>, which defines none; ask for out alone}}
  attn.attention query(%q : memref<1x2x8x16xf16>)
      key(%q : memref<1x2x8x16xf16>)
      value(%q : memref<1x2x8x16xf16>)
      outs(%o, %lse : memref<1x2x8x16xf16>, memref<1x2x8xf32>)
      {normalizer = #attn.relu<divide_by_keys = true>}
  return
}

// -----

func.func @sigmoid_bias_type(%q: tensor<1x2x8x16xf16>) {
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>)
      key(%q : tensor<1x2x8x16xf16>)
      value(%q : tensor<1x2x8x16xf16>)
      // expected-error @below {{expected a finite bias of type f32, but got 1.000000e+00 : f64}}
      {normalizer = #attn.sigmoid<bias = 1.0>}
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @sigmoid_infinite_bias(%q: tensor<1x2x8x16xf16>) {
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>)
      key(%q : tensor<1x2x8x16xf16>)
      value(%q : tensor<1x2x8x16xf16>)
      // expected-error @below {{expected a finite bias of type f32, but got 0xFF800000 : f32}}
      {normalizer = #attn.sigmoid<bias = 0xFF800000 : f32>}
      -> tensor<1x2x8x16xf16>
  return
}
