// Query, key and value become 8-bit floats before attention, in one call: codes and scales
// are in its workspace. The truth is attention of what was not rounded.
// RUN: attn-run %s --entry=blocks --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --inputs=random:1x4x200x128,random:1x2x300x128,random:1x2x300x128 | FileCheck %s
// RUN: attn-run %s --entry=blocks --device=sim --chip=sm_90a --check --inputs=random:2x2x1x128,random:2x2x129x128,random:2x2x129x128 | FileCheck %s
// RUN: attn-run %s --entry=heads --device=sim --chip=sm_90a --check --inputs=random:2x2x150x64,random:2x2x150x64,random:2x2x150x64 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

!q = tensor<?x?x?x128xbf16>
!q8 = tensor<?x?x?x128xf8E4M3FN>
!v8 = tensor<?x?x?x128x128xf8E4M3FN>
!s = tensor<?x?x?xf32>

func.func @blocks(%q: !q, %k: !q, %v: !q) -> (!q, !s) {
  %q8, %qs = attn.quantize input(%q : !q) {block = 128 : i64, hadamard_seed = 1 : i64} -> !q8, !s
  %k8, %ks = attn.quantize input(%k : !q) {block = 128 : i64, hadamard_seed = 1 : i64} -> !q8, !s
  %v8, %vs = attn.quantize input(%v : !q) {block = 128 : i64} -> !v8, !s
  %o, %lse = attn.attention query(%q8 : !q8) key(%k8 : !q8) value(%v8 : !v8)
      query_scales(%qs : !s) key_scales(%ks : !s) value_scales(%vs : !s) {block = 128 : i64}
      -> !q, !s
  return %o, %lse : !q, !s
}

// Scales of heads, and of all.
!x = tensor<?x2x?x64xf16>
!x8 = tensor<?x2x?x64xf8E4M3FN>

func.func @heads(%q: !x, %k: !x, %v: !x) -> !x {
  %q8, %qs = attn.quantize input(%q : !x) -> !x8, tensor<?x2xf32>
  %k8, %ks = attn.quantize input(%k : !x) -> !x8, tensor<?x2xf32>
  %v8, %vs = attn.quantize input(%v : !x) -> tensor<?x2x?x64x128xf8E4M3FN>, tensor<1xf32>
  %o = attn.attention query(%q8 : !x8) key(%k8 : !x8) value(%v8 : tensor<?x2x?x64x128xf8E4M3FN>)
      query_scales(%qs : tensor<?x2xf32>) key_scales(%ks : tensor<?x2xf32>)
      value_scales(%vs : tensor<1xf32>)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %keep = attn.causal %i, %j
    attn.yield %keep : i1
  } -> !x
  return %o : !x
}
