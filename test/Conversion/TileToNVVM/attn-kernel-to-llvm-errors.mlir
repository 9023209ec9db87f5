// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(attn-kernel-to-llvm))" -verify-diagnostics -split-input-file

// The approximate instructions are for f32.
gpu.module @m {
gpu.func @f64_logarithm(%g: memref<?xf64>, %x: f64) kernel {
  %c0 = arith.constant 0 : index
  // expected-error @below {{'math.log2' is not supported in a kernel on 'f64', expected f32}}
  %0 = math.log2 %x : f64
  memref.store %0, %g[%c0] : memref<?xf64>
  gpu.return
}
}

// -----

// Tiles go first.
gpu.module @m {
gpu.func @tile_op(%x: f32) kernel {
  // expected-error @below {{failed to legalize operation 'tile.barrier'}}
  tile.barrier
  gpu.return
}
}
