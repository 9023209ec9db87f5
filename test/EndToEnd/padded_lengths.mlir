// Lengths by batch from a captured tensor. What lies beyond a length may be anything,
// NaN and Inf included: it is neither read nor multiplied.

// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/Inputs/poisoned.py %t
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=%t/q.npy,%t/k.npy,%t/v.npy,%t/n.npy --stats=%t/stats.json | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=%t/q.npy,%t/k.npy,%t/v.npy,%t/n.npy | FileCheck %s
// RUN: FileCheck %s --check-prefix=BYTES --input-file=%t/stats.json
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

// (77 + 150) keys x 4 heads x 64 x 2 bytes, for each of two blocks of queries.
// BYTES: "key": {
// BYTES-NEXT: "bytes_read": 232448

func.func @attention(%q: tensor<?x4x?x64xf16>, %k: tensor<?x4x?x64xf16>,
                     %v: tensor<?x4x?x64xf16>, %n: tensor<?xi32>)
    -> (tensor<?x4x?x64xf16>, tensor<?x4x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x4x?x64xf16>)
      key(%k : tensor<?x4x?x64xf16>) value(%v : tensor<?x4x?x64xf16>)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %length = attn.load %n[%b] : tensor<?xi32>
      %end = arith.index_cast %length : i32 to index
      %m = arith.cmpi slt, %j, %end : index
      attn.yield %m : i1
    }
    -> tensor<?x4x?x64xf16>, tensor<?x4x?xf32>
  return %o, %lse : tensor<?x4x?x64xf16>, tensor<?x4x?xf32>
}
