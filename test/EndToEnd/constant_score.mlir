// A score that does not use the dot product: query and key are not copied at all, and
// the one copy of the loop that is left cannot be issued ahead.

// RUN: attn-run %s --device=sim --chip=sm_80 --check --stats=%t.json --inputs=random:1x2x70x32,random:1x2x370x32,random:1x2x370x32 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:1x2x70x32,random:1x2x370x32,random:1x2x370x32 | FileCheck %s
// RUN: FileCheck %s --check-prefix=STATS --input-file=%t.json
// RUN: attn-run %s --device=sim --chip=sm_80 --check --schedule=m=64,n=64,warps=4,stages=2 --inputs=random:1x2x70x32,random:1x2x370x32,random:1x2x370x32 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --schedule=m=64,n=64,warps=4,stages=2 --inputs=random:1x2x70x32,random:1x2x370x32,random:1x2x370x32 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"
// STATS-NOT: "query": {

func.func @attention(%q: tensor<?x2x?x32xf16>, %k: tensor<?x2x?x32xf16>,
                     %v: tensor<?x2x?x32xf16>) -> tensor<?x2x?x32xf16> {
  %o = attn.attention query(%q : tensor<?x2x?x32xf16>)
      key(%k : tensor<?x2x?x32xf16>) value(%v : tensor<?x2x?x32xf16>)
    score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %same = arith.constant 0.5 : f32
      attn.yield %same : f32
    }
    -> tensor<?x2x?x32xf16>
  return %o : tensor<?x2x?x32xf16>
}
