// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm,canonicalize))" | FileCheck %s

!t = memref<?x?xbf16, strided<[?, 1], offset: ?>>

gpu.module @m {
// One vector for each thread; f32 is rounded in pairs.
// CHECK-LABEL: gpu.func @values(
// CHECK:         %[[V:.*]] = llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<8xbf16>
// CHECK-COUNT-6: llvm.extractelement %[[V]]
// CHECK:         %[[P:.*]] = llvm.fptrunc %{{.*}} : vector<2xf32> to vector<2xbf16>
// CHECK:         llvm.store %{{.*}}, %{{.*}} {alignment = 4 : i64} : vector<2xbf16>, !llvm.ptr<1>
// CHECK-NOT:     llvm.fptrunc
// CHECK:         llvm.store %{{.*}}, %{{.*}} {alignment = 8 : i64} : vector<4xbf16>, !llvm.ptr<1>
gpu.func @values(%g: !t, %i: i32, %j: i32) kernel
    attributes {known_block_size = array<i32: 128, 1, 1>} {
  %v:8 = tile.load_values %g[%i, %j] : !t to bf16, bf16, bf16, bf16, bf16, bf16, bf16, bf16
  %x = arith.extf %v#0 : bf16 to f32
  %y = arith.extf %v#7 : bf16 to f32
  tile.store_values %x, %y to %g[%j, %i] {alignment = 4} : f32, f32 to !t
  tile.store_values %v#1, %v#2, %v#3, %v#4 to %g[%j, %j] {alignment = 8}
    : bf16, bf16, bf16, bf16 to !t
  gpu.return
}
}
