// Attention on 16 bits becomes attention on 8, codes and scales in the workspace.
//
// RUN: attn-opt %s --attn-quantize-fp8 -o %t.mlir
// RUN: attn-run %t.mlir --chip=sm_90a --device=sim --check \
// RUN:   --inputs=random:1x4x150x128,random:1x2x300x128,random:1x2x300x128,70 | FileCheck %s
// RUN: attn-run %t.mlir --chip=sm_90a --device=sim --check --timing=earliest --multiprocessors=2 \
// RUN:   --inputs=random:2x4x200x128,random:2x2x200x128,random:2x2x200x128,70 | FileCheck %s
// CHECK: "verdict":"ok"

!q = tensor<?x4x?x128xbf16>
!k = tensor<?x2x?x128xbf16>

func.func @f(%q: !q, %k: !k, %v: !k, %w: index) -> !q {
  %o = attn.attention query(%q : !q) key(%k : !k) value(%v : !k)
      mask {
      ^bb0(%b: index, %h: index, %i: index, %j: index):
        %keep = attn.window %i, %j left %w right %w
        attn.yield %keep : i1
      } -> !q
  return %o : !q
}
