// Regions that read captures by key, also through a table, where there are no keys and
// so nothing to read. Kernels with roles evaluate them for one tile all the same.

// DEFINE: %{sequences} = random:1x2x70x64,random:1x2x0x64,random:1x2x0x64
// RUN: attn-run %s --entry=score --device=sim --chip=sm_80 --check --inputs=%{sequences},zeros:0,zeros:2 | FileCheck %s
// RUN: attn-run %s --entry=score --device=sim --chip=sm_90a --timing=latest,earliest --check --inputs=%{sequences},zeros:0,zeros:2 | FileCheck %s
// RUN: attn-run %s --entry=mask --device=sim --chip=sm_90a --timing=latest,earliest --check --inputs=%{sequences},zeros:0,zeros:3 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

// The logit of the sink is read by head all the same: lse is that logit.
func.func @score(%q: tensor<?x2x?x64xf16>, %k: tensor<?x2x?x64xf16>, %v: tensor<?x2x?x64xf16>,
                 %bias: tensor<?xf32>, %logits: tensor<?xf32>)
    -> (tensor<?x2x?x64xf16>, tensor<?x2x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x2x?x64xf16>) key(%k : tensor<?x2x?x64xf16>)
      value(%v : tensor<?x2x?x64xf16>)
      score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
        %0 = attn.load %bias[%j] : tensor<?xf32>
        %r = arith.addf %s, %0 : f32
        attn.yield %r : f32
      }
      sink {
      ^bb0(%b: index, %h: index):
        %0 = attn.load %logits[%h] : tensor<?xf32>
        attn.yield %0 : f32
      } -> tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
  return %o, %lse : tensor<?x2x?x64xf16>, tensor<?x2x?xf32>
}

func.func @mask(%q: tensor<?x2x?x64xf16>, %k: tensor<?x2x?x64xf16>, %v: tensor<?x2x?x64xf16>,
                %group: tensor<?xi64>, %keep: tensor<?xi1>) -> tensor<?x2x?x64xf16> {
  %o = attn.attention query(%q : tensor<?x2x?x64xf16>) key(%k : tensor<?x2x?x64xf16>)
      value(%v : tensor<?x2x?x64xf16>)
      mask {
      ^bb0(%b: index, %h: index, %i: index, %j: index):
        %0 = attn.load %group[%j] : tensor<?xi64>
        %1 = arith.index_cast %0 : i64 to index
        %2 = attn.load %keep[%1] : tensor<?xi1>
        attn.yield %2 : i1
      } -> tensor<?x2x?x64xf16>
  return %o : tensor<?x2x?x64xf16>
}
