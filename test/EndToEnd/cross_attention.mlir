// Queries and keys of different lengths, value heads narrower than query heads, both orders
// in memory.

// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:2x4x77x128,random:2x4x200x128,random:2x4x200x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:2x4x77x128,random:2x4x200x128,random:2x4x200x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x4x200x128,random:1x4x31x128,random:1x4x31x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x4x200x128,random:1x4x31x128,random:1x4x31x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --layout=bshd --inputs=random:2x77x4x128,random:2x200x4x128,random:2x200x4x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --layout=bshd --inputs=random:2x77x4x128,random:2x200x4x128,random:2x200x4x64 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x4x?x128xf16>, %k: tensor<?x4x?x128xf16>,
                     %v: tensor<?x4x?x64xf16>)
    -> (tensor<?x4x?x64xf16>, tensor<?x4x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x4x?x128xf16>)
      key(%k : tensor<?x4x?x128xf16>) value(%v : tensor<?x4x?x64xf16>)
    -> tensor<?x4x?x64xf16>, tensor<?x4x?xf32>
  return %o, %lse : tensor<?x4x?x64xf16>, tensor<?x4x?xf32>
}
