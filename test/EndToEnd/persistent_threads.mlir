// Copies by threads in a block that walks over two tiles: every lane has read its rows of
// the output before one lane gives the place back to the producer.

// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --row-padding=4 --alignment=8 --multiprocessors=8 --inputs=random:5x4x40x128,random:5x2x60x128,random:5x2x60x128 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x4x?x128xf16>, %k: tensor<?x2x?x128xf16>,
                     %v: tensor<?x2x?x128xf16>)
    -> (tensor<?x4x?x128xf16>, tensor<?x4x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x4x?x128xf16>)
      key(%k : tensor<?x2x?x128xf16>) value(%v : tensor<?x2x?x128xf16>)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.causal %i, %j
      attn.yield %m : i1
    }
    -> tensor<?x4x?x128xf16>, tensor<?x4x?xf32>
  return %o, %lse : tensor<?x4x?x128xf16>, tensor<?x4x?xf32>
}
