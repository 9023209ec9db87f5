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

// Only a constant of one value has a form that does not depend on the thread.
gpu.module @m {
gpu.func @constant_fragment(%g: memref<?xi32>, %r: i32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  // expected-error @below {{failed to legalize operation 'arith.constant'}}
  %0 = arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi32, #tile.rows<warps = 1>>
  tile.store_rows %0 to %g[%r] : tensor<16xi32, #tile.rows<warps = 1>> to memref<?xi32>
  gpu.return
}
}

// -----

!g = memref<?x64xf16, strided<[?, 1], offset: ?>>
!s = memref<64x64xf16, #tile.swizzle<128>>

gpu.module @m {
gpu.func @block_size_unknown(%g: !g, %r: i32) kernel {
  // expected-error @below {{expected a gpu.func whose known_block_size is one-dimensional and a multiple of 32}}
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.copy %g[%r] to %s : !g to !s
  gpu.return
}
}

// -----

gpu.module @m {
gpu.func @warps_disagree(%r: i32) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  // expected-error @below {{expected fragments of 2 warps, as the block has, but got 1}}
  %0 = tile.index %r : tensor<16xi32, #tile.rows<warps = 1>>
  gpu.return
}
}
