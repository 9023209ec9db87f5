// RUN: attn-opt %s --attn-bufferize -split-input-file | FileCheck %s

!q = tensor<?x8x?x64xf16>

// What is not returned is in the workspace, which is taken first; its sizes are those
// of the argument that is rotated.
// CHECK-LABEL: func.func @before_attention(
// CHECK-SAME:    %[[Q:[^:]+]]: memref<?x8x?x64xf16, {{[^>]*>>}}, %[[K:[^:]+]]: memref<?x8x?x64xf16, {{[^>]*>>}},
// CHECK-SAME:    %[[PAST:[^:]+]]: index, %[[O:[^:]+]]: memref<?x8x?x64xf16,
// CHECK:         %[[B:.*]] = memref.dim %[[Q]], %c0
// CHECK:         %[[S:.*]] = memref.dim %[[Q]], %c2
// CHECK:         %[[BYTES:.*]] = arith.muli %{{.*}}, %c64
// CHECK:         %[[W:.*]] = attn.workspace %[[BYTES]] : memref<?xi8>
// CHECK:         %[[R:.*]] = memref.view %[[W]][%{{.*}}][%[[B]], %[[S]]] : memref<?xi8> to memref<?x8x?x64xf16>
// CHECK:         attn.rotary input(%[[Q]] : {{.*}}) offset(%[[PAST]]) outs(%[[R]] : memref<?x8x?x64xf16>) {rotary_dim = 32 : i64}
// CHECK:         memref.dim %[[R]], %{{.*}} : memref<?x8x?x64xf16>
// CHECK:         attn.attention query(%[[R]] : memref<?x8x?x64xf16>) key(%[[K]] : {{.*}}) value(%[[K]] : {{.*}}) outs(%[[O]] :
func.func @before_attention(%q: !q, %k: !q, %past: index) -> !q {
  %r = attn.rotary input(%q : !q) offset(%past) {rotary_dim = 32} -> !q
  %c2 = arith.constant 2 : index
  %n = tensor.dim %r, %c2 : !q
  %o = attn.attention query(%r : !q) key(%k : !q) value(%k : !q)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.key_length %j, %n
      attn.yield %m : i1
    } -> !q
  return %o : !q
}

// -----

!k = tensor<1x2x16x64xbf16>

// A rotated key that is returned is where the caller wants it, and read there.
// CHECK-LABEL: func.func @returned_as_well(
// CHECK-SAME:    %[[K:[^:]+]]: memref<1x2x16x64xbf16, {{[^>]*>>}}, %[[P:[^:]+]]: memref<16xi32,
// CHECK-SAME:    %[[O:[^:]+]]: memref<1x2x16x64xbf16, {{[^>]*>>}}, %[[R:[^:]+]]: memref<1x2x16x64xbf16,
// CHECK-NOT:     attn.workspace
// CHECK:         attn.rotary input(%[[K]] : {{.*}}) positions(%[[P]] : memref<16xi32, {{.*}}>) outs(%[[R]] :
// CHECK:         attn.attention query(%[[R]] : {{.*}}) key(%[[R]] : {{.*}}) value(%[[K]] : {{.*}}) outs(%[[O]] :
func.func @returned_as_well(%k: !k, %p: tensor<16xi32>) -> (!k, !k) {
  %r = attn.rotary input(%k : !k) positions(%p : tensor<16xi32>) -> !k
  %o = attn.attention query(%r : !k) key(%r : !k) value(%k : !k) -> !k
  return %o, %r : !k, !k
}

// -----

!x = tensor<?x2x16x64xf32>

// Two rotations, one after the other: the sizes of both are those of the argument.
// CHECK-LABEL: func.func @twice(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?x2x16x64xf32, {{[^>]*>>}}, %[[C:[^:]+]]: memref<32x32xf32, {{[^>]*>>}}, %[[O:[^:]+]]:
// CHECK:         %[[B:.*]] = memref.dim %[[X]],
// CHECK:         %[[R:.*]] = memref.view %{{.*}}[%{{.*}}][%[[B]]] : memref<?xi8> to memref<?x2x16x64xf32>
// CHECK:         attn.rotary input(%[[X]] : {{.*}}) cos(%[[C]] : {{.*}}) sin(%[[C]] : {{.*}}) outs(%[[R]] :
// CHECK:         attn.rotary input(%[[R]] : {{.*}}) outs(%[[O]] : {{.*}}) interleaved
func.func @twice(%x: !x, %c: tensor<32x32xf32>) -> !x {
  %0 = attn.rotary input(%x : !x) cos(%c : tensor<32x32xf32>) sin(%c : tensor<32x32xf32>) -> !x
  %1 = attn.rotary input(%0 : !x) interleaved -> !x
  return %1 : !x
}
