// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-stage-weights)))" | FileCheck %s

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
