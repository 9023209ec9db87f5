// RUN: attn-opt %s --attn-quantize-fp8 -split-input-file | FileCheck %s
// RUN: attn-opt %s --attn-quantize-fp8="block=0 hadamard=false" -split-input-file | FileCheck %s --check-prefix=HEAD
// RUN: not attn-opt %s --attn-quantize-fp8=block=-1 -split-input-file 2>&1 | FileCheck %s --check-prefix=BLOCK
// BLOCK: error: expected a block of rows, or 0 for a scale of each head, but got -1

!q = tensor<?x4x200x64xbf16>
!k = tensor<?x2x?x64xbf16>

// CHECK-LABEL: func.func @f(
// CHECK-SAME:    %[[Q:[^:]*]]: tensor<?x4x200x64xbf16>, %[[K:[^:]*]]: {{.*}}, %[[V:[^:]*]]: tensor
// CHECK:         %[[Q8:.*]]:2 = attn.quantize input(%[[Q]] : {{.*}}) {block = 128 : i64, hadamard_seed = 1 : i64} -> tensor<?x4x200x64xf8E4M3FN>, tensor<?x4x2xf32>
// CHECK:         %[[K8:.*]]:2 = attn.quantize input(%[[K]] : {{.*}}) {block = 128 : i64, hadamard_seed = 1 : i64} -> tensor<?x2x?x64xf8E4M3FN>, tensor<?x2x?xf32>
// CHECK:         %[[V8:.*]]:2 = attn.quantize input(%[[V]] : {{.*}}) {block = 128 : i64} -> tensor<?x2x?x64x128xf8E4M3FN>, tensor<?x2x?xf32>
// CHECK:         attn.attention query(%[[Q8]]#0 : {{.*}}) key(%[[K8]]#0 : {{.*}}) value(%[[V8]]#0 : {{[^)]*}})
// CHECK-SAME:      query_scales(%[[Q8]]#1 : {{.*}}) key_scales(%[[K8]]#1 : {{.*}}) value_scales(%[[V8]]#1 : {{.*}}) {block = 128 : i64, scale = 2.500000e-01 : f32} mask {
// CHECK:           attn.causal
// HEAD:          attn.quantize input(%{{[^ ]*}} : tensor<?x4x200x64xbf16>) -> tensor<?x4x200x64xf8E4M3FN>, tensor<?x4xf32>
// HEAD:          value_scales(%{{.*}} : tensor<?x2xf32>) {scale =
func.func @f(%q: !q, %k: !k, %v: !k) -> !q {
  %o = attn.attention query(%q : !q) key(%k : !k) value(%v : !k) {scale = 0.25 : f32}
      mask {
      ^bb0(%b: index, %h: index, %i: index, %j: index):
        %keep = attn.causal %i, %j
        attn.yield %keep : i1
      } -> !q
  return %o : !q
}
