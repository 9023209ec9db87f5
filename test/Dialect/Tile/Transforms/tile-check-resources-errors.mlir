// RUN: attn-opt %s --allow-unregistered-dialect -verify-diagnostics -split-input-file \
// RUN:   --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-check-resources)))"
// RUN: not attn-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-check-resources{chip=sm_10})))" \
// RUN:   --allow-unregistered-dialect -split-input-file 2>&1 | FileCheck %s --check-prefix=CHIP

// CHIP: error: unknown chip 'sm_10', expected one of sm_80

gpu.module @kernels {
// expected-error @below {{schedule #tile.schedule<m = 128, n = 64, warps = 4, stages = 1> needs 166913 bytes of shared memory, but sm_80 has 166912 per block; use a smaller m, n or stages}}
gpu.func @shared() kernel attributes {
    tile.schedule = #tile.schedule<m = 128, n = 64, warps = 4, stages = 1>,
    tile.shared_bytes = 166913 : i64} {
  gpu.return
}
}

// -----

!wide = tensor<128x256xf32, #tile.accumulator<warps = 4>>

// Two blocks of 16 rows by 32 of 8 columns, 4 values each.
gpu.module @kernels {
// expected-error @below {{needs 256 registers for fragments, but sm_80 has 255 per thread; use a smaller m, n or stages, or more warps}}
gpu.func @carried(%n: i32, %x: !wide) kernel attributes {
    tile.schedule = #tile.schedule<m = 128, n = 64, warps = 4, stages = 1>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %r = scf.for %t = %zero to %n step %one iter_args(%acc = %x) -> !wide : i32 {
    %0 = "test.next"(%acc) : (!wide) -> !wide
    scf.yield %0 : !wide
  }
  gpu.return
}
}

// -----

!o = tensor<128x128xf32, #tile.accumulator<warps = 4>>
!p = tensor<128x256xf32, #tile.accumulator<warps = 4>>
!q = memref<128x64xf16, #tile.swizzle<128>>
!k = memref<256x64xf16, #tile.swizzle<128>>

// What a product needs comes on top of what the loop carries: 128 + 256.
gpu.module @kernels {
// expected-error @below {{needs 384 registers for fragments, but sm_80 has 255 per thread}}
gpu.func @product(%n: i32, %o: !o, %p: !p, %q: !q, %k: !k) kernel attributes {
    tile.schedule = #tile.schedule<m = 128, n = 256, warps = 4, stages = 1>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %r = scf.for %t = %zero to %n step %one iter_args(%acc = %o) -> !o : i32 {
    %s = tile.dot %q, %k transposed, %p : !q, !k, !p
    %0 = "test.next"(%acc, %s) : (!o, !p) -> !o
    scf.yield %0 : !o
  }
  gpu.return
}
}
