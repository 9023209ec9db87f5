// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_90a}))" -verify-diagnostics -split-input-file

!s = memref<64x64xf16, #tile.swizzle<128>>

gpu.module @m {
gpu.func @place() kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  // expected-error @below {{expected an offset that is a multiple of 1024 bytes, the period of the swizzle, but got 512}}
  %s = tile.alloc {offset = 512 : i64} : !s
  gpu.return
}
}

// -----

gpu.module @m {
gpu.func @no_place() kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  // expected-error @below {{expected an offset: run tile-allocate-smem first}}
  // expected-error @below {{failed to legalize operation 'tile.create_pipeline'}}
  %p = tile.create_pipeline producers 1 consumers 1 : !tile.pipeline<1>
  gpu.return
}
}

// -----

gpu.module @m {
gpu.func @pipeline_in_a_role() kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  tile.warp_specialize consumers 1 registers [0, 0] produce {
    // expected-error @below {{expected to be outside of roles}}
    // expected-error @below {{failed to legalize operation 'tile.create_pipeline'}}
    %p = tile.create_pipeline producers 1 consumers 1 {offset = 0 : i64} : !tile.pipeline<1>
  } consume {
  }
  gpu.return
}
}

// -----

!q = memref<128x16xf16, #tile.swizzle<32>>
!k = memref<16x16xf16, #tile.swizzle<32>>
!acc = tensor<128x16xf32, #tile.accumulator<warps = 4>>

gpu.module @m {
gpu.func @rows_of_a_warp() kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %q = tile.alloc {offset = 0 : i64} : !q
  %k = tile.alloc {offset = 4096 : i64} : !k
  // expected-error @below {{expected 16 rows for each of 4 warps of every warp group, but got 'tensor<128x16xf32, #tile.accumulator<warps = 4>>'}}
  // expected-error @below {{failed to legalize operation 'tile.dot_async'}}
  %0 = tile.dot_async %q, %k transposed : !q, !k to !acc
  gpu.return
}
}

// -----

!q = memref<64x16xf16, #tile.swizzle<32>>
!k = memref<512x16xf16, #tile.swizzle<32>>
!acc = tensor<64x512xf32, #tile.accumulator<warps = 4>>

gpu.module @m {
gpu.func @columns() kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %q = tile.alloc {offset = 0 : i64} : !q
  %k = tile.alloc {offset = 4096 : i64} : !k
  // expected-error @below {{expected a product of at most 256 columns}}
  // expected-error @below {{failed to legalize operation 'tile.dot_async'}}
  %0 = tile.dot_async %q, %k transposed : !q, !k to !acc
  gpu.return
}
}

// -----

!s = memref<64x64xf16, #tile.swizzle<128>>

gpu.module @m {
gpu.func @synchronous(%m: !tile.tensor_map, %i: i32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  // expected-error @below {{expected a pipeline: the form without one is for before roles are assigned}}
  // expected-error @below {{failed to legalize operation 'tile.copy_tensor'}}
  tile.copy_tensor %m[%i] to %s : !s
  gpu.return
}
}

// -----

!s = memref<64x64xf16, #tile.swizzle<128>>
!one = !tile.pipeline<1>

gpu.module @m {
gpu.func @multicast_alone(%m: !tile.tensor_map, %i: i32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  %p = tile.create_pipeline producers 1 consumers 1 {offset = 8192 : i64} : !one
  // expected-error @below {{expected a kernel with tile.cluster = 2 for a multicast copy}}
  // expected-error @below {{failed to legalize operation 'tile.copy_tensor'}}
  tile.copy_tensor %m[%i] to %s fills %p[%i] multicast : !s, !one
  gpu.return
}
}

// -----

!s = memref<72x64xf16, #tile.swizzle<128>>
!one = !tile.pipeline<1>

gpu.module @m {
gpu.func @multicast_halves(%m: !tile.tensor_map, %i: i32) kernel
    attributes {known_block_size = array<i32: 128, 1, 1>, tile.cluster = 2 : i64} {
  %s = tile.alloc {offset = 0 : i64} : !s
  %p = tile.create_pipeline producers 1 consumers 1 {offset = 9216 : i64} : !one
  // expected-error @below {{expected rows to be a multiple of 16, but got 72}}
  // expected-error @below {{failed to legalize operation 'tile.copy_tensor'}}
  tile.copy_tensor %m[%i] to %s fills %p[%i] multicast : !s, !one
  gpu.return
}
}

// -----

!s = memref<72x64xf16, #tile.swizzle<128>>

gpu.module @m {
gpu.func @rows_of_two_groups(%m: !tile.tensor_map, %i: i32) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  // expected-error @below {{expected a multiple of 16 rows for 2 warp groups, but got 72}}
  // expected-error @below {{failed to legalize operation 'tile.copy_out_tensor'}}
  tile.copy_out_tensor %s to %m[%i] : !s
  gpu.return
}
}

// -----

!s = memref<64x64xf16, #tile.swizzle<128>>

gpu.module @m {
gpu.func @producer_copies_out(%m: !tile.tensor_map, %i: i32) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.warp_specialize consumers 1 registers [0, 0] produce {
    // expected-error @below {{expected whole warp groups of consumers}}
    // expected-error @below {{failed to legalize operation 'tile.copy_out_tensor'}}
    tile.copy_out_tensor %s to %m[%i] : !s
  } consume {
  }
  gpu.return
}
}

// -----

gpu.module @m {
gpu.func @threads_of_roles() kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  // expected-error @below {{expected a block of 384 threads, but got 256}}
  tile.warp_specialize consumers 2 registers [0, 0] produce {
  } consume {
  }
  gpu.return
}
}

// -----

gpu.module @m {
gpu.func @nested_roles(%b: i1) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  scf.if %b {
    // expected-error @below {{expected to be in the kernel's own block}}
    tile.warp_specialize consumers 1 registers [0, 0] produce {
    } consume {
    }
  }
  gpu.return
}
}

// -----

gpu.module @m {
gpu.func @alone() kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  tile.warp_specialize consumers 1 registers [0, 0] elected produce {
    // expected-error @below {{expected all threads of a warp group, but the producer is one elected thread}}
    tile.barrier
  } consume {
  }
  gpu.return
}
}

// -----

gpu.module @m {
gpu.func @fragments_of_roles(%n: i32) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  tile.warp_specialize consumers 1 registers [0, 0] produce {
  } consume {
    // expected-error @below {{expected fragments of 4 warps, as the block has without a producer, but got 8}}
    %0 = tile.index %n : tensor<128xi32, #tile.rows<warps = 8>>
  }
  gpu.return
}
}

// -----

!q = memref<128x16xbf16, #tile.swizzle<32>>
!k = memref<128x16xbf16, #tile.swizzle<32>>
!acc = tensor<128x32xf32, #tile.accumulator<warps = 8>>

gpu.module @m {
gpu.func @batches_within_a_group() kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  %q = tile.alloc {offset = 0 : i64} : !q
  %k = tile.alloc {offset = 8192 : i64} : !k
  // expected-error @below {{expected each of 4 products to be of one warp group, but got}}
  // expected-error @below {{failed to legalize operation 'tile.dot_async'}}
  %0 = tile.dot_async %q, %k transposed {batches = 4} : !q, !k to !acc
  gpu.return
}
}
