// A sliding window whose width is known at run time: narrow, wider than a tile, of one
// key, and without end.

// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x2x300x64,random:1x2x300x64,random:1x2x300x64,7,0 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x2x300x64,random:1x2x300x64,random:1x2x300x64,7,0 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x2x300x64,random:1x2x300x64,random:1x2x300x64,150,0 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x2x300x64,random:1x2x300x64,random:1x2x300x64,150,0 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x2x300x64,random:1x2x300x64,random:1x2x300x64,0,0 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x2x300x64,random:1x2x300x64,random:1x2x300x64,0,0 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x2x300x64,random:1x2x300x64,random:1x2x300x64,100000,0 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x2x300x64,random:1x2x300x64,random:1x2x300x64,100000,0 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x2x200x64,random:1x2x300x64,random:1x2x300x64,20,40 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x2x200x64,random:1x2x300x64,random:1x2x300x64,20,40 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x2x?x64xf16>, %k: tensor<?x2x?x64xf16>,
                     %v: tensor<?x2x?x64xf16>,
                     %left: index, %right: index)
    -> (tensor<?x2x?x64xf16>, tensor<?x2x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x2x?x64xf16>)
      key(%k : tensor<?x2x?x64xf16>) value(%v : tensor<?x2x?x64xf16>)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.window %i, %j left %left right %right
      attn.yield %m : i1
    }
    -> tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
  return %o, %lse : tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
}
