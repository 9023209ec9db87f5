// Grouped heads under a causal mask that ends in the bottom-right corner: prefill,
// a chunk of it, decoding, and more queries than keys, where the first rows are empty.

// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x8x130x128,random:1x2x130x128,random:1x2x130x128 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x8x130x128,random:1x2x130x128,random:1x2x130x128 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:2x8x70x128,random:2x2x200x128,random:2x2x200x128 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:2x8x70x128,random:2x2x200x128,random:2x2x200x128 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x8x1x128,random:1x2x300x128,random:1x2x300x128 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x8x1x128,random:1x2x300x128,random:1x2x300x128 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x8x150x128,random:1x2x64x128,random:1x2x64x128 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x8x150x128,random:1x2x64x128,random:1x2x64x128 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x8x?x128xbf16>, %k: tensor<?x2x?x128xbf16>,
                     %v: tensor<?x2x?x128xbf16>)
    -> (tensor<?x8x?x128xbf16>, tensor<?x8x?xf32>) {
  %c2 = arith.constant 2 : index
  %sq = tensor.dim %q, %c2 : tensor<?x8x?x128xbf16>
  %sk = tensor.dim %k, %c2 : tensor<?x2x?x128xbf16>
  %offset = arith.subi %sk, %sq : index
  %o, %lse = attn.attention query(%q : tensor<?x8x?x128xbf16>)
      key(%k : tensor<?x2x?x128xbf16>) value(%v : tensor<?x2x?x128xbf16>)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.causal %i, %j offset %offset
      attn.yield %m : i1
    }
    -> tensor<?x8x?x128xbf16>, tensor<?x8x?xf32>
  return %o, %lse : tensor<?x8x?x128xbf16>, tensor<?x8x?xf32>
}
