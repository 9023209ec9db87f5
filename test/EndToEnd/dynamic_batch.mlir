// One kernel for every batch size, none included.

// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:0x2x33x64,random:0x2x65x64,random:0x2x65x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:0x2x33x64,random:0x2x65x64,random:0x2x65x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x2x33x64,random:1x2x65x64,random:1x2x65x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x2x33x64,random:1x2x65x64,random:1x2x65x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:2x2x33x64,random:2x2x65x64,random:2x2x65x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:2x2x33x64,random:2x2x65x64,random:2x2x65x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:7x2x33x64,random:7x2x65x64,random:7x2x65x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:7x2x33x64,random:7x2x65x64,random:7x2x65x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:2x2x0x64,random:2x2x65x64,random:2x2x65x64 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:2x2x0x64,random:2x2x65x64,random:2x2x65x64 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x2x?x64xf16>, %k: tensor<?x2x?x64xf16>,
                     %v: tensor<?x2x?x64xf16>)
    -> (tensor<?x2x?x64xf16>, tensor<?x2x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x2x?x64xf16>)
      key(%k : tensor<?x2x?x64xf16>) value(%v : tensor<?x2x?x64xf16>)
    -> tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
  return %o, %lse : tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
}
