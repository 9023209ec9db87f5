// RUN: attn-opt %s --attn-bufferize --attn-choose-schedule="schedule=m=16,n=16,warps=1,stages=1" \
// RUN:   --attn-to-tile -split-input-file | FileCheck %s
// RUN: attn-opt %s --attn-bufferize --attn-choose-schedule="schedule=m=16,n=64,warps=2,stages=1,weights=shared,split=columns" \
// RUN:   --attn-to-tile -split-input-file | FileCheck %s --check-prefixes=CHECK,SPLIT

!q = tensor<1x2x8x96xf16>
!k = tensor<1x1x64x96xf16>
!v = tensor<1x1x64x64xf16>

// The value is the first columns of the key: no argument, no buffer and no copy of its own.
// The view has the pages of the key's tile.
// CHECK-LABEL: gpu.func @columns_0(
// CHECK-SAME:    %arg0: memref<1x2x8x96xf16, {{[^%]*}}%arg1: memref<1x1x64x96xf16, {{[^%]*}}%arg2: memref<1x2x8x64xf16, {{[^%]*}}) kernel
// SPLIT:         tile.alloc : memref<2x16xf32,
// CHECK:         %[[Q:.*]] = tile.alloc : memref<16x96xf16, #tile.swizzle<64>
// SPLIT:         %[[K:.*]] = tile.alloc : memref<64x96xf16, #tile.swizzle<64>
// CHECK:         scf.for
// CHECK:           tile.copy {{.*}} to %[[KEY:[0-9]+]] in_bounds
// CHECK-NOT:       tile.copy
// CHECK:           tile.dot %[[Q]], %[[KEY]] transposed
// CHECK:           %[[VALUE:.*]] = tile.alias %[[KEY]] : {{.*}}x96xf16, #tile.swizzle<64>{{.*}} to memref<{{16|64}}x64xf16, #tile.swizzle<64>
// SPLIT:           tile.combine max
// CHECK:           tile.dot %{{.*}}, %[[VALUE]],
// SPLIT:         tile.combine add
// SPLIT-NEXT:    tile.barrier
// CHECK:         tile.copy_out
// CHECK-LABEL: func.func @columns(
// CHECK-NOT:     of value
// CHECK:         gpu.launch_func
func.func @columns(%q: !q, %k: !k) -> tensor<1x2x8x64xf16> {
  %v = tensor.extract_slice %k[0, 0, 0, 0] [1, 1, 64, 64] [1, 1, 1, 1] : !k to !v
  %o = attn.attention query(%q : !q) key(%k : !k) value(%v : !v) -> tensor<1x2x8x64xf16>
  return %o : tensor<1x2x8x64xf16>
}

// -----

!q = tensor<1x2x8x64xf16>

// The key itself.
// CHECK-LABEL: gpu.func @whole_0(
// CHECK:         scf.for
// CHECK:           tile.copy
// CHECK-NOT:       tile.copy
// CHECK:         tile.store
func.func @whole(%q: !q, %k: !q) -> !q {
  %o = attn.attention query(%q : !q) key(%k : !q) value(%k : !q) -> !q
  return %o : !q
}

// -----

!m = memref<1x1x64x96xf16, strided<[?, ?, ?, ?], offset: ?>>
!k = memref<1x1x64x80xf16, strided<[?, ?, ?, ?], offset: ?>>
!v = memref<1x1x64x64xf16, strided<[?, ?, ?, ?], offset: ?>>

// Both are views of a cache that start alike, the value with one more step in between.
// CHECK-LABEL: gpu.func @views_0(
// CHECK:         scf.for
// CHECK:           tile.copy
// CHECK-NOT:       tile.copy
// CHECK:         tile.store
func.func @views(%cache: !m, %o: !v) {
  %k = memref.subview %cache[0, 0, 0, 16] [1, 1, 64, 80] [1, 1, 1, 1] : !m to !k
  %w = memref.subview %cache[0, 0, 0, 16] [1, 1, 64, 72] [1, 1, 1, 1]
      : !m to memref<1x1x64x72xf16, strided<[?, ?, ?, ?], offset: ?>>
  %v = memref.subview %w[0, 0, 0, 0] [1, 1, 64, 64] [1, 1, 1, 1]
      : memref<1x1x64x72xf16, strided<[?, ?, ?, ?], offset: ?>> to !v
  attn.attention query(%k : !k) key(%k : !k) value(%v : !v) outs(%o : !v)
  return
}

// -----

!q = tensor<1x2x8x96xf16>
!k = tensor<1x1x64x96xf16>
!v = tensor<1x1x64x64xf16>

// Columns from the 16th on are another value: it is copied as one.
// CHECK-LABEL: gpu.func @other_columns_0(
// CHECK:         scf.for
// CHECK-COUNT-2:   tile.copy
// CHECK:         tile.store
func.func @other_columns(%q: !q, %k: !k) -> tensor<1x2x8x64xf16> {
  %v = tensor.extract_slice %k[0, 0, 0, 16] [1, 1, 64, 64] [1, 1, 1, 1] : !k to !v
  %o = attn.attention query(%q : !q) key(%k : !k) value(%v : !v) -> tensor<1x2x8x64xf16>
  return %o : tensor<1x2x8x64xf16>
}
