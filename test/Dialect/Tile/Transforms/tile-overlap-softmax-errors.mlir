// RUN: attn-opt %s --allow-unregistered-dialect -verify-diagnostics -split-input-file \
// RUN:   --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-overlap-softmax)))"

!q = memref<64x16xf16, #tile.swizzle<32>>
!k = memref<16x16xf16, #tile.swizzle<32>>
!acc = tensor<64x16xf32, #tile.accumulator<warps = 4>>
!p = tensor<64x16xf16, #tile.operand_a<warps = 4>>
!rows = tensor<64xf32, #tile.rows<warps = 4>>

gpu.module @kernels {
gpu.func @empty(%n: i32, %zero: !acc) kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 16, warps = 4, stages = 2, consumers = 1, overlap = true>} {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %q = tile.alloc : !q
  %k = tile.alloc : !k
  %v = tile.alloc : !k
  %vp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<1>
  %end = arith.maxsi %n, %c1 : i32
  // expected-error @below {{expected a loop that runs at least once to overlap its iterations: a constant lower bound, step 1 and an upper bound max(.., 1)}}
  %r = scf.for %t = %c0 to %n step %c1 iter_args(%o = %zero) -> !acc : i32 {
    %s = tile.dot %q, %k transposed, %zero : !q, !k, !acc
    %w, %factor = "test.softmax"(%s) : (!acc) -> (!acc, !rows)
    %f = tile.broadcast %factor : !rows to !acc
    %scaled = arith.mulf %o, %f : !acc
    %p = tile.convert %w : !acc to !p
    %d = tile.dot %p, %v, %scaled : !p, !k, !acc
    tile.pipeline_release %vp[%t] : !tile.pipeline<1>
    scf.yield %d : !acc
  }
  gpu.return
}
}

// -----

!q = memref<64x16xf16, #tile.swizzle<32>>
!k = memref<16x16xf16, #tile.swizzle<32>>
!acc = tensor<64x16xf32, #tile.accumulator<warps = 4>>
!p = tensor<64x16xf16, #tile.operand_a<warps = 4>>
!rows = tensor<64xf32, #tile.rows<warps = 4>>

gpu.module @kernels {
gpu.func @unscaled(%n: i32, %zero: !acc) kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 16, warps = 4, stages = 2, consumers = 1, overlap = true>} {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %q = tile.alloc : !q
  %k = tile.alloc : !k
  %v = tile.alloc : !k
  %vp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<1>
  %end = arith.maxsi %n, %c1 : i32
  %r = scf.for %t = %c0 to %end step %c1 iter_args(%o = %zero) -> !acc : i32 {
    %s = tile.dot %q, %k transposed, %zero : !q, !k, !acc
    %w, %factor = "test.softmax"(%s) : (!acc) -> (!acc, !rows)
    %f = tile.broadcast %factor : !rows to !acc
    %scaled = arith.addf %o, %f : !acc
    %p = tile.convert %w : !acc to !p
    // expected-error @below {{expected the accumulator that the loop carries, or that times a rescale factor}}
    %d = tile.dot %p, %v, %scaled : !p, !k, !acc
    tile.pipeline_release %vp[%t] : !tile.pipeline<1>
    scf.yield %d : !acc
  }
  gpu.return
}
}

// -----

!q = memref<64x16xf16, #tile.swizzle<32>>
!k = memref<16x16xf16, #tile.swizzle<32>>
!acc = tensor<64x16xf32, #tile.accumulator<warps = 4>>
!p = tensor<64x16xf16, #tile.operand_a<warps = 4>>
!rows = tensor<64xf32, #tile.rows<warps = 4>>

gpu.module @kernels {
gpu.func @no_roles(%n: i32, %zero: !acc) kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 16, warps = 4, stages = 2, consumers = 1, overlap = true>} {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %q = tile.alloc : !q
  %k = tile.alloc : !k
  %v = tile.alloc : !k
  %vp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<1>
  %end = arith.maxsi %n, %c1 : i32
  %r = scf.for %t = %c0 to %end step %c1 iter_args(%o = %zero) -> !acc : i32 {
    %s = tile.dot %q, %k transposed, %zero : !q, !k, !acc
    %w, %factor = "test.softmax"(%s) : (!acc) -> (!acc, !rows)
    %f = tile.broadcast %factor : !rows to !acc
    %scaled = arith.mulf %o, %f : !acc
    %p = tile.convert %w : !acc to !p
    // expected-error @below {{expected its buffer to be released after it: run tile-assign-warp-roles first}}
    %d = tile.dot %p, %v, %scaled : !p, !k, !acc
    scf.yield %d : !acc
  }
  gpu.return
}
}
