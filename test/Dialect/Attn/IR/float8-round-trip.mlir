// RUN: attn-opt %s | attn-opt | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s

!q = tensor<?x32x?x128xf8E4M3FN>
!k = tensor<?x8x?x128xf8E4M3FN>
!o = tensor<?x32x?x128xbf16>

// All scales, and a value in transposed blocks.
// CHECK-LABEL: func.func @scales(
func.func @scales(%q: !q, %k: !k, %v: tensor<?x8x?x128x128xf8E4M3FN>, %qs: tensor<?x32x?xf32>,
                  %ks: tensor<?x8x?xf32>, %vs: tensor<?x8x?xf32>) -> !o {
  // CHECK: attn.attention query(%[[Q:.*]] : tensor<?x32x?x128xf8E4M3FN>) key(%{{.*}} : tensor<?x8x?x128xf8E4M3FN>) value(%{{.*}} : tensor<?x8x?x128x128xf8E4M3FN>) query_scales(%{{.*}} : tensor<?x32x?xf32>) key_scales(%{{.*}} : tensor<?x8x?xf32>) value_scales(%{{.*}} : tensor<?x8x?xf32>) {block = 128 : i64} -> tensor<?x32x?x128xbf16>
  %o = attn.attention query(%q : !q) key(%k : !k) value(%v : tensor<?x8x?x128x128xf8E4M3FN>)
      query_scales(%qs : tensor<?x32x?xf32>) key_scales(%ks : tensor<?x8x?xf32>)
      value_scales(%vs : tensor<?x8x?xf32>) {block = 128 : i64} -> !o
  return %o : !o
}

// Scales of heads and of all, and of two operands; types may differ. Others stay optional.
// CHECK-LABEL: func.func @some(
func.func @some(%q: !q, %k: tensor<?x8x?x128xf8E5M2>, %v: !k, %qs: tensor<1xf32>,
                %vs: tensor<?x8xf32>) -> (!o, tensor<?x32x?xf32>) {
  // CHECK: value(%{{.*}} : tensor<?x8x?x128xf8E4M3FN>) query_scales(%{{.*}} : tensor<1xf32>) value_scales(%{{.*}} : tensor<?x8xf32>) {scale = 5.000000e-01 : f32} mask {
  // CHECK: -> tensor<?x32x?x128xbf16>, tensor<?x32x?xf32>
  %o, %lse = attn.attention query(%q : !q) key(%k : tensor<?x8x?x128xf8E5M2>) value(%v : !k)
      query_scales(%qs : tensor<1xf32>) value_scales(%vs : tensor<?x8xf32>)
      {scale = 0.5 : f32}
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %keep = attn.causal %i, %j
    attn.yield %keep : i1
  } -> !o, tensor<?x32x?xf32>
  return %o, %lse : !o, tensor<?x32x?xf32>
}

// A cache of 8-bit floats beside queries of 16 bits, in memref form; only the key is narrow.
// CHECK-LABEL: func.func @cache(
func.func @cache(%q: memref<1x4x3x64xf16>, %k: memref<1x4x9x64xf8E4M3FN>,
                 %v: memref<1x4x9x64xf16>, %ks: memref<1x4xf32>, %o: memref<1x4x3x64xf16>) {
  // CHECK: attn.attention query(%{{.*}} : memref<1x4x3x64xf16>) key(%{{.*}} : memref<1x4x9x64xf8E4M3FN>) value(%{{.*}} : memref<1x4x9x64xf16>) key_scales(%{{.*}} : memref<1x4xf32>) outs(%{{.*}} : memref<1x4x3x64xf16>)
  attn.attention query(%q : memref<1x4x3x64xf16>) key(%k : memref<1x4x9x64xf8E4M3FN>)
      value(%v : memref<1x4x9x64xf16>) key_scales(%ks : memref<1x4xf32>)
      outs(%o : memref<1x4x3x64xf16>)
  return
}

// Transposed blocks of attn.quantize: of 64 rows, with scales of 32.
// CHECK-LABEL: func.func @transposed(
func.func @transposed(%x: tensor<2x8x100x80xf16>) -> tensor<2x8x2x80x64xf8E5M2> {
  // CHECK: attn.quantize input(%{{.*}} : tensor<2x8x100x80xf16>) {block = 32 : i64} -> tensor<2x8x2x80x64xf8E5M2>, tensor<2x8x4xf32>
  %q, %s = attn.quantize input(%x : tensor<2x8x100x80xf16>) {block = 32 : i64}
      -> tensor<2x8x2x80x64xf8E5M2>, tensor<2x8x4xf32>
  return %q : tensor<2x8x2x80x64xf8E5M2>
}
