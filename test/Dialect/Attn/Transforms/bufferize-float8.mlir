// RUN: attn-opt %s --attn-bufferize -split-input-file | FileCheck %s

!q = tensor<?x8x?x64xf8E4M3FN>
!o = tensor<?x8x?x64xf16>

// Scales are operands as others, those that are there.
// CHECK-LABEL: func.func @scales(
// CHECK-SAME:    %[[Q:[^:]+]]: memref<?x8x?x64xf8E4M3FN, {{[^>]*>>}}, %[[VS:[^:]+]]: memref<1xf32, {{[^>]*>>}}, %[[QS:[^:]+]]: memref<?x8x?xf32, {{[^>]*>>}}, %[[O:[^:]+]]: memref<?x8x?x64xf16,
// CHECK:         attn.attention query(%[[Q]] : {{.*}}) key(%[[Q]] : {{.*}}) value(%[[Q]] : {{.*}}) query_scales(%[[QS]] : {{.*}}) value_scales(%[[VS]] : {{.*}}) outs(%[[O]] : {{.*}}) {block = 32 : i64, scale = 2.000000e+00 : f32}
func.func @scales(%q: !q, %vs: tensor<1xf32>, %qs: tensor<?x8x?xf32>) -> !o {
  %o = attn.attention query(%q : !q) key(%q : !q) value(%q : !q)
      query_scales(%qs : tensor<?x8x?xf32>) value_scales(%vs : tensor<1xf32>)
      {block = 32 : i64, scale = 2.0 : f32} -> !o
  return %o : !o
}

// -----

!x = tensor<?x8x?x64xf16>
!q = tensor<?x8x?x64xf8E4M3FN>
!v = tensor<?x8x?x64x128xf8E4M3FN>
!s = tensor<?x8x?xf32>

// What attention reads of attn.quantize is in the workspace: a value in transposed blocks
// has as many as its rows take, whatever the blocks of its scales.
// CHECK-LABEL: func.func @quantized(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?x8x?x64xf16, {{[^>]*>>}}, %[[Y:[^:]+]]: memref<?x8x?x64xf16, {{[^>]*>>}}, %[[O:[^:]+]]: memref<?x8x?x64xf16,
// CHECK:         %[[Q:.*]] = memref.view %{{.*}} : memref<?xi8> to memref<?x8x?x64xf8E4M3FN>
// CHECK:         %[[QB:.*]] = arith.ceildivui %{{.*}}, %c32
// CHECK:         %[[QS:.*]] = memref.view %{{.*}}, %[[QB]]] : memref<?xi8> to memref<?x8x?xf32>
// CHECK:         %[[N:.*]] = memref.dim %[[Y]], %c2
// CHECK:         %[[BLOCKS:.*]] = arith.ceildivui %[[N]], %c128
// CHECK:         %[[V:.*]] = memref.view %{{.*}}, %[[BLOCKS]]] : memref<?xi8> to memref<?x8x?x64x128xf8E4M3FN>
// CHECK:         arith.ceildivui %{{.*}}, %c32
// CHECK:         %[[VS:.*]] = memref.view
// CHECK:         attn.quantize input(%[[X]] : {{.*}}) outs(%[[Q]], %[[QS]] :
// CHECK:         attn.quantize input(%[[Y]] : {{.*}}) outs(%[[V]], %[[VS]] :
// CHECK:         attn.attention query(%[[Q]] : {{.*}}) key(%[[Q]] : {{.*}}) value(%[[V]] : memref<?x8x?x64x128xf8E4M3FN>) query_scales(%[[QS]] : {{.*}}) key_scales(%[[QS]] : {{.*}}) value_scales(%[[VS]] : {{.*}}) outs(%[[O]] :
func.func @quantized(%x: !x, %y: !x) -> !x {
  %q, %qs = attn.quantize input(%x : !x) {block = 32 : i64} -> !q, !s
  %v, %vs = attn.quantize input(%y : !x) {block = 32 : i64} -> !v, !s
  %o = attn.attention query(%q : !q) key(%q : !q) value(%v : !v)
      query_scales(%qs : !s) key_scales(%qs : !s) value_scales(%vs : !s)
      {block = 32 : i64} -> !x
  return %o : !x
}
