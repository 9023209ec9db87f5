// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm,canonicalize,cse))" \
// RUN:   -split-input-file --allow-unregistered-dialect | FileCheck %s

!a = memref<16x16xf16, #tile.swizzle<32>>
!b = memref<16x32xf16, #tile.swizzle<64>>
!acc = tensor<16x32xf32, #tile.accumulator<warps = 1>>
!rows = tensor<16xf32, #tile.rows<warps = 1>>

// 16 x 32 by a depth of 16: one ldmatrix for the first operand, two for the second,
// each for two products of 16 x 8.
gpu.module @m {
// CHECK-LABEL: gpu.func @dot_f16(
// CHECK-COUNT-3: nvvm.ldmatrix {{.*}}num = 4
// CHECK-NOT:     nvvm.ldmatrix
gpu.func @dot_f16(%l: memref<?xf32>, %i: i32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  %a = tile.alloc {offset = 0 : i64} : !a
  %b = tile.alloc {offset = 1024 : i64} : !b
  %x = arith.constant 0.0 : f32
  %z = tile.broadcast %x : f32 to !acc
  %r = tile.broadcast %x : f32 to !rows
  %0 = tile.dot %a, %b, %z : !a, !b, !acc
  %1 = tile.reduce add %0, %r : !acc, !rows
  tile.store_rows %1 to %l[%i] : !rows to memref<?xf32>
  gpu.return
}

// CHECK-LABEL: gpu.func @products(
// CHECK-COUNT-4: nvvm.mma.sync {{.*}}vector<2xf16>
// CHECK-NOT:     nvvm.mma.sync
// CHECK:         gpu.return
gpu.func @products(%l: memref<?xf32>, %i: i32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  %a = tile.alloc {offset = 0 : i64} : !a
  %b = tile.alloc {offset = 1024 : i64} : !b
  %x = arith.constant 0.0 : f32
  %z = tile.broadcast %x : f32 to !acc
  %r = tile.broadcast %x : f32 to !rows
  %0 = tile.dot %a, %b, %z : !a, !b, !acc
  %1 = tile.reduce add %0, %r : !acc, !rows
  tile.store_rows %1 to %l[%i] : !rows to memref<?xf32>
  gpu.return
}
}

// -----

!a = memref<16x16xbf16, #tile.swizzle<32>>
!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>
!rows = tensor<16xf32, #tile.rows<warps = 1>>

// The second operand is stored as the instruction wants it (transposed) or is
// transposed as it is loaded; bf16 pairs travel as i32.
gpu.module @m {
// CHECK-LABEL: gpu.func @transposed(
// CHECK:         nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<row>
// CHECK:         nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<row>
// CHECK-COUNT-2: nvvm.mma.sync {{.*}}multiplicandAPtxType = #nvvm.mma_type<bf16>
// CHECK:         nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<col>
// CHECK-COUNT-2: nvvm.mma.sync {{.*}}(i32, i32, f32)
gpu.func @transposed(%l: memref<?xf32>, %i: i32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  %a = tile.alloc {offset = 0 : i64} : !a
  %b = tile.alloc {offset = 1024 : i64} : !a
  %x = arith.constant 0.0 : f32
  %z = tile.broadcast %x : f32 to !acc
  %r = tile.broadcast %x : f32 to !rows
  %0 = tile.dot %a, %b transposed, %z : !a, !a, !acc
  %1 = tile.dot %a, %b, %0 : !a, !a, !acc
  %2 = tile.reduce add %1, %r : !acc, !rows
  tile.store_rows %2 to %l[%i] : !rows to memref<?xf32>
  gpu.return
}
}
