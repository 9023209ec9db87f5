// RUN: attn-opt %s -split-input-file --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-stage-weights)))" | FileCheck %s

!v = memref<16x16xf16, #tile.swizzle<32>>
!acc = tensor<64x16xf32, #tile.accumulator<warps = 4>>
!p = tensor<64x16xf16, #tile.operand_a<warps = 4>>

gpu.module @kernels {
// CHECK-LABEL: gpu.func @shared(
// CHECK-NEXT:    %[[S:.*]] = tile.alloc : memref<64x16xf16, #tile.swizzle<32>
// CHECK:         tile.store %{{.*}} to %[[S]]
// CHECK-NEXT:    tile.fence_async
// CHECK-NEXT:    tile.dot %[[S]], %{{.*}}, %{{.*}}
// CHECK-NOT:     tile.convert
gpu.func @shared(%w: !acc, %o: !acc, %v: !v) kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 16, warps = 4, stages = 2, consumers = 1, weights = shared>} {
  %p = tile.convert %w : !acc to !p
  %0 = tile.dot %p, %v, %o : !p, !v, !acc
  gpu.return
}
}

// -----

!v = memref<32x64xf16, #tile.swizzle<64>>
!acc = tensor<64x32xf32, #tile.accumulator<warps = 4, groups = 2>>
!out = tensor<64x64xf32, #tile.accumulator<warps = 4, groups = 2>>
!rows = tensor<64xf32, #tile.rows<warps = 4, groups = 2>>
!p = tensor<64x32xf16, #tile.operand_a<warps = 4, groups = 2>>
!x = memref<2x64xf32, #tile.swizzle<128>>

// Groups read each other's weights: they meet before these are written, unless they have
// met in this iteration already, and before they are read. Each group's are whole pages.
gpu.module @kernels {
// CHECK-LABEL: gpu.func @groups(
// CHECK-NEXT:    %[[S:.*]] = tile.alloc : memref<64x32xf16, #tile.swizzle<32>
// CHECK:         tile.barrier
// CHECK-NEXT:    tile.store %{{.*}} to %[[S]]
// CHECK-NEXT:    tile.fence_async
// CHECK-NEXT:    tile.barrier
// CHECK-NEXT:    tile.dot %[[S]], %{{.*}}, %{{.*}}
gpu.func @groups(%w: !acc, %o: !out, %v: !v) kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 32, warps = 8, stages = 2, consumers = 2, weights = shared, split = columns>} {
  %p = tile.convert %w : !acc to !p
  %0 = tile.dot %p, %v, %o : !p, !v, !out
  gpu.return
}

// CHECK-LABEL: gpu.func @groups_that_have_met(
// CHECK:         tile.combine
// CHECK-NOT:     tile.barrier
// CHECK:         tile.combine
// CHECK-NOT:     tile.barrier
// CHECK:         tile.store
// CHECK-NEXT:    tile.fence_async
// CHECK-NEXT:    tile.barrier
// CHECK-NEXT:    tile.dot
gpu.func @groups_that_have_met(%w: !acc, %o: !out, %v: !v, %c: i1, %r: !rows, %x: !x) kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 32, warps = 8, stages = 2, consumers = 2, weights = shared, split = columns>} {
  scf.if %c {
    %0 = tile.combine max %r through %x : !rows, !x
  } else {
    %0 = tile.combine add %r through %x : !rows, !x
  }
  %p = tile.convert %w : !acc to !p
  %0 = tile.dot %p, %v, %o : !p, !v, !out
  gpu.return
}

// Without warp groups no product reads by another way than a load.
// CHECK-LABEL: gpu.func @groups_of_warps(
// CHECK:         tile.barrier
// CHECK-NEXT:    tile.store
// CHECK-NEXT:    tile.barrier
// CHECK-NEXT:    tile.dot
gpu.func @groups_of_warps(%w: !acc, %o: !out, %v: !v) kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 32, warps = 8, stages = 2, weights = shared, split = columns>} {
  %p = tile.convert %w : !acc to !p
  %0 = tile.dot %p, %v, %o : !p, !v, !out
  gpu.return
}
}
