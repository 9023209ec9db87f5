// RUN: attn-opt %s --allow-unregistered-dialect -verify-diagnostics -split-input-file \
// RUN:   --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-assign-warp-roles)))"

!k = memref<32x64xf16, #tile.swizzle<128>>
#h = #tile.schedule<m = 64, n = 32, warps = 4, stages = 2, consumers = 1>

gpu.module @kernels {
gpu.func @carried(%m: !tile.tensor_map, %n: i32) kernel attributes {tile.schedule = #h} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %ks = tile.alloc : !k
  scf.for %t = %zero to %n step %one iter_args(%row = %zero) -> i32 : i32 {
    // expected-error @below {{expected what is copied not to depend on values that a loop carries}}
    tile.copy_tensor %m[%row] to %ks : !k
    "test.use"(%ks) : (!k) -> ()
    %next = arith.addi %row, %n : i32
    scf.yield %next : i32
  }
  gpu.return
}
}

// -----

!k = memref<32x64xf16, #tile.swizzle<128>>
#h = #tile.schedule<m = 64, n = 32, warps = 4, stages = 2, consumers = 1>

gpu.module @kernels {
gpu.func @branch(%m: !tile.tensor_map, %c: i1, %n: i32) kernel attributes {tile.schedule = #h} {
  %ks = tile.alloc : !k
  scf.if %c {
    // expected-error @below {{expected to stand in a loop or in the kernel's block, so that every execution is a fill}}
    tile.copy_tensor %m[%n] to %ks : !k
  }
  gpu.return
}
}

// -----

!k = memref<32x64xf16, #tile.swizzle<128>>
#h = #tile.schedule<m = 64, n = 32, warps = 4, stages = 2, consumers = 1>

gpu.module @kernels {
gpu.func @twice(%m: !tile.tensor_map, %n: i32) kernel attributes {tile.schedule = #h} {
  %ks = tile.alloc : !k
  tile.copy_tensor %m[%n] to %ks : !k
  // expected-error @below {{expected one copy for each buffer}}
  tile.copy_tensor %m[%n] to %ks : !k
  gpu.return
}
}

// -----

!k = memref<32x64xf16, #tile.swizzle<128>>
#h = #tile.schedule<m = 64, n = 32, warps = 4, stages = 2, consumers = 1>

gpu.module @kernels {
gpu.func @effects(%m: !tile.tensor_map) kernel attributes {tile.schedule = #h} {
  %ks = tile.alloc : !k
  %n = "test.unknown"() : () -> i32
  // expected-error @below {{expected what is copied to depend on scalar computations, but got 'test.unknown'}}
  tile.copy_tensor %m[%n] to %ks : !k
  gpu.return
}
}
