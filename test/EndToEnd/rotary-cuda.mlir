// Three kernels in the order of the stream, the constants of a module, and workspace, as a
// CUDA driver sees them.

// DEFINE: %{run} = attn-run %s --device=cuda --check --inputs=random:1x4x33x64,random:1x2x70x64,random:1x2x70x64,37
// RUN: env LD_LIBRARY_PATH=%fake_cuda ATTN_FAKE_CUDA_CC=80 %{run} | FileCheck %s
// RUN: env LD_LIBRARY_PATH=%fake_cuda ATTN_FAKE_CUDA_CC=90 %{run} | FileCheck %s
// CHECK: "device":"Fake GPU 0"
// CHECK-SAME: "findings":0
// CHECK-SAME: "verdict":"ok"

!q = tensor<?x4x?x64xbf16>
!kv = tensor<?x2x?x64xbf16>

func.func @attention(%q: !q, %k: !kv, %v: !kv, %past: index) -> !q {
  %qr = attn.rotary input(%q : !q) offset(%past) {rotary_dim = 32, base = 5.0e5} -> !q
  %kr = attn.rotary input(%k : !kv) {rotary_dim = 32, base = 5.0e5} -> !kv
  %o = attn.attention query(%qr : !q) key(%kr : !kv) value(%v : !kv)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.causal %i, %j offset %past
      attn.yield %m : i1
    } -> !q
  return %o : !q
}
