// RUN: attn-opt %s | attn-opt | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s

!t = tensor<?x8x?x128xbf16>

// CHECK-LABEL: func.func @plain(
func.func @plain(%x: !t) -> !t {
  // CHECK: attn.rotary input(%{{.*}} : tensor<?x8x?x128xbf16>) -> tensor<?x8x?x128xbf16>
  %0 = attn.rotary input(%x : !t) -> !t
  return %0 : !t
}

// Neighbours are pairs, of the first quarter; rows start at an offset.
// CHECK-LABEL: func.func @partial(
func.func @partial(%x: !t, %past: index) -> !t {
  // CHECK: attn.rotary input(%{{.*}}) offset(%{{.*}}) interleaved {base = 5.000000e+05 : f64, rotary_dim = 32 : i64} -> tensor
  %0 = attn.rotary input(%x : !t) offset(%past) interleaved
      {rotary_dim = 32, base = 5.0e5} -> !t
  return %0 : !t
}

// CHECK-LABEL: func.func @tables(
func.func @tables(%x: !t, %positions: tensor<?x?xi32>, %cos: tensor<4096x64xf32>,
                  %sin: tensor<4096x64xf32>) -> !t {
  // CHECK: attn.rotary input(%{{.*}} : tensor<?x8x?x128xbf16>) positions(%{{.*}} : tensor<?x?xi32>) cos(%{{.*}} : tensor<4096x64xf32>) sin(%{{.*}} : tensor<4096x64xf32>) -> tensor
  %0 = attn.rotary input(%x : !t) positions(%positions : tensor<?x?xi32>)
      cos(%cos : tensor<4096x64xf32>) sin(%sin : tensor<4096x64xf32>) -> !t
  return %0 : !t
}

// CHECK-LABEL: func.func @scaled(
func.func @scaled(%x: !t) -> (!t, !t, !t, !t) {
  // CHECK: scaling = #attn.linear_rotary<factor = 4.000000e+00 : f64>
  %0 = attn.rotary input(%x : !t) {scaling = #attn.linear_rotary<factor = 4.0>} -> !t
  // CHECK: scaling = #attn.ntk_rotary<factor = 4.000000e+00 : f64>
  %1 = attn.rotary input(%x : !t) {scaling = #attn.ntk_rotary<factor = 4.0>} -> !t
  // CHECK: scaling = #attn.yarn_rotary<factor = 4.000000e+00 : f64, original_length = 8192, beta_fast = 3.200000e+01 : f64, attention_factor = 1.000000e+00 : f64>
  %2 = attn.rotary input(%x : !t) {scaling = #attn.yarn_rotary<factor = 4.0,
      original_length = 8192, beta_fast = 32.0, attention_factor = 1.0>} -> !t
  // CHECK: scaling = #attn.llama3_rotary<factor = 8.000000e+00 : f64, low_freq_factor = 1.000000e+00 : f64, high_freq_factor = 4.000000e+00 : f64, original_length = 8192>
  %3 = attn.rotary input(%x : !t) {scaling = #attn.llama3_rotary<factor = 8.0,
      low_freq_factor = 1.0, high_freq_factor = 4.0, original_length = 8192>} -> !t
  return %0, %1, %2, %3 : !t, !t, !t, !t
}

// Which frequencies are taken depends on the length of the sequence.
// CHECK-LABEL: func.func @long(
func.func @long(%x: tensor<1x8x?x8xf16>, %positions: tensor<?xi64>, %n: index)
    -> tensor<1x8x?x8xf16> {
  // CHECK: attn.rotary input(%{{.*}}) positions(%{{.*}} : tensor<?xi64>) length(%{{.*}}) {rotary_dim = 4 : i64, scaling = #attn.long_rotary<short_factors = [1.000000e+00, 1.000000e+00], long_factors = [1.000000e+00, 8.000000e+00], factor = 3.200000e+01 : f64, original_length = 4096>} ->
  %0 = attn.rotary input(%x : tensor<1x8x?x8xf16>) positions(%positions : tensor<?xi64>)
      length(%n) {rotary_dim = 4, scaling = #attn.long_rotary<short_factors = [1.0, 1.0],
      long_factors = [1.0, 8.0], factor = 32.0, original_length = 4096>}
      -> tensor<1x8x?x8xf16>
  return %0 : tensor<1x8x?x8xf16>
}

!m = memref<?x8x?x128xf32, strided<[?, ?, ?, 1], offset: ?>>

// CHECK-LABEL: func.func @on_memrefs(
func.func @on_memrefs(%x: !m, %o: !m) {
  // CHECK: attn.rotary input(%{{.*}}) outs(%{{.*}} : memref
  attn.rotary input(%x : !m) outs(%o : !m)
  // In place.
  // CHECK: attn.rotary input(%[[X:.*]] : memref{{.*}}) outs(%[[X]] : memref{{.*}}) interleaved
  attn.rotary input(%x : !m) outs(%x : !m) interleaved
  return
}
