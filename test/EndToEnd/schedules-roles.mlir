// Each step of a schedule with roles by itself, and together with others.

// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=128,n=128,warps=8,stages=2,consumers=2 --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=128,n=128,warps=8,stages=3,consumers=2,producer_registers=24,consumer_registers=240 --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=64,n=64,warps=4,stages=1,consumers=1,producer_registers=56,consumer_registers=256 --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=64,n=96,warps=4,stages=2,consumers=1,overlap=true --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=128,n=176,warps=8,stages=2,consumers=2,producer_registers=24,consumer_registers=240,overlap=true --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=128,n=80,warps=8,stages=4,consumers=2,overlap=true,ping_pong=true --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=192,n=128,warps=12,stages=2,consumers=3,producer_registers=32,consumer_registers=160,overlap=true,ping_pong=true --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=192,n=144,warps=12,stages=2,consumers=3,producer_registers=32,consumer_registers=160,overlap=true,ping_pong=true,weights=shared --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=128,n=64,warps=8,stages=2,consumers=2,weights=shared --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=128,n=64,warps=8,stages=2,consumers=2,overlap=true,rescale=before --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=128,n=64,warps=8,stages=2,consumers=2,overlap=true,threshold=8 --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=128,n=64,warps=8,stages=2,consumers=2,overlap=true,persistent=true --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=128,n=64,warps=8,stages=2,consumers=2,overlap=true,longest_first=true --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --schedule=m=128,n=64,warps=8,stages=2,consumers=2,persistent=true --inputs=random:80x2x130x64,random:80x1x70x64,random:80x1x70x64 | FileCheck %s
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
