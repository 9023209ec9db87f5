// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-ping-pong)))" | FileCheck %s

!q = memref<128x16xf16, #tile.swizzle<32>>
!k = memref<16x16xf16, #tile.swizzle<32>>
!acc = tensor<128x16xf32, #tile.accumulator<warps = 8>>

// Only where products are issued two by two: a loop around that one waits at once.
gpu.module @kernels {
// CHECK-LABEL: gpu.func @turns(
// CHECK:         consume {
// CHECK-NEXT:      tile.start_turns 2
// CHECK:           scf.for
// CHECK-NEXT:        tile.dot_async
// CHECK:             scf.for
// CHECK-NEXT:          tile.take_turn 2
// CHECK-NEXT:          tile.dot_async
// CHECK-NEXT:          tile.dot_async
// CHECK-NEXT:          tile.pass_turn 2
// CHECK-NEXT:          tile.dot_wait
gpu.func @turns(%n: i32) kernel attributes {tile.schedule =
    #tile.schedule<m = 128, n = 16, warps = 8, stages = 2, consumers = 2, overlap = true, ping_pong = true>} {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %q = tile.alloc : !q
  %k = tile.alloc : !k
  tile.warp_specialize consumers 2 registers [24, 240] elected produce {
  } consume {
    scf.for %u = %c0 to %n step %c1 : i32 {
      %a = tile.dot_async %q, %k transposed : !q, !k to !acc
      scf.for %t = %c0 to %n step %c1 : i32 {
        %b = tile.dot_async %q, %k transposed : !q, !k to !acc
        %c = tile.dot_async %q, %k transposed : !q, !k to !acc
        %d:2 = tile.dot_wait 0, %b, %c : !acc, !acc to !acc, !acc
      }
      %e = tile.dot_async %q, %k transposed : !q, !k to !acc
    }
  }
  gpu.return
}
}
