// The tiles that a mask leaves are listed by kernels that run before attention, as the
// rotation does; both hand over in workspace.

// DEFINE: %{inputs} = random:2x4x150x64,random:2x2x150x64,random:2x2x150x64,zeros:2x150
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=%{inputs} | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --rotary=fused --inputs=%{inputs} | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --inputs=%{inputs} | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --rotary=fused --inputs=%{inputs} | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

!q = tensor<?x4x?x64xf16>
!kv = tensor<?x2x?x64xf16>
!ids = tensor<?x?xi32>

func.func @attention(%q: !q, %k: !kv, %v: !kv, %ids: !ids) -> !q {
  %qr = attn.rotary input(%q : !q) positions(%ids : !ids) -> !q
  %kr = attn.rotary input(%k : !kv) positions(%ids : !ids) -> !kv
  %o = attn.attention query(%qr : !q) key(%kr : !kv) value(%v : !kv)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %0 = attn.load %ids[%b, %i] : !ids
      %1 = attn.load %ids[%b, %j] : !ids
      %same = attn.same_document %0, %1 : i32
      attn.yield %same : i1
    } -> !q
  return %o : !q
}
