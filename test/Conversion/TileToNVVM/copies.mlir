// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm,canonicalize,cse))" \
// RUN:   -split-input-file | FileCheck %s

!g = memref<?x64xf16, strided<[?, 1], offset: ?>>
!s = memref<32x64xf16, #tile.swizzle<128>>

// 64 threads take 8 rows of 128 bytes at a time; chunk c of row r goes to c ^ (r % 8).
// Rows past the end are written as zeros: the size of the source is a select.
gpu.module @m {
// CHECK-LABEL: gpu.func @rows_of_128_bytes(
// CHECK:         %[[CHUNK:.*]] = arith.remui %{{.*}}, %c8_i32
// CHECK:         %[[ROW:.*]] = arith.divui %{{.*}}, %c8_i32
// CHECK:         %[[TURN:.*]] = arith.andi %[[ROW]], %c7_i32
// CHECK:         arith.xori %[[CHUNK]], %[[TURN]]
// CHECK:         %[[INSIDE:.*]] = arith.cmpi slt
// CHECK:         %[[BYTES:.*]] = arith.select %[[INSIDE]], %c16_i32, %c0_i32
// CHECK:         nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache =  cg, %[[BYTES]]
// CHECK-COUNT-3: nvvm.cp.async.shared.global {{.*}}, 16, cache =  cg, %
// CHECK-NOT:     nvvm.cp.async
gpu.func @rows_of_128_bytes(%g: !g, %r: i32) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.copy_async %g[%r] to %s : !g to !s
  gpu.return
}

// Known to be inside: neither comparison nor select.
// CHECK-LABEL: gpu.func @in_bounds(
// CHECK-NOT:     arith.select
// CHECK:         nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache =  cg :
// CHECK-NOT:     arith.select
// CHECK:         gpu.return
gpu.func @in_bounds(%g: !g, %r: i32) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  %true = arith.constant true
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.copy_async %g[%r] to %s in_bounds %true : !g to !s
  gpu.return
}

// Known in one case: the condition comes before the comparison.
// CHECK-LABEL: gpu.func @maybe_in_bounds(
// CHECK-SAME:    %[[KNOWN:[^ ]+]]: i1)
// CHECK:         %[[ROW:.*]] = arith.cmpi slt
// CHECK:         %[[INSIDE:.*]] = arith.ori %[[KNOWN]], %[[ROW]]
// CHECK:         arith.select %[[INSIDE]]
gpu.func @maybe_in_bounds(%g: !g, %r: i32, %known: i1) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.copy_async %g[%r] to %s in_bounds %known : !g to !s
  gpu.return
}

// The synchronous form waits for the buffer's readers, and then for the copy.
// CHECK-LABEL: gpu.func @synchronous(
// CHECK:         nvvm.barrier0
// CHECK:         nvvm.cp.async.shared.global
// CHECK:         nvvm.cp.async.commit.group
// CHECK-NEXT:    nvvm.cp.async.wait.group 0
// CHECK-NEXT:    nvvm.barrier0
gpu.func @synchronous(%g: !g, %r: i32) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.copy %g[%r] to %s : !g to !s
  gpu.return
}

// CHECK-LABEL: gpu.func @groups(
// CHECK-NEXT:    nvvm.cp.async.commit.group
// CHECK-NEXT:    nvvm.cp.async.wait.group 1
// CHECK-NEXT:    nvvm.barrier0
// CHECK-NEXT:    nvvm.barrier0
// CHECK-NEXT:    gpu.return
gpu.func @groups() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  tile.async_commit
  tile.async_wait 1
  tile.barrier
  gpu.return
}
}

// -----

!g = memref<?x40xf16, strided<[?, 1], offset: ?>>
!s = memref<16x48xf16, #tile.swizzle<32>>

// Three pages of 32 bytes, turned by row / 4 % 2; columns past the width of the
// source, in the last page only, are zeros.
gpu.module @m {
// CHECK-LABEL: gpu.func @rows_of_32_bytes(
// CHECK:         arith.remui %{{.*}}, %c2_i32
// CHECK:         %[[BY_FOUR:.*]] = arith.shrui %{{.*}}, %c2_i32
// CHECK:         arith.andi %[[BY_FOUR]], %c1_i32
// CHECK-COUNT-2: nvvm.cp.async.shared.global {{.*}}, 16, cache =  cg :
// CHECK:         %[[COLUMN:.*]] = arith.cmpi slt, %{{.*}}, %c8_i32
// CHECK:         %[[BYTES:.*]] = arith.select %[[COLUMN]], %c16_i32, %c0_i32
// CHECK:         nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache =  cg, %[[BYTES]]
// CHECK-NOT:     nvvm.cp.async
gpu.func @rows_of_32_bytes(%g: !g, %r: i32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  %true = arith.constant true
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.copy_async %g[%r] to %s in_bounds %true : !g to !s
  gpu.return
}
}

// -----

!g = memref<?x32xf16, strided<[?, 1], offset: ?>>
!s = memref<16x32xf16, #tile.swizzle<64>>

// Pages of 64 bytes are turned by row / 2 % 4.
gpu.module @m {
// CHECK-LABEL: gpu.func @rows_of_64_bytes(
// CHECK:         arith.remui %{{.*}}, %c4_i32
// CHECK:         %[[HALF:.*]] = arith.shrui %{{.*}}, %c1_i32
// CHECK:         arith.andi %[[HALF]], %c3_i32
gpu.func @rows_of_64_bytes(%g: !g, %r: i32) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.copy_async %g[%r] to %s : !g to !s
  gpu.return
}

// More threads than chunks: those without a row do nothing.
// CHECK-LABEL: gpu.func @idle_threads(
// CHECK:         %[[OWNS:.*]] = arith.cmpi slt, %{{.*}}, %c16_i32
// CHECK:         scf.if %[[OWNS]] {
// CHECK:           nvvm.cp.async.shared.global
gpu.func @idle_threads(%g: !g, %r: i32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.copy_async %g[%r] to %s : !g to !s
  gpu.return
}

// Rows at multiples of 8 bytes: two pieces a chunk, which the first cache may keep.
// CHECK-LABEL: gpu.func @pieces_of_8_bytes(
// CHECK-COUNT-2: nvvm.cp.async.shared.global {{.*}}, 8, cache =  ca
// CHECK-NOT:     nvvm.cp.async
gpu.func @pieces_of_8_bytes(%g: !g, %r: i32) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  %true = arith.constant true
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.copy_async %g[%r] to %s in_bounds %true {alignment = 8 : i64} : !g to !s
  gpu.return
}

// Below 4 bytes there is no asynchronous copy: a chunk goes through registers.
// CHECK-LABEL: gpu.func @single_elements(
// CHECK-NOT:     nvvm.cp.async.shared
// CHECK-COUNT-8: llvm.load %{{.*}} : !llvm.ptr<1> -> i16
// CHECK:         llvm.store %{{.*}} {alignment = 16 : i64} : vector<8xi16>, !llvm.ptr<3>
gpu.func @single_elements(%g: !g, %r: i32) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  %true = arith.constant true
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.copy_async %g[%r] to %s in_bounds %true {alignment = 2 : i64} : !g to !s
  gpu.return
}
}

// -----

!acc = tensor<16x32xf32, #tile.accumulator<warps = 1>>
!g = memref<?x32xf16, strided<[?, 1], offset: ?>>
!s = memref<16x32xf16, #tile.swizzle<64>>

// Out: pairs to shared memory, then 16 bytes a lane; only the warp synchronizes. A
// row past the end is not stored.
gpu.module @m {
// CHECK-LABEL: gpu.func @out(
// CHECK-COUNT-8: llvm.store %{{.*}} : vector<2xf16>, !llvm.ptr<3>
// CHECK-NOT:     nvvm.barrier
// CHECK:         nvvm.bar.warp.sync
// CHECK:         %[[INSIDE:.*]] = arith.cmpi slt
// CHECK:         scf.if %[[INSIDE]] {
// CHECK:           %[[CHUNK:.*]] = llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<3> -> vector<4xi32>
// CHECK:           llvm.store %[[CHUNK]], %{{.*}} {alignment = 16 : i64} : vector<4xi32>, !llvm.ptr<1>
// CHECK:         }
// CHECK:         scf.if
// CHECK-NOT:     scf.if
gpu.func @out(%g: !g, %r: i32, %x: f32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  %t = tile.broadcast %x : f32 to !acc
  tile.store %t to %s : !acc to !s
  tile.copy_out %s to %g[%r] : !s to !g
  gpu.return
}
}

// -----

!s = memref<16x32xf16, #tile.swizzle<64>>
!g = memref<?x32xf16, strided<[?, 1], offset: ?>>

// All shared memory is one array; a buffer is its offset, a slot a multiple of its
// size.
gpu.module @m {
// CHECK:       llvm.mlir.global external @attn_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
// CHECK-LABEL: gpu.func @slots(
// CHECK-SAME:    %[[SLOT:[^ ]+]]: i32)
// CHECK:         %[[ARRAY:.*]] = llvm.ptrtoint %{{.*}} : !llvm.ptr<3> to i32
// CHECK:         %[[RING:.*]] = arith.addi %[[ARRAY]], %c2048_i32
// CHECK:         %[[BYTES:.*]] = arith.muli %[[SLOT]], %c1024_i32
// CHECK:         arith.addi %[[RING]], %[[BYTES]]
gpu.func @slots(%g: !g, %i: i32) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
  %s = tile.alloc {offset = 2048 : i64, slots = 2 : i64} : !s
  %0 = tile.slot %s[%i] : !s
  tile.copy_out %0 to %g[%i] : !s to !g
  gpu.return
}
}
