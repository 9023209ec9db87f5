// Two blocks of queries that share each tile of keys; with 90 queries one of them
// has none.

// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=128,n=64,warps=8,stages=2,consumers=2,overlap=true,cluster=2 --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=64,n=64,warps=4,stages=2,consumers=1,overlap=true,cluster=2,persistent=true --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=128,n=64,warps=8,stages=2,consumers=2,overlap=true,ping_pong=true,longest_first=true,cluster=2 --inputs=random:1x2x90x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x2x?x64xf16>, %k: tensor<?x1x?x64xf16>,
                     %v: tensor<?x1x?x64xf16>)
    -> (tensor<?x2x?x64xf16>, tensor<?x2x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x2x?x64xf16>)
      key(%k : tensor<?x1x?x64xf16>) value(%v : tensor<?x1x?x64xf16>)
    -> tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
  return %o, %lse : tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
}
