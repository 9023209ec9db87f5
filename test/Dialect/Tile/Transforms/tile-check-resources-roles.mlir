// RUN: attn-opt %s --allow-unregistered-dialect -verify-diagnostics -split-input-file \
// RUN:   --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-check-resources{chip=sm_90a})))"
// RUN: not attn-opt %s --allow-unregistered-dialect -split-input-file --remarks-filter=attn \
// RUN:   --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-check-resources{chip=sm_90a})))" 2>&1 \
// RUN:   | FileCheck %s
// RUN: not attn-opt %s --allow-unregistered-dialect -split-input-file \
// RUN:   --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-check-resources{chip=sm_80})))" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=AMPERE

// AMPERE: has consumers, but sm_80 has no warp group instructions; use a schedule without roles

// CHECK: remark: [Analysis] resources | Category:attn:sm_90a | barrier_limit=16, fragment_registers=0, named_barriers=6, register_limit=240, shared_bytes=180000, shared_limit=232448, threads=384
gpu.module @kernels {
gpu.func @fits() kernel attributes {tile.shared_bytes = 180000 : i64,
    tile.schedule = #tile.schedule<m = 128, n = 128, warps = 8, stages = 2, consumers = 2,
      producer_registers = 24, consumer_registers = 240, overlap = true, ping_pong = true>} {
  gpu.return
}
}

// -----

gpu.module @kernels {
// expected-error @below {{needs 232449 bytes of shared memory, but sm_90a has 232448 per block; use a smaller m, n or stages}}
gpu.func @shared() kernel attributes {tile.shared_bytes = 232449 : i64,
    tile.schedule = #tile.schedule<m = 64, n = 64, warps = 4, stages = 2, consumers = 1>} {
  gpu.return
}
}

// -----

// 384 threads start with 168 registers: 64512. The roles want 128 * (40 + 2 * 240).
gpu.module @kernels {
// expected-error @below {{needs 66560 registers for its roles, but a block of 384 threads has 64512 on sm_90a; consumer_registers = 232 would fit}}
gpu.func @pool() kernel attributes {
    tile.schedule = #tile.schedule<m = 128, n = 64, warps = 8, stages = 2, consumers = 2,
      producer_registers = 40, consumer_registers = 240>} {
  gpu.return
}
}

// -----

gpu.module @kernels {
// expected-error @below {{moves registers from consumers to the producer: threads of a block of 256 have 255 at launch on sm_90a; use consumer_registers of at least and producer_registers of at most that, or 0 for both}}
gpu.func @backwards() kernel attributes {
    tile.schedule = #tile.schedule<m = 64, n = 64, warps = 4, stages = 2, consumers = 1,
      producer_registers = 24, consumer_registers = 240>} {
  gpu.return
}
}

// -----

!o = tensor<192x64xf32, #tile.accumulator<warps = 12>>
!p = tensor<192x192xf16, #tile.operand_a<warps = 12>>
!s = tensor<192x192xf32, #tile.accumulator<warps = 12>>
!q = memref<192x16xf16, #tile.swizzle<32>>
!k = memref<192x16xf16, #tile.swizzle<32>>

// Output 32, weights 48 and scores 96 of 160, of which 24 are for other things.
gpu.module @kernels {
// expected-error @below {{needs 176 registers for fragments, but sm_90a has 136 per thread}}
gpu.func @fragments(%n: i32, %o: !o, %p: !p, %q: !q, %k: !k) kernel attributes {
    tile.schedule = #tile.schedule<m = 192, n = 192, warps = 12, stages = 2, consumers = 3,
      producer_registers = 32, consumer_registers = 160, overlap = true>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %r:2 = scf.for %t = %zero to %n step %one iter_args(%acc = %o, %w = %p) -> (!o, !p) : i32 {
    %s = tile.dot_async %q, %k transposed : !q, !k to !s
    %0:2 = "test.next"(%acc, %w, %s) : (!o, !p, !s) -> (!o, !p)
    scf.yield %0#0, %0#1 : !o, !p
  }
  gpu.return
}
}
