// An index that the region computes can leave the capture. The reference checks
// nothing, but its buffers end at guard pages: no answer from stray memory.

// RUN: %python %S/Inputs/refuses.py attn-run %s --device=reference --inputs=zeros:1x1x4x16,zeros:1x1x4x16,zeros:1x1x4x16,zeros:4 | FileCheck %s
// CHECK: attn-run: the program reads outside of a capture

func.func @f(%q: tensor<1x1x?x16xf16>, %k: tensor<1x1x?x16xf16>, %v: tensor<1x1x?x16xf16>, %bias: tensor<?xf32>) -> tensor<1x1x?x16xf16> {
  %o = attn.attention query(%q : tensor<1x1x?x16xf16>) key(%k : tensor<1x1x?x16xf16>) value(%v : tensor<1x1x?x16xf16>)
    score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %distance = arith.addi %i, %j : index
      %x = attn.load %bias[%distance] : tensor<?xf32>
      %0 = arith.addf %s, %x : f32
      attn.yield %0 : f32
    } -> tensor<1x1x?x16xf16>
  return %o : tensor<1x1x?x16xf16>
}
