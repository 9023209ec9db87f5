// RUN: attn-opt %s --attn-bufferize -split-input-file | FileCheck %s

!x = tensor<?x8x?x64xf16>
!q = tensor<?x8x?x64xf8E4M3FN>
!s = tensor<?x8x?xf32>

// CHECK-LABEL: func.func @returned(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?x8x?x64xf16, {{[^>]*>>}}, %[[Q:[^:]+]]: memref<?x8x?x64xf8E4M3FN, {{[^>]*>>}}, %[[S:[^:]+]]: memref<?x8x?xf32,
// CHECK-NOT:     attn.workspace
// CHECK:         attn.quantize input(%[[X]] : {{.*}}) outs(%[[Q]], %[[S]] : {{.*}}) {block = 32 : i64}
func.func @returned(%x: !x) -> (!q, !s) {
  %q, %s = attn.quantize input(%x : !x) {block = 32 : i64} -> !q, !s
  return %q, %s : !q, !s
}

// -----

!x = tensor<?x8x?x64xf16>
!q = tensor<?x8x?x64xf8E4M3FN>
!s = tensor<?x8x?xf32>

// A rotated key comes from the workspace. What nobody returns goes there: scales have a
// size of their own.
// CHECK-LABEL: func.func @between(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?x8x?x64xf16, {{[^>]*>>}}, %[[Q:[^:]+]]: memref<?x8x?x64xf8E4M3FN,
// CHECK:         %[[R:.*]] = memref.view %{{.*}} : memref<?xi8> to memref<?x8x?x64xf16>
// CHECK:         %[[B:.*]] = memref.dim %[[X]], %c0
// CHECK:         %[[N:.*]] = memref.dim %[[X]], %c2
// CHECK:         %[[BLOCKS:.*]] = arith.ceildivui %[[N]], %c32
// CHECK:         %[[S:.*]] = memref.view %{{.*}}[%[[B]], %[[BLOCKS]]] : memref<?xi8> to memref<?x8x?xf32>
// CHECK:         attn.rotary input(%[[X]] : {{.*}}) outs(%[[R]] :
// CHECK:         attn.quantize input(%[[R]] : memref<?x8x?x64xf16>) outs(%[[Q]], %[[S]] :
func.func @between(%x: !x) -> !q {
  %r = attn.rotary input(%x : !x) -> !x
  %q, %s = attn.quantize input(%r : !x) {block = 32 : i64} -> !q, !s
  return %q : !q
}
