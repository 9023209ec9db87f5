// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_90a},canonicalize))" | FileCheck %s
// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_80},canonicalize))" | FileCheck %s --check-prefix=INTEGERS

!t = memref<?x?xf8E4M3FN, strided<[?, 1], offset: ?>>
!u = memref<?x?xf8E5M2, strided<[?, 1], offset: ?>>

gpu.module @m {
// The first operand of the conversion becomes the high byte.
// CHECK-LABEL: gpu.func @values(
// CHECK-SAME:    %[[X:[^:]+]]: f32, %[[Y:[^:]+]]: f32)
// CHECK:         llvm.call_intrinsic "llvm.nvvm.ff.to.e4m3x2.rn"(%[[Y]], %[[X]]) : (f32, f32) -> i16
// CHECK:         llvm.store %{{.*}}, %{{.*}} {alignment = 4 : i64} : vector<2xi16>, !llvm.ptr<1>
// CHECK:         llvm.call_intrinsic "llvm.nvvm.ff.to.e5m2x2.rn"(%[[X]], %[[X]]) : (f32, f32) -> i16
// CHECK:         llvm.store %{{.*}}, %{{.*}} {alignment = 1 : i64} : i8, !llvm.ptr<1>

// INTEGERS-LABEL: gpu.func @values(
// INTEGERS-NOT:     call_intrinsic
// INTEGERS:         arith.minnumf
// INTEGERS:         llvm.store %{{.*}}, %{{.*}} {alignment = 4 : i64} : vector<2xi16>, !llvm.ptr<1>
gpu.func @values(%g: !t, %h: !u, %i: i32, %x: f32, %y: f32) kernel
    attributes {known_block_size = array<i32: 128, 1, 1>} {
  tile.store_values %x, %y, %y, %x to %g[%i, %i] {alignment = 4} : f32, f32, f32, f32 to !t
  tile.store_values %x to %h[%i, %i] {alignment = 1} : f32 to !u
  gpu.return
}
}
