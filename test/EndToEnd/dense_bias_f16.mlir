// A bias for each query and key in f16: sizes that end inside a tile are not read past.

// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x2x100x64,random:1x2x130x64,random:1x2x130x64,random:100x130:3 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x2x100x64,random:1x2x130x64,random:1x2x130x64,random:100x130:3 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:2x2x1x64,random:2x2x33x64,random:2x2x33x64,random:1x33:3 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:2x2x1x64,random:2x2x33x64,random:2x2x33x64,random:1x33:3 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x2x128x64,random:1x2x256x64,random:1x2x256x64,random:128x256:3 --layout=bhsd | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x2x128x64,random:1x2x256x64,random:1x2x256x64,random:128x256:3 --layout=bhsd | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x2x?x64xf16>, %k: tensor<?x2x?x64xf16>,
                     %v: tensor<?x2x?x64xf16>,
                     %bias: tensor<?x?xf16>)
    -> (tensor<?x2x?x64xf16>, tensor<?x2x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x2x?x64xf16>)
      key(%k : tensor<?x2x?x64xf16>) value(%v : tensor<?x2x?x64xf16>)
    score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %0 = attn.load %bias[%i, %j] : tensor<?x?xf16>
      %1 = arith.extf %0 : f16 to f32
      %r = arith.addf %s, %1 : f32
      attn.yield %r : f32
    }
    -> tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
  return %o, %lse : tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
}
