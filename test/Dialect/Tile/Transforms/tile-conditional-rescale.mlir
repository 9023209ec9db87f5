// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-conditional-rescale)))" | FileCheck %s

!acc = tensor<64x16xf32, #tile.accumulator<warps = 4>>
!rows = tensor<64xf32, #tile.rows<warps = 4>>

// What a loop carries is rescaled if a row needs it; other products stay.
gpu.module @kernels {
// CHECK-LABEL: gpu.func @rescale(
// CHECK-SAME:    %[[X:[^:]+]]: tensor<64x16xf32{{[^%]*}}%[[R:[^:]+]]: tensor<64xf32
// CHECK:         scf.for {{.*}} iter_args(%[[O:.*]] = %[[X]])
// CHECK:           %[[C:.*]] = arith.cmpf une, %[[R]],
// CHECK-NEXT:      %[[ANY:.*]] = tile.any %[[C]]
// CHECK-NEXT:      %[[N:.*]] = scf.if %[[ANY]]
// CHECK-NEXT:        %[[M:.*]] = arith.mulf %[[O]],
// CHECK-NEXT:        scf.yield %[[M]]
// CHECK-NEXT:      } else {
// CHECK-NEXT:        scf.yield %[[O]]
// CHECK:           scf.yield %[[N]]
// CHECK-NOT:     scf.if
gpu.func @rescale(%x: !acc, %r: !rows, %n: i32) kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 16, warps = 4, stages = 2, consumers = 1, threshold = 8>} {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %0 = scf.for %t = %c0 to %n step %c1 iter_args(%o = %x) -> !acc : i32 {
    %f = tile.broadcast %r : !rows to !acc
    %m = arith.mulf %o, %f : !acc
    scf.yield %m : !acc
  }
  %f = tile.broadcast %r : !rows to !acc
  %1 = arith.mulf %x, %f : !acc
  gpu.return
}
}
