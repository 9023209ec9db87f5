// Latent attention before absorption (DeepSeek-V2, arXiv 2405.04434): as many key heads as
// query heads, with 128 + 64 columns, and values of 128, a tensor of their own.

// RUN: attn-run %s --device=sim --chip=sm_80 --check --timing=latest,earliest --seed=0,1 --inputs=random:1x3x333x192,random:1x3x333x192,random:1x3x333x128 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --inputs=random:1x3x333x192,random:1x3x333x192,random:1x3x333x128 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --timing=latest,earliest --seed=0,1 --layout=bshd --inputs=random:2x129x3x192,random:2x257x3x192,random:2x257x3x128 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --layout=bshd --inputs=random:2x129x3x192,random:2x257x3x192,random:2x257x3x128 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x3x?x192xbf16>, %k: tensor<?x3x?x192xbf16>,
                     %v: tensor<?x3x?x128xbf16>)
    -> (tensor<?x3x?x128xbf16>, tensor<?x3x?xf32>) {
  %c2 = arith.constant 2 : index
  %sq = tensor.dim %q, %c2 : tensor<?x3x?x192xbf16>
  %sk = tensor.dim %k, %c2 : tensor<?x3x?x192xbf16>
  %offset = arith.subi %sk, %sq : index
  %o, %lse = attn.attention query(%q : tensor<?x3x?x192xbf16>)
      key(%k : tensor<?x3x?x192xbf16>) value(%v : tensor<?x3x?x128xbf16>)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.causal %i, %j offset %offset
      attn.yield %m : i1
    }
    -> tensor<?x3x?x128xbf16>, tensor<?x3x?xf32>
  return %o, %lse : tensor<?x3x?x128xbf16>, tensor<?x3x?xf32>
}
