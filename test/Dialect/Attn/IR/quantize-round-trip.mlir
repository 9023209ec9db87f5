// RUN: attn-opt %s | attn-opt | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s

!x = tensor<?x8x?x128xbf16>
!s = tensor<?x8x?xf32>

// CHECK-LABEL: func.func @plain(
func.func @plain(%x: !x) -> (tensor<?x8x?x128xf8E5M2>, !s) {
  // CHECK: attn.quantize input(%{{.*}} : tensor<?x8x?x128xbf16>) {block = 64 : i64} -> tensor<?x8x?x128xf8E5M2>, tensor<?x8x?xf32>
  %q, %s = attn.quantize input(%x : !x) {block = 64 : i64} -> tensor<?x8x?x128xf8E5M2>, !s
  return %q, %s : tensor<?x8x?x128xf8E5M2>, !s
}

// CHECK-LABEL: func.func @transformed(
func.func @transformed(%x: memref<2x8x16x80xf32>, %q: memref<2x8x16x80xf8E4M3FN>,
                       %s: memref<2x8x1xf32>) {
  // CHECK: attn.quantize input(%{{.*}} : memref<2x8x16x80xf32>) outs(%{{.*}}, %{{.*}} : memref<2x8x16x80xf8E4M3FN>, memref<2x8x1xf32>) {block = 128 : i64, hadamard_seed = -3 : i64}
  attn.quantize input(%x : memref<2x8x16x80xf32>)
      outs(%q, %s : memref<2x8x16x80xf8E4M3FN>, memref<2x8x1xf32>)
      {block = 128 : i64, hadamard_seed = -3 : i64}
  return
}

// One scale for each head, and one for all.
// CHECK-LABEL: func.func @larger(
func.func @larger(%x: !x) -> (tensor<?x8xf32>, tensor<1xf32>) {
  // CHECK: attn.quantize input(%{{.*}} : tensor<?x8x?x128xbf16>) -> tensor<?x8x?x128xf8E5M2>, tensor<?x8xf32>
  %q, %s = attn.quantize input(%x : !x) -> tensor<?x8x?x128xf8E5M2>, tensor<?x8xf32>
  // CHECK: attn.quantize input(%{{.*}}) {hadamard_seed = 1 : i64} -> tensor<?x8x?x128xf8E5M2>, tensor<1xf32>
  %r, %t = attn.quantize input(%x : !x) {hadamard_seed = 1 : i64}
      -> tensor<?x8x?x128xf8E5M2>, tensor<1xf32>
  return %s, %t : tensor<?x8xf32>, tensor<1xf32>
}
