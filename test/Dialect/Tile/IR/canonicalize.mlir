// RUN: attn-opt %s --canonicalize --cse | FileCheck %s

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>
!smem = memref<16x16xf16, #tile.swizzle<32>, #gpu.address_space<workgroup>>
!global = memref<?x16xf16, strided<[?, 1], offset: ?>>

// A product reads its shared operands, so one after a copy is another product.
// CHECK-LABEL: func.func @dots_around_a_copy(
func.func @dots_around_a_copy(%g: !global, %row: i32, %a: !smem, %c: !acc) -> (!acc, !acc, !acc) {
  // CHECK: %[[FIRST:.*]] = tile.dot
  // CHECK-NOT: tile.dot
  // CHECK: tile.copy
  // CHECK: %[[SECOND:.*]] = tile.dot
  // CHECK: return %[[FIRST]], %[[FIRST]], %[[SECOND]]
  %0 = tile.dot %a, %a, %c : !smem, !smem, !acc
  %1 = tile.dot %a, %a, %c : !smem, !smem, !acc
  tile.copy %g[%row] to %a : !global to !smem
  %2 = tile.dot %a, %a, %c : !smem, !smem, !acc
  return %0, %1, %2 : !acc, !acc, !acc
}

// What only computes goes when nothing uses it; what moves data or waits stays.
// CHECK-LABEL: func.func @unused(
func.func @unused(%g: !global, %row: i32, %a: !smem, %c: !acc, %x: f32, %t: memref<?xf32>) {
  // CHECK-NEXT: tile.copy_async
  // CHECK-NEXT: tile.async_commit
  // CHECK-NEXT: tile.async_wait 0
  // CHECK-NEXT: tile.barrier
  // CHECK-NEXT: return
  %0 = tile.dot %a, %a, %c : !smem, !smem, !acc
  %1 = tile.broadcast %x : f32 to !acc
  %2 = tile.index %row : tensor<16xi32, #tile.columns<warps = 1>>
  %3 = tile.slot %a[%row] : !smem
  %4 = tile.gather %t[%row] : memref<?xf32>, i32 to tensor<16xf32, #tile.rows<warps = 1>>
  tile.copy_async %g[%row] to %a : !global to !smem
  tile.async_commit
  tile.async_wait 0
  tile.barrier
  return
}

// A buffer that is only copied to is of no use, nor are its copies.
// CHECK-LABEL: func.func @never_read(
// CHECK-NEXT:    return
func.func @never_read(%g: !global, %row: i32) {
  %0 = tile.alloc : !smem
  tile.copy %g[%row] to %0 : !global to !smem
  tile.copy_async %g[%row] to %0 : !global to !smem
  return
}

// A rotation changes what nothing reads.
// CHECK-LABEL: func.func @only_rotated(
func.func @only_rotated(%g: !global, %row: i32, %f: memref<1x8xf32>) {
  // CHECK-NEXT: return
  %0 = tile.alloc : !smem
  tile.copy %g[%row] to %0 : !global to !smem
  tile.rotate_rows %0 rows(%row to %row) by %f[%row] {width = 16 : i64} : !smem by memref<1x8xf32>
  return
}
