// RUN: attn-opt %s --attn-explain=sm_90a | FileCheck %s
// RUN: attn-opt %s --attn-explain-json --chip=sm_80 | %python -c "import json, sys; print(*(r for op in json.load(sys.stdin)['ops'] for r in op['rotary']), sep='\n')" | FileCheck %s --check-prefix=JSON

// Kernels and workspace of an op are its own and of what it reads from the workspace: the
// first op's rotated query and key, and not the query that the second has as it is.
// CHECK:      @rotated, op 0 at
// CHECK:      rotary     the query is rotated before, each element once: 4.19 MB more are read and written
// CHECK-NEXT: rotary     the key is rotated before, each element once: 1.05 MB more are read and written; in the walk it would be rotated 32 times, once for each block of queries and head
// CHECK-NEXT: estimates for H100 SXM, batch 1, heads 8 and 2, queries 1024, keys 1024; query 1.25 us before, 2.52 us in the kernel; key 0.31 us before, 22.66 us in the kernel; a launch before 2.00 us; fused from a gain of 0.22 us on
// CHECK-NEXT: launches   2
// CHECK-NEXT: rotated_0: 128 threads
// CHECK-NEXT: rotated_1: 384 threads
// CHECK-NEXT: workspace  2621440 bytes
// CHECK:      @rotated, op 1 at
// CHECK-NOT:  is rotated before
// CHECK:      launches   1
// CHECK-NEXT: rotated_2: 384 threads
// CHECK-NEXT: workspace  0 bytes

// JSON: {'before_seconds': {{2.0.*e-06}}, 'bytes': 4194304, 'fused': False, 'fused_seconds': {{3.*e-06}}, 'obstacle': '', 'operand': 'query', 'times_in_walk': 1}
// JSON: 'bytes': 1048576, 'fused': False, {{.*}} 'operand': 'key', 'times_in_walk': 32}

!q = tensor<1x8x1024x128xbf16>
!k = tensor<1x2x1024x128xbf16>

func.func @rotated(%q: !q, %k: !k, %v: !k, %past: index) -> (!q, !q) {
  %qr = attn.rotary input(%q : !q) offset(%past) -> !q
  %kr = attn.rotary input(%k : !k) -> !k
  %0 = attn.attention query(%qr : !q) key(%kr : !k) value(%v : !k) -> !q
  %1 = attn.attention query(%q : !q) key(%k : !k) value(%v : !k) -> !q
  return %0, %1 : !q, !q
}
