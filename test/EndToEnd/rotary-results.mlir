// A key that is returned as well as used, a query that is rotated twice, and casts.

// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x4x70x64,random:1x2x100x64,random:1x2x100x64,30 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --inputs=random:1x4x70x64,random:1x2x100x64,random:1x2x100x64,30 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --rotary=fused --timing=latest,earliest --seed=0,1 --inputs=random:1x4x70x64,random:1x2x100x64,random:1x2x100x64,30 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --row-padding=1 --alignment=2 --inputs=random:1x4x70x64,random:1x2x100x64,random:1x2x100x64,30 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "out1":{
// CHECK-SAME: "verdict":"ok"

!q = tensor<?x4x?x64xf16>
!kv = tensor<?x2x?x64xf16>

func.func @attention(%q: !q, %k: !kv, %v: !kv, %past: index)
    -> (!q, tensor<?x4x?xf32>, !kv) {
  %c = tensor.cast %q : !q to tensor<1x4x?x64xf16>
  %once = attn.rotary input(%c : tensor<1x4x?x64xf16>) offset(%past)
    -> tensor<1x4x?x64xf16>
  %twice = attn.rotary input(%once : tensor<1x4x?x64xf16>) interleaved {rotary_dim = 16}
    -> tensor<1x4x?x64xf16>
  %qr = tensor.cast %twice : tensor<1x4x?x64xf16> to !q
  %kr = attn.rotary input(%k : !kv) -> !kv
  %o, %lse = attn.attention query(%qr : !q) key(%kr : !kv) value(%v : !kv)
    -> !q, tensor<?x4x?xf32>
  return %o, %lse, %kr : !q, tensor<?x4x?xf32>, !kv
}
