// RUN: attn-opt %s --tile-multicast -split-input-file | FileCheck %s

!k = memref<32x64xf16, #tile.swizzle<128>>
!g = memref<?x64xf16, strided<[?, 1], offset: ?>>
#h = #tile.schedule<m = 64, n = 32, warps = 4, stages = 2, consumers = 1, cluster = 2>

// Streamed tiles are shared, the one that each block copies for itself is not.
module attributes {gpu.container_module} {
gpu.module @kernels {
// CHECK-LABEL: gpu.func @shared(
// CHECK-SAME:    tile.cluster = 2 : i64
// CHECK:         tile.create_pipeline producers 1 consumers 4 : <1>
// CHECK:         tile.create_pipeline producers 1 consumers 8 : <1>
// CHECK:           tile.copy_tensor %{{.*}} fills %{{.*}}[%{{[^]]*}}] : memref
// CHECK:             tile.copy_tensor %{{.*}} fills %{{.*}}[%{{[^]]*}}] multicast : memref
// CHECK:           tile.pipeline_release %{{[^ ]*}} multicast
// CHECK:           tile.pipeline_release %{{[^ ]*}} : <1>
// CHECK:         tile.barrier
// CHECK-NEXT:    gpu.return
gpu.func @shared(%q: !tile.tensor_map, %k: !tile.tensor_map, %n: i32) kernel attributes {tile.schedule = #h} {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %qs = tile.alloc : !k
  %ks = tile.alloc : !k
  %qp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<1>
  %kp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<1>
  tile.warp_specialize consumers 1 registers [0, 0] elected produce {
    tile.copy_tensor %q[%c0] to %qs fills %qp[%c0] : !k, !tile.pipeline<1>
    scf.for %t = %c0 to %n step %c1 : i32 {
      tile.copy_tensor %k[%t] to %ks fills %kp[%t] : !k, !tile.pipeline<1>
    }
  } consume {
    tile.pipeline_release %kp[%c0] : !tile.pipeline<1>
    tile.pipeline_release %qp[%c0] : !tile.pipeline<1>
  }
  gpu.return
}
}
// CHECK-LABEL: func.func @host(
// CHECK:         tile.encode_tensor_map %{{.*}} box{{ *}}[32, 64]
// CHECK:         tile.encode_tensor_map %{{.*}} box{{ *}}[16, 64]
// CHECK:         gpu.launch_func @kernels::@shared clusters in (%c2, %c1, %c1{{.*}})
func.func @host(%g: !g, %n: i32, %c: index) {
  %q = tile.encode_tensor_map %g named "q" box [32, 64] swizzle 128 : !g
  %k = tile.encode_tensor_map %g named "k" box [32, 64] swizzle 128 : !g
  gpu.launch_func @kernels::@shared blocks in (%c, %c, %c) threads in (%c, %c, %c)
    args(%q : !tile.tensor_map, %k : !tile.tensor_map, %n : i32)
  return
}
}
