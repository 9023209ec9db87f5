// RUN: attn-opt %s --allow-unregistered-dialect -verify-diagnostics -split-input-file \
// RUN:   --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-pipeline-loads)))"

!g = memref<?x16xf16, strided<[?, 1], offset: ?>>
!s = memref<16x16xf16, #tile.swizzle<32>>

gpu.module @kernels {
gpu.func @target_is_an_argument(%k: !g, %ks: !s, %n: i32) kernel
    attributes {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 2>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  scf.for %t = %zero to %n step %one : i32 {
    // expected-error @below {{expected the target of a pipelined copy to be a tile.alloc}}
    tile.copy %k[%t] to %ks : !g to !s
  }
  gpu.return
}
}

// -----

!g = memref<?x16xf16, strided<[?, 1], offset: ?>>
!s = memref<16x16xf16, #tile.swizzle<32>>

gpu.module @kernels {
gpu.func @use_before_the_copy(%k: !g, %n: i32) kernel
    attributes {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 2>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %ks = tile.alloc : !s
  scf.for %t = %zero to %n step %one : i32 {
    "test.use"(%ks) : (!s) -> ()
    // expected-error @below {{expected every use of the buffer to follow its copy in the loop}}
    tile.copy %k[%t] to %ks : !g to !s
  }
  gpu.return
}
}

// -----

!g = memref<?x16xf16, strided<[?, 1], offset: ?>>
!s = memref<16x16xf16, #tile.swizzle<32>>

gpu.module @kernels {
gpu.func @use_after_the_loop(%k: !g, %n: i32) kernel
    attributes {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 2>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %ks = tile.alloc : !s
  scf.for %t = %zero to %n step %one : i32 {
    // expected-error @below {{expected every use of the buffer to follow its copy in the loop}}
    tile.copy %k[%t] to %ks : !g to !s
  }
  "test.use"(%ks) : (!s) -> ()
  gpu.return
}
}

// -----

!g = memref<?x16xf16, strided<[?, 1], offset: ?>>
!s = memref<16x16xf16, #tile.swizzle<32>>

// With one stage the key buffer is refilled where the value copy stands.
gpu.module @kernels {
gpu.func @use_after_the_last_copy(%k: !g, %v: !g, %n: i32) kernel
    attributes {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 1>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %ks = tile.alloc : !s
  %vs = tile.alloc : !s
  scf.for %t = %zero to %n step %one : i32 {
    // expected-error @below {{expected the buffer's uses before the last copy of the loop}}
    tile.copy %k[%t] to %ks : !g to !s
    tile.copy %v[%t] to %vs : !g to !s
    "test.use"(%ks, %vs) : (!s, !s) -> ()
  }
  gpu.return
}
}

// -----

!g = memref<?x16xf16, strided<[?, 1], offset: ?>>
!s = memref<16x16xf16, #tile.swizzle<32>>

gpu.module @kernels {
gpu.func @step_two(%k: !g, %n: i32) kernel
    attributes {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 2>} {
  %zero = arith.constant 0 : i32
  %two = arith.constant 2 : i32
  %ks = tile.alloc : !s
  // expected-error @below {{expected an i32 loop with step 1 around copies that are pipelined}}
  scf.for %t = %zero to %n step %two : i32 {
    tile.copy %k[%t] to %ks : !g to !s
    "test.use"(%ks) : (!s) -> ()
  }
  gpu.return
}
}

// -----

!g = memref<?x16xf16, strided<[?, 1], offset: ?>>
!s = memref<16x16xf16, #tile.swizzle<32>>

gpu.module @kernels {
gpu.func @row_is_carried(%k: !g, %n: i32) kernel
    attributes {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 2>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %ks = tile.alloc : !s
  %last = scf.for %t = %zero to %n step %one iter_args(%row = %zero) -> (i32) : i32 {
    // expected-error @below {{expected a row that does not depend on values that the loop carries}}
    tile.copy %k[%row] to %ks : !g to !s
    "test.use"(%ks) : (!s) -> ()
    %next = arith.addi %row, %one : i32
    scf.yield %next : i32
  }
  gpu.return
}
}
