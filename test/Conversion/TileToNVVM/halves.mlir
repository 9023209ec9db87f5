// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm,canonicalize,cse))" | FileCheck %s

!s = memref<32x16xf16, #tile.swizzle<32>>
!half = memref<16x16xf16, #tile.swizzle<32>>
!acc = tensor<32x16xf32, #tile.accumulator<warps = 2>>
!g = memref<?x16xf16, strided<[?, 1], offset: ?>>

gpu.module @m {
// Each of two batches reads its own 16 of 32 rows of operand b.
// CHECK-LABEL: gpu.func @batches(
// CHECK:         %[[WARP:.*]] = arith.shrui %{{.*}}, %c5_i32
// CHECK:         %[[ROWS:.*]] = arith.muli %[[WARP]], %c16_i32
// CHECK:         arith.addi %[[ROWS]], %{{.*}}
// CHECK:         nvvm.ldmatrix
// CHECK:         arith.addi %{{.*}}, %[[ROWS]]
// CHECK:         nvvm.ldmatrix
// CHECK-COUNT-2: nvvm.mma.sync
gpu.func @batches(%x: f32) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  %a = tile.alloc {offset = 0 : i64} : !s
  %b = tile.alloc {offset = 1024 : i64} : !s
  %zero = tile.broadcast %x : f32 to !acc
  %c = tile.dot %a, %b transposed, %zero {batches = 2} : !s, !s, !acc
  tile.store %c to %a : !acc to !s
  gpu.return
}

// 8 values of each thread in one turn of two 16-byte pieces: the second warp stores, all meet,
// the first warp loads and adds, all meet. Then the first warp alone stores 16 rows.
// CHECK-LABEL: gpu.func @sum_halves(
// CHECK:         %[[SENDS:.*]] = arith.cmpi sge, %{{.*}}, %c32_i32
// CHECK:         scf.if %[[SENDS]]
// CHECK-COUNT-2:   llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<3>
// CHECK:         nvvm.barrier
// CHECK:         %[[SUMS:.*]]:8 = scf.if %[[SENDS]]
// CHECK:         } else {
// CHECK:           llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<3> -> vector<4xf32>
// CHECK-COUNT-4:   arith.addf
// CHECK:           llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<3> -> vector<4xf32>
// CHECK-COUNT-4:   arith.addf
// CHECK:         nvvm.barrier
// CHECK:         %[[OWNS:.*]] = arith.cmpi slt, %{{.*}}, %c1_i32
// CHECK:         scf.if %[[OWNS]]
// CHECK-COUNT-4:   llvm.store
gpu.func @sum_halves(%x: f32) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  %c = tile.broadcast %x : f32 to !acc
  %sum = tile.sum_halves %c through %s : !acc, !s
  %h = tile.alloc {offset = 2048 : i64} : !half
  tile.store %sum to %h : !acc to !half
  gpu.return
}

// The first half of the rows comes from the one source, the second half from the other.
// CHECK-LABEL: gpu.func @two_sources(
// CHECK-SAME:    %[[G:[^:]+]]: memref{{.*}}, %[[H:[^:]+]]: memref
// CHECK:         memref.extract_aligned_pointer_as_index %[[G]]
// CHECK:         nvvm.cp.async.shared.global
// CHECK:         memref.extract_aligned_pointer_as_index %[[H]]
// CHECK:         nvvm.cp.async.shared.global
gpu.func @two_sources(%g: !g, %h: !g, %r: i32) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.copy_async %g[%r] and %h to %s : !g and !g to !s
  gpu.return
}
}
