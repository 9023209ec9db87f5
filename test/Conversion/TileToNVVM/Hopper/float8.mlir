// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_90a},canonicalize,cse))" | FileCheck %s

!q = memref<64x64xf8E5M2, #tile.swizzle<64>>
!k = memref<32x64xf8E4M3FN, #tile.swizzle<64>>
!v = memref<16x32xf8E4M3FN, #tile.swizzle<32>>
!acc = tensor<64x32xf32, #tile.accumulator<warps = 4>>
!out = tensor<64x16xf32, #tile.accumulator<warps = 4>>
!p = tensor<64x32xf8E4M3FN, #tile.operand_a<warps = 4>>
!rows = tensor<64xf32, #tile.rows<warps = 4>>

gpu.module @m {
// A step is 32 elements deep, and nothing says how rows lie. A word of weights has two
// elements of each of two neighbouring blocks: the columns 0, 1, 8 and 9 of a thread.
// CHECK-LABEL: gpu.func @products(
// CHECK:         %[[S:.*]] = llvm.inline_asm has_side_effects {{.*}}wgmma.mma_async.sync.aligned.m64n32k32.f32.e5m2.e4m3 {{[^}]*}}}, a, b, 0, 1, 1;{{.*}}wgmma.mma_async.sync.aligned.m64n32k32.f32.e5m2.e4m3 {{[^}]*}}}, a, b, 1, 1, 1;
// CHECK:         %[[W:.*]] = llvm.inline_asm has_side_effects {{.*}}wgmma.wait_group
// CHECK-DAG:     %[[X0:.*]] = llvm.extractvalue %[[W]][0]
// CHECK-DAG:     %[[X1:.*]] = llvm.extractvalue %[[W]][1]
// CHECK-DAG:     %[[X4:.*]] = llvm.extractvalue %[[W]][4]
// CHECK-DAG:     %[[X5:.*]] = llvm.extractvalue %[[W]][5]
// CHECK:         llvm.inline_asm "{ .reg .b16 low, high; cvt.rn.satfinite.e4m3x2.f32 low, $2, $1; cvt.rn.satfinite.e4m3x2.f32 high, $4, $3; mov.b32 $0, {low, high}; }", "=r,f,f,f,f" %[[X0]], %[[X1]], %[[X4]], %[[X5]]
// CHECK:         wgmma.mma_async.sync.aligned.m64n16k32.f32.e4m3.e4m3 {{.*}}, {$17, $18, $19, $20}, b, 1, 1, 1;
gpu.func @products(%l: memref<?xf32>, %i: i32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %q = tile.alloc {offset = 0 : i64} : !q
  %k = tile.alloc {offset = 4096 : i64} : !k
  %v = tile.alloc {offset = 8192 : i64} : !v
  %x = arith.constant 0.0 : f32
  %r = tile.broadcast %x : f32 to !rows
  %0 = tile.dot_async %q, %k transposed : !q, !k to !acc
  %1 = tile.dot_wait 0, %0 : !acc to !acc
  %p = tile.convert %1 : !acc to !p
  %2 = tile.dot_async %p, %v transposed : !p, !v to !out
  %3 = tile.dot_wait 0, %2 : !out to !out
  %4 = tile.reduce add %3, %r : !out, !rows
  tile.store_rows %4 to %l[%i] : !rows to memref<?xf32>
  gpu.return
}
}
