// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm))" -verify-diagnostics

gpu.module @m {
gpu.func @pieces(%f: memref<1x63xf32, 1>, %n: i32) kernel
    attributes {known_block_size = array<i32: 32, 1, 1>} {
  %t = tile.alloc {offset = 0} : memref<16x128xf16, #tile.swizzle<128>>
  // expected-error @below {{expected a row of at most 32 pieces, one for each thread, but got 63}}
  // expected-error @below {{failed to legalize}}
  tile.rotate_rows %t rows(%n to %n) by %f[%n] {width = 126 : i64}
    : memref<16x128xf16, #tile.swizzle<128>> by memref<1x63xf32, 1>
  gpu.return
}
}
