// RUN: attn-opt %s --tile-multicast -verify-diagnostics

gpu.module @kernels {
// expected-error @below {{expected tensor copies in a loop for cluster = 2: rows must be multiples of 16 bytes apart}}
gpu.func @nothing() kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 32, warps = 4, stages = 2, consumers = 1, cluster = 2>} {
  gpu.return
}
}
