// A bias that grows with the distance, with a slope for each head.

// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x4x130x64,random:1x4x130x64,random:1x4x130x64,random:4:0.3 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x4x130x64,random:1x4x130x64,random:1x4x130x64,random:4:0.3 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:2x4x17x64,random:2x4x200x64,random:2x4x200x64,random:4:5 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:2x4x17x64,random:2x4x200x64,random:2x4x200x64,random:4:5 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x4x?x64xf16>, %k: tensor<?x4x?x64xf16>,
                     %v: tensor<?x4x?x64xf16>,
                     %slopes: tensor<4xf32>)
    -> (tensor<?x4x?x64xf16>, tensor<?x4x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x4x?x64xf16>)
      key(%k : tensor<?x4x?x64xf16>) value(%v : tensor<?x4x?x64xf16>)
    score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %slope = attn.load %slopes[%h] : tensor<4xf32>
      %r = attn.alibi %s, %slope, %i, %j
      attn.yield %r : f32
    }
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.causal %i, %j
      attn.yield %m : i1
    }
    -> tensor<?x4x?x64xf16>, tensor<?x4x?xf32>
  return %o, %lse : tensor<?x4x?x64xf16>, tensor<?x4x?xf32>
}
