// A row without a key has zeros for out and -inf for lse: rows of one request, all rows,
// no keys at all.

// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:2x2x70x64,random:2x2x130x64,random:2x2x130x64,0 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:2x2x70x64,random:2x2x130x64,random:2x2x130x64,0 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:2x2x70x64,random:2x2x130x64,random:2x2x130x64,1 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:2x2x70x64,random:2x2x130x64,random:2x2x130x64,1 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:2x2x70x64,random:2x2x130x64,random:2x2x130x64,130 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:2x2x70x64,random:2x2x130x64,random:2x2x130x64,130 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x2x70x64,random:1x2x0x64,random:1x2x0x64,0 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x2x70x64,random:1x2x0x64,random:1x2x0x64,0 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x2x?x64xf16>, %k: tensor<?x2x?x64xf16>,
                     %v: tensor<?x2x?x64xf16>, %length: index)
    -> (tensor<?x2x?x64xf16>, tensor<?x2x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x2x?x64xf16>)
      key(%k : tensor<?x2x?x64xf16>) value(%v : tensor<?x2x?x64xf16>)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %zero = arith.constant 0 : index
      %0 = arith.cmpi slt, %j, %length : index
      %1 = arith.cmpi ne, %b, %zero : index
      %m = arith.andi %0, %1 : i1
      attn.yield %m : i1
    }
    -> tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
  return %o, %lse : tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
}
