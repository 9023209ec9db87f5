// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm))" -verify-diagnostics -split-input-file
// RUN: not attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_10}))" -split-input-file \
// RUN:   2>&1 | FileCheck %s --check-prefix=CHIP

// CHIP: error: unknown chip 'sm_10', expected one of sm_80

!g = memref<?x16xf16, strided<[?, 1], offset: ?>>
!s = memref<16x16xf16, #tile.swizzle<32>>

gpu.module @m {
gpu.func @no_place(%g: !g, %r: i32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  // expected-error @below {{expected an offset: run tile-allocate-smem first}}
  // expected-error @below {{failed to legalize operation 'tile.alloc'}}
  %s = tile.alloc : !s
  tile.copy %g[%r] to %s : !g to !s
  gpu.return
}
}

// -----

// A fragment has no form that an argument could have.
gpu.module @m {
gpu.func @constant_fragment() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  // expected-error @below {{failed to legalize operation 'arith.constant'}}
  %0 = arith.constant dense<1.0> : tensor<16xf32, #tile.rows<warps = 1>>
  gpu.return
}
}
