// The schedule changes how, never what.

// RUN: attn-run %s --device=sim --chip=sm_80 --check --schedule=m=64,n=64,warps=4,stages=1 --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --schedule=m=64,n=64,warps=4,stages=2 --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --schedule=m=64,n=64,warps=4,stages=3 --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --schedule=m=16,n=16,warps=1,stages=1 --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --schedule=m=32,n=16,warps=2,stages=8 --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --schedule=m=128,n=32,warps=8,stages=4 --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --schedule=m=128,n=128,warps=4,stages=1,order=pressure --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x2x?x64xf16>, %k: tensor<?x1x?x64xf16>,
                     %v: tensor<?x1x?x64xf16>)
    -> (tensor<?x2x?x64xf16>, tensor<?x2x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x2x?x64xf16>)
      key(%k : tensor<?x1x?x64xf16>) value(%v : tensor<?x1x?x64xf16>)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.causal %i, %j
      attn.yield %m : i1
    }
    -> tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
  return %o, %lse : tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
}
