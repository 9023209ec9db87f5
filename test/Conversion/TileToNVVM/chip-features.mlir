// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_80}))" -verify-diagnostics -split-input-file
// RUN: not attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_90}))" -split-input-file \
// RUN:   2>&1 | FileCheck %s --check-prefix=CHIP

// CHIP: error: unknown chip 'sm_90', expected one of sm_80, sm_90a; sm_90 has no wgmma or setmaxnreg: use sm_90a

!q = memref<64x16xf16, #tile.swizzle<32>>
!k = memref<16x16xf16, #tile.swizzle<32>>
!acc = tensor<64x16xf32, #tile.accumulator<warps = 4>>

gpu.module @m {
gpu.func @dot_async() kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %q = tile.alloc {offset = 0 : i64} : !q
  %k = tile.alloc {offset = 4096 : i64} : !k
  // expected-error @below {{needs asynchronous matrix products, which sm_80 does not have}}
  %0 = tile.dot_async %q, %k transposed : !q, !k to !acc
  gpu.return
}
}

// -----

gpu.module @m {
gpu.func @pipeline() kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  // expected-error @below {{needs transaction barriers, which sm_80 does not have}}
  %p = tile.create_pipeline producers 1 consumers 1 {offset = 0 : i64} : !tile.pipeline<1>
  gpu.return
}
}

// -----

!s = memref<64x64xf16, #tile.swizzle<128>>

gpu.module @m {
gpu.func @copy_out_tensor(%m: !tile.tensor_map, %i: i32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  // expected-error @below {{needs tensor copies, which sm_80 does not have}}
  tile.copy_out_tensor %s to %m[%i] : !s
  gpu.return
}
}

// -----

gpu.module @m {
gpu.func @roles() kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  // expected-error @below {{needs warp groups with roles, which sm_80 does not have}}
  tile.warp_specialize consumers 1 registers [0, 0] produce {
  } consume {
  }
  gpu.return
}
}
