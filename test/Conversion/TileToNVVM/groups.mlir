// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_90a},canonicalize,cse))" | FileCheck %s

!q = memref<64x16xbf16, #tile.swizzle<32>>
!k = memref<32x16xbf16, #tile.swizzle<32>>
!v = memref<16x128xbf16, #tile.swizzle<128>>
!s = tensor<64x32xf32, #tile.accumulator<warps = 4, groups = 2>>
!o = tensor<64x128xf32, #tile.accumulator<warps = 4, groups = 2>>
!rows = tensor<64xf32, #tile.rows<warps = 4, groups = 2>>
!x = memref<2x64xf32, #tile.swizzle<128>>

gpu.module @m {
// A group multiplies all rows by its share of the columns: 16 of 32 keys, which are rows of
// their buffer, and one of two pages of the value. It stores its page of the output.
// CHECK-LABEL: gpu.func @products(
// CHECK:         %[[WARP:.*]] = nvvm.shfl.sync
// CHECK:         %[[GROUP:.*]] = arith.shrui %[[WARP]], %c2_i32
// CHECK:         %[[KEYS:.*]] = arith.muli %[[GROUP]], %c32_i32
// CHECK:         %[[K:.*]] = arith.addi %{{.*}}, %[[KEYS]]
// CHECK:         %[[COLUMNS:.*]] = arith.muli %[[GROUP]], %c128_i32
// CHECK:         %[[V:.*]] = arith.addi %{{.*}}, %[[COLUMNS]]
// CHECK:         arith.addi %[[K]], %c65536_i32
// CHECK:         wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16
// CHECK:         %[[OWN:.*]] = arith.divui %{{.*}}, %c4_i32
// CHECK:         nvvm.stmatrix
// CHECK:         arith.addi %[[V]], %c8388608_i32
// CHECK:         wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16
// CHECK:         arith.muli %[[OWN]], %c8192_i32
// CHECK-COUNT-4: nvvm.stmatrix
// CHECK-NOT:     nvvm.stmatrix
gpu.func @products(%s: f32) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  %q = tile.alloc {offset = 0 : i64} : !q
  %k = tile.alloc {offset = 4096 : i64} : !k
  %v = tile.alloc {offset = 8192 : i64} : !v
  %out = tile.alloc {offset = 16384 : i64} : memref<64x128xbf16, #tile.swizzle<128>>
  %k2 = tile.alloc {offset = 32768 : i64} : memref<64x32xbf16, #tile.swizzle<32>>
  %zero = tile.broadcast %s : f32 to !s
  %none = tile.broadcast %s : f32 to !o
  %0 = tile.dot %q, %k transposed, %zero : !q, !k, !s
  tile.store %0 to %k2 : !s to memref<64x32xbf16, #tile.swizzle<32>>
  %1 = tile.dot %q, %v, %none : !q, !v, !o
  tile.store %1 to %out : !o to memref<64x128xbf16, #tile.swizzle<128>>
  gpu.return
}

// One lane of a quad writes the group's value of each of two rows, all meet, and all read
// those of both groups.
// CHECK-LABEL: gpu.func @combine(
// CHECK:         scf.if
// CHECK-COUNT-2:   llvm.store %{{.*}} : f32, !llvm.ptr<3>
// CHECK:         nvvm.barrier
// CHECK-COUNT-2: llvm.load %{{.*}} : !llvm.ptr<3> -> f32
// CHECK-NEXT:    arith.addf
// CHECK-COUNT-2: llvm.load %{{.*}} : !llvm.ptr<3> -> f32
// CHECK-NEXT:    arith.addf
// The rows are those of the first group: all have the same.
// CHECK:         %[[FIRST:.*]] = arith.cmpi eq, %{{.*}}, %c0_i32
// CHECK:         arith.andi %{{.*}}, %[[FIRST]] : i1
// CHECK:         llvm.store %{{.*}} : f32, !llvm.ptr<1>
gpu.func @combine(%s: f32, %lse: memref<?xf32>, %i: i32) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  %x = tile.alloc {offset = 0 : i64} : !x
  %r = tile.broadcast %s : f32 to !rows
  %0 = tile.combine add %r through %x : !rows, !x
  tile.store_rows %0 to %lse[%i] : !rows to memref<?xf32>
  gpu.return
}
}
