// What a region reads at sums of positions and captured scalars is inside of its capture,
// or nothing is launched.
//
// DEFINE: %{run} = attn-run %s --device=sim --outputs=%t.npy --inputs=random:1x2x40x64,random:1x2x60x64,random:1x2x60x64
// RUN: %{run},random:41x60,1
// RUN: %{run},random:40x60,0 --chip=sm_90a
// RUN: not %{run},random:40x60,1 2>&1 | FileCheck %s --check-prefix=LARGEST
// LARGEST: largest index of dimension 0 of a captured tensor of rank 2, plus one: expected 40, but got 41
// RUN: not %{run},random:60x60,-1 2>&1 | FileCheck %s --check-prefix=SMALLEST
// SMALLEST: smallest index of dimension 0 of a captured tensor of rank 2: expected 0, but got -1
//
// Nothing is read where there are no positions.
// RUN: attn-run %s --device=sim --outputs=%t.npy \
// RUN:   --inputs=random:1x2x0x64,random:1x2x60x64,random:1x2x60x64,random:0x60,5

!t = tensor<1x2x?x64xf16>
func.func @f(%q: !t, %k: !t, %v: !t, %bias: tensor<?x?xf32>, %o: index) -> !t {
  %r = attn.attention query(%q : !t) key(%k : !t) value(%v : !t)
      score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
        %p = arith.addi %i, %o : index
        %x = attn.load %bias[%p, %j] : tensor<?x?xf32>
        %y = arith.addf %s, %x : f32
        attn.yield %y : f32
      } -> !t
  return %r : !t
}
