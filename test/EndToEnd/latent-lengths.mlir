// Lengths by batch where the value is in the key: beyond them a cache may hold anything, NaN
// included, which neither a score nor a weight of zero brings to the output.

// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/Inputs/poisoned.py %t 1 1 576
// RUN: attn-run %s --device=sim --chip=sm_80 --check --timing=latest,earliest --seed=0,1 --inputs=%t/q.npy,%t/k.npy,%t/n.npy | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --inputs=%t/q.npy,%t/k.npy,%t/n.npy | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x1x?x576xf16>, %k: tensor<?x1x?x576xf16>,
                     %n: tensor<?xi32>)
    -> (tensor<?x1x?x512xf16>, tensor<?x1x?xf32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %b0 = tensor.dim %k, %c0 : tensor<?x1x?x576xf16>
  %s = tensor.dim %k, %c2 : tensor<?x1x?x576xf16>
  %v = tensor.extract_slice %k[0, 0, 0, 0] [%b0, 1, %s, 512] [1, 1, 1, 1]
      : tensor<?x1x?x576xf16> to tensor<?x1x?x512xf16>
  %o, %lse = attn.attention query(%q : tensor<?x1x?x576xf16>)
      key(%k : tensor<?x1x?x576xf16>) value(%v : tensor<?x1x?x512xf16>)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %length = attn.load %n[%b] : tensor<?xi32>
      %end = arith.index_cast %length : i32 to index
      %m = attn.key_length %j, %end
      attn.yield %m : i1
    }
    -> tensor<?x1x?x512xf16>, tensor<?x1x?xf32>
  return %o, %lse : tensor<?x1x?x512xf16>, tensor<?x1x?xf32>
}
