// Walks whose only tile is known when compiling: short lengths, and a mask that keeps
// nothing. A kernel with roles keeps its loop, and its buffers.

// RUN: attn-run %s --entry=short --device=sim --chip=sm_80 --check --inputs=random:1x2x70x96,random:1x2x64x96,random:1x2x64x96 | FileCheck %s
// RUN: attn-run %s --entry=short --device=sim --chip=sm_90a --timing=latest,earliest --check --inputs=random:1x2x70x96,random:1x2x64x96,random:1x2x64x96 | FileCheck %s
// RUN: attn-run %s --entry=wide --device=sim --chip=sm_90a --timing=latest,earliest --check --inputs=random:1x1x70x256,random:1x1x33x256,random:1x1x33x256 | FileCheck %s
// RUN: attn-run %s --entry=none --device=sim --chip=sm_80 --check --inputs=random:1x2x70x96,random:1x2x164x96,random:1x2x164x96 | FileCheck %s
// RUN: attn-run %s --entry=none --device=sim --chip=sm_90a --timing=latest,earliest --check --inputs=random:1x2x70x96,random:1x2x164x96,random:1x2x164x96 | FileCheck %s
// RUN: attn-run %s --entry=narrow --device=sim --chip=sm_90a --timing=latest,earliest --check --inputs=random:1x2x70x64,random:1x2x164x64,random:1x2x164x64 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @short(%q: tensor<1x2x70x96xf16>, %k: tensor<1x2x64x96xf16>, %v: tensor<1x2x64x96xf16>)
    -> tensor<1x2x70x96xf16> {
  %o = attn.attention query(%q : tensor<1x2x70x96xf16>) key(%k : tensor<1x2x64x96xf16>)
      value(%v : tensor<1x2x64x96xf16>) -> tensor<1x2x70x96xf16>
  return %o : tensor<1x2x70x96xf16>
}

func.func @wide(%q: tensor<1x1x70x256xf16>, %k: tensor<1x1x33x256xf16>, %v: tensor<1x1x33x256xf16>)
    -> tensor<1x1x70x256xf16> {
  %o = attn.attention query(%q : tensor<1x1x70x256xf16>) key(%k : tensor<1x1x33x256xf16>)
      value(%v : tensor<1x1x33x256xf16>) -> tensor<1x1x70x256xf16>
  return %o : tensor<1x1x70x256xf16>
}

func.func @none(%q: tensor<?x2x?x96xf16>, %k: tensor<?x2x?x96xf16>, %v: tensor<?x2x?x96xf16>)
    -> tensor<?x2x?x96xf16> {
  %o = attn.attention query(%q : tensor<?x2x?x96xf16>) key(%k : tensor<?x2x?x96xf16>)
      value(%v : tensor<?x2x?x96xf16>)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.cmpi sle, %j, %i : index
    %1 = arith.cmpi slt, %i, %j : index
    %m = arith.andi %0, %1 : i1
    attn.yield %m : i1
  } -> tensor<?x2x?x96xf16>
  return %o : tensor<?x2x?x96xf16>
}

func.func @narrow(%q: tensor<?x2x?x64xf16>, %k: tensor<?x2x?x64xf16>, %v: tensor<?x2x?x64xf16>)
    -> tensor<?x2x?x64xf16> {
  %o = attn.attention query(%q : tensor<?x2x?x64xf16>) key(%k : tensor<?x2x?x64xf16>)
      value(%v : tensor<?x2x?x64xf16>)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.cmpi sle, %j, %i : index
    %1 = arith.cmpi slt, %i, %j : index
    %m = arith.andi %0, %1 : i1
    attn.yield %m : i1
  } -> tensor<?x2x?x64xf16>
  return %o : tensor<?x2x?x64xf16>
}
