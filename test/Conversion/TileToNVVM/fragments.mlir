// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm))" \
// RUN:   -split-input-file --allow-unregistered-dialect | FileCheck %s

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>
!a = tensor<16x16xf16, #tile.operand_a<warps = 1>>
!b = memref<16x16xf16, #tile.swizzle<32>>
!rows = tensor<16xf32, #tile.rows<warps = 1>>

// A rounded accumulator is an operand without data movement: pairs are packed, and
// only the second operand is loaded.
gpu.module @m {
// CHECK-LABEL: gpu.func @operand_in_registers(
// CHECK-COUNT-4: llvm.fptrunc %{{.*}} : vector<2xf32> to vector<2xf16>
// CHECK-NOT:     llvm.fptrunc
// CHECK-COUNT-1: nvvm.ldmatrix
// CHECK-NOT:     nvvm.ldmatrix
// CHECK:         nvvm.mma.sync
gpu.func @operand_in_registers(%l: memref<?xf32>, %i: i32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  %b = tile.alloc {offset = 0 : i64} : !b
  %p = "test.scalar"() : () -> f32
  %t = tile.broadcast %p : f32 to !acc
  %r = tile.broadcast %p : f32 to !rows
  %0 = tile.convert %t : !acc to !a
  %1 = tile.dot %0, %b, %t : !a, !b, !acc
  %2 = tile.reduce max %1, %r : !acc, !rows
  tile.store_rows %2 to %l[%i] : !rows to memref<?xf32>
  gpu.return
}
}

// -----

!tile = tensor<16x8xf32, #tile.accumulator<warps = 1>>
!rows = tensor<16xf32, #tile.rows<warps = 1>>
!partial = tensor<16xf32, #tile.rows<warps = 1, partial = true>>

// A complete reduction exchanges values twice for each of the thread's two rows; a
// partial one leaves that to tile.total.
gpu.module @m {
// CHECK-LABEL: gpu.func @reduce(
// CHECK-NOT:     nvvm.shfl
// CHECK:         arith.maxnumf
// CHECK-COUNT-4: nvvm.shfl.sync bfly {{.*}} : f32 -> f32
// CHECK-NOT:     nvvm.shfl
// CHECK:         "test.between"
// CHECK-NOT:     nvvm.shfl
// CHECK:         "test.between"
// CHECK-COUNT-4: nvvm.shfl.sync bfly
// CHECK-NOT:     nvvm.shfl
// CHECK:         gpu.return
gpu.func @reduce(%x: f32, %l: memref<?xf32>, %i: i32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  %t = tile.broadcast %x : f32 to !tile
  %r = tile.broadcast %x : f32 to !rows
  %0 = tile.reduce max %t, %r : !tile, !rows
  tile.store_rows %0 to %l[%i] : !rows to memref<?xf32>
  "test.between"() : () -> ()
  %p = tile.broadcast %r : !rows to !partial
  %1 = tile.reduce add %t, %p : !tile, !partial
  "test.between"() : () -> ()
  %2 = tile.total %1 : !partial to !rows
  tile.store_rows %2 to %l[%i] : !rows to memref<?xf32>
  gpu.return
}

// Two blocks of columns, the last one first: for each of the thread's two rows and each
// block the other lanes' sums come in two exchanges. Lanes further left add what lies to
// the right of them.
// CHECK-LABEL: gpu.func @scan(
// CHECK:         %[[ODD:.*]] = arith.cmpi ne
// CHECK:         %[[RIGHT:.*]] = arith.cmpi ne
// CHECK:         %[[PAIR:.*]] = arith.addf
// CHECK:         %[[NEXT:.*]] = nvvm.shfl.sync bfly %{{.*}}, %[[PAIR]], %{{.*}}
// CHECK:         %[[LATER:.*]] = arith.select %[[ODD]], %{{.*}}, %[[NEXT]] : f32
// CHECK:         arith.addf %{{.*}}, %[[LATER]]
// CHECK:         %[[TWO:.*]] = arith.addf %[[PAIR]], %[[NEXT]]
// CHECK:         %[[FAR:.*]] = nvvm.shfl.sync bfly %{{.*}}, %[[TWO]], %{{.*}}
// CHECK:         arith.select %[[RIGHT]], %{{.*}}, %[[FAR]] : f32
// CHECK-COUNT-6: nvvm.shfl.sync bfly
// CHECK-NOT:     nvvm.shfl
// CHECK:         "test.between"
gpu.func @scan(%x: f32, %l: memref<?xf32>, %i: i32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  %t = tile.broadcast %x : f32 to tensor<16x16xf32, #tile.accumulator<warps = 1>>
  %r = tile.broadcast %x : f32 to !rows
  %sums, %all = tile.scan %t, %r : tensor<16x16xf32, #tile.accumulator<warps = 1>>, !rows
  "test.between"() : () -> ()
  %0 = tile.reduce max %sums, %all : tensor<16x16xf32, #tile.accumulator<warps = 1>>, !rows
  tile.store_rows %0 to %l[%i] : !rows to memref<?xf32>
  gpu.return
}

// Elementwise ops are one op per value of the thread: 4 of 16 x 8 for 32 threads.
// Flags stay.
// CHECK-LABEL: gpu.func @elementwise(
// CHECK-COUNT-4: arith.mulf %{{.*}}, %{{.*}} fastmath<nnan> : f32
// CHECK-NOT:     arith.mulf
// CHECK-COUNT-4: math.exp2
// CHECK-NOT:     math.exp2
// CHECK-COUNT-4: arith.cmpi slt, %{{.*}} : i32
// CHECK-COUNT-4: arith.select %{{.*}} : f32
// CHECK:         gpu.return
gpu.func @elementwise(%x: i32, %l: memref<?xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  %i = tile.index %x : tensor<16xi32, #tile.rows<warps = 1>>
  %j = tile.index %x : tensor<8xi32, #tile.columns<warps = 1>>
  %ii = tile.broadcast %i : tensor<16xi32, #tile.rows<warps = 1>> to tensor<16x8xi32, #tile.accumulator<warps = 1>>
  %jj = tile.broadcast %j : tensor<8xi32, #tile.columns<warps = 1>> to tensor<16x8xi32, #tile.accumulator<warps = 1>>
  %v = tile.gather %l[%jj] : memref<?xf32>, tensor<16x8xi32, #tile.accumulator<warps = 1>> to !tile
  %0 = arith.mulf %v, %v fastmath<nnan> : !tile
  %1 = math.exp2 %0 : !tile
  %2 = arith.cmpi slt, %ii, %jj : tensor<16x8xi32, #tile.accumulator<warps = 1>>
  %3 = arith.select %2, %1, %v : tensor<16x8xi1, #tile.accumulator<warps = 1>>, !tile
  %f = arith.constant 0.0 : f32
  %r = tile.broadcast %f : f32 to !rows
  %4 = tile.reduce max %3, %r : !tile, !rows
  tile.store_rows %4 to %l[%x] : !rows to memref<?xf32>
  gpu.return
}

// A constant of one value is that value.
// CHECK-LABEL: gpu.func @constant(
// CHECK:         arith.constant 1.000000e+00 : f32
// CHECK-NOT:     tensor
// CHECK:         gpu.return
gpu.func @constant(%l: memref<?xf32>, %x: i32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  %0 = arith.constant dense<1.0> : !rows
  tile.store_rows %0 to %l[%x] : !rows to memref<?xf32>
  gpu.return
}

// Rows are g and g + 8 with g = lane / 4; columns 2 q and 2 q + 1 with q = lane % 4.
// CHECK-LABEL: gpu.func @index(
// CHECK-SAME:    %[[BASE:[^ ]+]]: i32)
// CHECK:         %[[LANE:.*]] = arith.andi %{{.*}}, %c31_i32
// CHECK:         %[[WARP:.*]] = arith.muli %{{.*}}, %c16_i32
// CHECK:         %[[G:.*]] = arith.shrui %[[LANE]], %c2_i32
// CHECK:         %[[IN:.*]] = arith.addi %[[WARP]], %[[G]]
// CHECK:         %[[ROW:.*]] = arith.addi %[[BASE]], %[[IN]]
// CHECK:         arith.addi %[[ROW]], %c8_i32
// CHECK:         %[[Q:.*]] = arith.andi %{{.*}}, %c3_i32
// CHECK:         %[[TWICE:.*]] = arith.shli %[[Q]], %c1_i32
// CHECK:         %[[COLUMN:.*]] = arith.addi %[[BASE]], %[[TWICE]]
// CHECK:         arith.addi %[[COLUMN]], %c1_i32
gpu.func @index(%x: i32) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  %i = tile.index %x : tensor<32xi32, #tile.rows<warps = 2>>
  %j = tile.index %x : tensor<8xi32, #tile.columns<warps = 2>>
  gpu.return
}
}
