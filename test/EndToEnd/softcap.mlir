// Scores that saturate, with inputs so large that they do.

// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x2x100x64,random:1x1x130x64,random:1x1x130x64,15 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x2x100x64,random:1x1x130x64,random:1x1x130x64,15 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x2x100x64:6,random:1x1x130x64:6,random:1x1x130x64:6,15 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x2x100x64:6,random:1x1x130x64:6,random:1x1x130x64:6,15 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x2x?x64xbf16>, %k: tensor<?x1x?x64xbf16>,
                     %v: tensor<?x1x?x64xbf16>, %cap: f32)
    -> (tensor<?x2x?x64xbf16>, tensor<?x2x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x2x?x64xbf16>)
      key(%k : tensor<?x1x?x64xbf16>) value(%v : tensor<?x1x?x64xbf16>)
    score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %r = attn.softcap %s, %cap
      attn.yield %r : f32
    }
    -> tensor<?x2x?x64xbf16>, tensor<?x2x?xf32>
  return %o, %lse : tensor<?x2x?x64xbf16>, tensor<?x2x?xf32>
}
