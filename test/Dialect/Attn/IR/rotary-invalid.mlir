// RUN: attn-opt %s -verify-diagnostics -split-input-file

// Every function is named by the constraint of docs/Spec.md that it breaks.

!t = tensor<8x?x64xf16>

func.func @P1_rank(%x: !t) {
  // expected-error @below {{[P1] expected input of rank 4 (B x H x S x D), but got 'tensor<8x?x64xf16>'}}
  %0 = attn.rotary input(%x : !t) -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf64>

func.func @P2_element(%x: !t) {
  // expected-error @below {{[P2] expected input of element type f16, bf16 or f32, but got 'f64'}}
  %0 = attn.rotary input(%x : !t) -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P2_out(%x: !t) {
  // expected-error @below {{[P2] expected out of the same element type as input ('f16'), but got 'f32'}}
  %0 = attn.rotary input(%x : !t) -> tensor<?x8x?x64xf32>
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P3_heads(%x: !t) {
  // expected-error @below {{[P3] expected num_heads of out to be 8, but got 4}}
  %0 = attn.rotary input(%x : !t) -> tensor<?x4x?x64xf16>
  return
}

// -----

!t = tensor<?x8x?x?xf16>

func.func @P4_dynamic(%x: !t) {
  // expected-error @below {{[P4] expected a static positive head_dim in input, but got 'tensor<?x8x?x?xf16>'}}
  %0 = attn.rotary input(%x : !t) -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P4_odd(%x: !t) {
  // expected-error @below {{[P4] expected an even positive rotary width of at most the head_dim 64, but got 31}}
  %0 = attn.rotary input(%x : !t) {rotary_dim = 31} -> !t
  return
}

// -----

!t = tensor<?x8x?x33xf16>

func.func @P4_odd_head_dim(%x: !t) {
  // expected-error @below {{[P4] expected an even positive rotary width of at most the head_dim 33, but got 33}}
  %0 = attn.rotary input(%x : !t) -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P4_wide(%x: !t) {
  // expected-error @below {{[P4] expected an even positive rotary width of at most the head_dim 64, but got 66}}
  %0 = attn.rotary input(%x : !t) {rotary_dim = 66} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P4_zero(%x: !t) {
  // expected-error @below {{[P4] expected an even positive rotary width of at most the head_dim 64, but got 0}}
  %0 = attn.rotary input(%x : !t) {rotary_dim = 0} -> !t
  return
}

// -----

!t = tensor<?x8x16x64xf16>
!p = tensor<?xf32>

func.func @P5_element(%x: !t, %p: !p) {
  // expected-error @below {{[P5] expected positions of element type i32 or i64, but got 'f32'}}
  %0 = attn.rotary input(%x : !t) positions(%p : !p) -> !t
  return
}

// -----

!t = tensor<?x8x16x64xf16>
!p = tensor<?x1x?xi32>

func.func @P5_rank(%x: !t, %p: !p) {
  // expected-error @below {{[P5] expected positions of shape S or B x S, but got 'tensor<?x1x?xi32>'}}
  %0 = attn.rotary input(%x : !t) positions(%p : !p) -> !t
  return
}

// -----

!t = tensor<?x8x16x64xf16>
!p = tensor<8xi32>

func.func @P5_length(%x: !t, %p: !p) {
  // expected-error @below {{[P5] expected length of positions to be 16, but got 8}}
  %0 = attn.rotary input(%x : !t) positions(%p : !p) -> !t
  return
}

// -----

!t = tensor<2x8x16x64xf16>
!p = tensor<3x16xi32>

func.func @P5_batch(%x: !t, %p: !p) {
  // expected-error @below {{[P5] expected batch of positions to be 2, but got 3}}
  %0 = attn.rotary input(%x : !t) positions(%p : !p) -> !t
  return
}

// -----

!t = tensor<?x8x16x64xf16>
!p = tensor<?xi32>

func.func @P6_both(%x: !t, %p: !p, %o: index) {
  // expected-error @below {{[P6] expected an offset or positions, but got both; add the offset to the positions}}
  %0 = attn.rotary input(%x : !t) offset(%o) positions(%p : !p) -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>
!c = tensor<?x32xf32>

func.func @P7_one_table(%x: !t, %c: !c) {
  // expected-error @below {{[P7] expected both cos and sin or neither, but got only cos}}
  %0 = attn.rotary input(%x : !t) cos(%c : !c) -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>
!c = tensor<?x32xf64>

func.func @P7_element(%x: !t, %c: !c) {
  // expected-error @below {{[P7] expected cos of element type f16, bf16 or f32, but got 'f64'}}
  %0 = attn.rotary input(%x : !t) cos(%c : !c) sin(%c : !c) -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>
!c = tensor<?x64xf32>

func.func @P7_width(%x: !t, %c: !c) {
  // expected-error @below {{[P7] expected cos of shape P x 32, half of the rotary width, but got 'tensor<?x64xf32>'}}
  %0 = attn.rotary input(%x : !t) cos(%c : !c) sin(%c : !c) -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>
!c = tensor<?x32xf32>

func.func @P7_partial_width(%x: !t, %c: !c) {
  // expected-error @below {{[P7] expected cos of shape P x 8, half of the rotary width, but got 'tensor<?x32xf32>'}}
  %0 = attn.rotary input(%x : !t) cos(%c : !c) sin(%c : !c) {rotary_dim = 16} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>
!c = tensor<1x?x32xf32>

func.func @P7_rank(%x: !t, %c: !c) {
  // expected-error @below {{[P7] expected cos of shape P x 32, half of the rotary width, but got 'tensor<1x?x32xf32>'}}
  %0 = attn.rotary input(%x : !t) cos(%c : !c) sin(%c : !c) -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>
!c = tensor<?x32xf32>

func.func @P7_elements_differ(%x: !t, %c: !c, %s: tensor<?x32xf16>) {
  // expected-error @below {{[P7] expected sin of the same element type as cos ('f32'), but got 'f16'}}
  %0 = attn.rotary input(%x : !t) cos(%c : !c) sin(%s : tensor<?x32xf16>) -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>
!c = tensor<16x32xf32>

func.func @P7_positions_differ(%x: !t, %c: !c, %s: tensor<8x32xf32>) {
  // expected-error @below {{[P7] expected positions of sin to be 16, but got 8}}
  %0 = attn.rotary input(%x : !t) cos(%c : !c) sin(%s : tensor<8x32xf32>) -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>
!c = tensor<?x32xf32>

func.func @P8_base_with_tables(%x: !t, %c: !c) {
  // expected-error @below {{[P8] expected no base and no scaling with cos and sin, which say it all}}
  %0 = attn.rotary input(%x : !t) cos(%c : !c) sin(%c : !c) {base = 1.0e4} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P8_zero_base(%x: !t) {
  // expected-error @below {{[P8] expected a finite positive base, but got 0.000000e+00}}
  %0 = attn.rotary input(%x : !t) {base = 0.0 : f64} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P8_negative_base(%x: !t) {
  // expected-error @below {{[P8] expected a finite positive base, but got -1.000000e+00}}
  %0 = attn.rotary input(%x : !t) {base = -1.0 : f64} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P8_infinite_base(%x: !t) {
  // expected-error @below {{[P8] expected a finite positive base, but got INF}}
  %0 = attn.rotary input(%x : !t) {base = 0x7FF0000000000000 : f64} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_zero_factor(%x: !t) {
  // expected-error @below {{[P9] expected a finite positive factor of type f64, but got 0.000000e+00 : f64}}
  %0 = attn.rotary input(%x : !t) {scaling = #attn.linear_rotary<factor = 0.0>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_negative_factor(%x: !t) {
  // expected-error @below {{[P9] expected a finite positive factor of type f64, but got -2.000000e+00 : f64}}
  %0 = attn.rotary input(%x : !t) {scaling = #attn.ntk_rotary<factor = -2.0>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_infinite_factor(%x: !t) {
  // expected-error @below {{[P9] expected a finite positive factor of type f64}}
  %0 = attn.rotary input(%x : !t) {scaling = #attn.linear_rotary<factor = 0x7FF0000000000000 : f64>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_factor_type(%x: !t) {
  // expected-error @below {{[P9] expected a finite positive factor of type f64, but got 2.000000e+00 : f32}}
  %0 = attn.rotary input(%x : !t) {scaling = #attn.linear_rotary<factor = 2.0 : f32>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_ntk_width(%x: !t) {
  // expected-error @below {{[P9] expected a rotary width of 4 or more with NTK-aware scaling, but got 2}}
  %0 = attn.rotary input(%x : !t) {rotary_dim = 2, scaling = #attn.ntk_rotary<factor = 2.0>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_yarn_betas(%x: !t) {
  // expected-error @below {{[P9] expected beta_fast of at least beta_slow, but got 5.000000e-01 and 1.000000e+00}}
  %0 = attn.rotary input(%x : !t) {scaling = #attn.yarn_rotary<factor = 2.0, original_length = 64, beta_fast = 0.5>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_yarn_length(%x: !t) {
  // expected-error @below {{[P9] expected an original_length from 1 to 2^30, but got 0}}
  %0 = attn.rotary input(%x : !t) {scaling = #attn.yarn_rotary<factor = 2.0, original_length = 0>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_yarn_attention_factor(%x: !t) {
  // expected-error @below {{[P9] expected a finite positive attention_factor of type f64, but got -1.000000e+00 : f64}}
  %0 = attn.rotary input(%x : !t) {scaling = #attn.yarn_rotary<factor = 2.0, original_length = 8, attention_factor = -1.0>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_yarn_base(%x: !t) {
  // expected-error @below {{[P9] expected a base above 1 with YaRN, but got 1.000000e+00}}
  %0 = attn.rotary input(%x : !t) {base = 1.0, scaling = #attn.yarn_rotary<factor = 2.0, original_length = 64>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_llama3_factors(%x: !t) {
  // expected-error @below {{[P9] expected low_freq_factor below high_freq_factor, but got}}
  %0 = attn.rotary input(%x : !t) {scaling = #attn.llama3_rotary<factor = 2.0, low_freq_factor = 4.0, high_freq_factor = 4.0, original_length = 64>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_long_count(%x: !t) {
  // expected-error @below {{[P9] expected 32 long_factors, half of the rotary width, but got 2}}
  %0 = attn.rotary input(%x : !t) {scaling = #attn.long_rotary<short_factors = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], long_factors = [1.0, 2.0], factor = 2.0, original_length = 64>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_long_factor(%x: !t) {
  // expected-error @below {{[P9] expected finite positive long_factors, but got -1.000000e+00}}
  %0 = attn.rotary input(%x : !t) {scaling = #attn.long_rotary<short_factors = [1.0], long_factors = [-1.0], factor = 2.0, original_length = 64>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_long_length(%x: !t) {
  // expected-error @below {{[P9] expected an original_length from 2 to 2^30, but got 1}}
  %0 = attn.rotary input(%x : !t) {scaling = #attn.long_rotary<short_factors = [1.0], long_factors = [1.0], factor = 2.0, original_length = 1>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P9_frequency(%x: !t) {
  // expected-error @below {{[P9] expected frequencies that are finite in f32, but that of pair 0 is not}}
  %0 = attn.rotary input(%x : !t) {scaling = #attn.linear_rotary<factor = 1.0e-300>} -> !t
  return
}

// -----

!t = tensor<?x8x?x64xf16>

func.func @P10_length(%x: !t, %n: index) {
  // expected-error @below {{[P10] expected no length without a scaling that depends on it}}
  %0 = attn.rotary input(%x : !t) length(%n) -> !t
  return
}

// -----

!t = tensor<?x8x?x4xf16>

func.func @P10_positions(%x: !t, %p: tensor<?xi32>) {
  // expected-error @below {{[P10] expected a length, the largest position plus one}}
  %0 = attn.rotary input(%x : !t) positions(%p : tensor<?xi32>)
      {scaling = #attn.long_rotary<short_factors = [1.0, 1.0], long_factors = [1.0, 8.0],
       factor = 32.0, original_length = 4096>} -> !t
  return
}

// -----

!t = tensor<1x1x4x8xf16>

func.func @P11_both(%x: !t, %o: memref<1x1x4x8xf16>) {
  // expected-error @below {{[P11] expected either a result or outs, but got both}}
  %0 = attn.rotary input(%x : !t) outs(%o : memref<1x1x4x8xf16>) -> !t
  return
}

// -----

!t = tensor<1x1x4x8xf16>

func.func @P11_neither(%x: !t) {
  // expected-error @below {{[P11] expected either a result or outs, but got neither}}
  attn.rotary input(%x : !t)
  return
}

// -----

!t = memref<1x1x4x8xf16>

func.func @P11_mixed(%x: !t, %p: tensor<4xi32>) {
  // expected-error @below {{[P11] expected all operands to be tensors or all to be memrefs, but positions is 'tensor<4xi32>' and input is 'memref<1x1x4x8xf16>'}}
  attn.rotary input(%x : !t) positions(%p : tensor<4xi32>) outs(%x : !t)
  return
}

// -----

!t = memref<1x1x4x8xf16, strided<[64, 64, 16, 2]>>

func.func @P12_stride(%x: !t, %o: memref<1x1x4x8xf16>) {
  // expected-error @below {{[P12] expected input with innermost stride 1, but got 2}}
  attn.rotary input(%x : !t) outs(%o : memref<1x1x4x8xf16>)
  return
}
