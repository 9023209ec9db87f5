// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_80},canonicalize,cse))" -split-input-file | FileCheck %s --check-prefixes=CHECK,AMPERE
// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_90a},canonicalize,cse))" -split-input-file | FileCheck %s --check-prefixes=CHECK,HOPPER

// 128 threads are 16 rows of 8 pieces: each keeps its frequencies and goes through rows.
// The matrix unit of sm_90a reads what has been written after a fence.
gpu.module @m {
// CHECK-LABEL: gpu.func @halves(
// CHECK-DAG:     %[[ROW:.*]] = arith.remui %{{.*}}, %c16_i32
// CHECK-DAG:     %[[PIECE:.*]] = arith.divui %{{.*}}, %c16_i32
// CHECK:         llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<8xf32>
// CHECK:         scf.for %{{.*}} = %[[ROW]] to %{{.*}} step %c16_i32
// CHECK:           llvm.load %[[LOW:.*]] {alignment = 16 : i64} : !llvm.ptr<3> -> vector<8xf16>
// CHECK:           llvm.load %[[HIGH:.*]] {alignment = 16 : i64} : !llvm.ptr<3> -> vector<8xf16>
// CHECK-COUNT-8:   math.sincos
// CHECK-NOT:       math.sincos
// CHECK:           llvm.store %{{.*}}, %[[LOW]] {alignment = 16 : i64} : vector<8xf16>, !llvm.ptr<3>
// CHECK:           llvm.store %{{.*}}, %[[HIGH]] {alignment = 16 : i64} : vector<8xf16>, !llvm.ptr<3>
// CHECK-NEXT:    }
// HOPPER-NEXT:   nvvm.fence.proxy
// AMPERE-NOT:    nvvm.fence.proxy
// CHECK:         gpu.return
gpu.func @halves(%f: memref<1x64xf32, 1>, %first: i32, %end: i32) kernel
    attributes {known_block_size = array<i32: 128, 1, 1>} {
  %t = tile.alloc {offset = 0} : memref<64x128xf16, #tile.swizzle<128>>
  %c0 = arith.constant 0 : i32
  tile.rotate_rows %t rows(%first to %end) by %f[%c0] {width = 128 : i64}
    : memref<64x128xf16, #tile.swizzle<128>> by memref<1x64xf32, 1>
  tile.barrier
  gpu.return
}
}

// -----

// Twelve columns are three pieces of two pairs: two threads of 128 have none. Cosines and
// sines are read for each row, at its position.
gpu.module @m {
// CHECK-LABEL: gpu.func @tables(
// CHECK:         %[[PIECE:.*]] = arith.divui %{{.*}}, %c42_i32
// CHECK:         %[[OWNS:.*]] = arith.cmpi slt, %[[PIECE]], %c3_i32
// CHECK:         arith.select %[[OWNS]], %{{.*}}, %c0_i32
// CHECK:         scf.for
// CHECK:           llvm.load %{{.*}} {alignment = 8 : i64} : !llvm.ptr<3> -> vector<4xbf16>
// CHECK:           llvm.load {{.*}} : !llvm.ptr<1> -> i64
// CHECK:           arith.trunci
// CHECK-COUNT-2:   llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr<1> -> vector<2xbf16>
// CHECK-NOT:       math.sincos
// CHECK:           llvm.store {{.*}} {alignment = 8 : i64} : vector<4xbf16>, !llvm.ptr<3>
gpu.func @tables(%c: memref<?x6xbf16, strided<[?, 1], offset: ?>>,
                 %s: memref<?x6xbf16, strided<[?, 1], offset: ?>>, %p: memref<?xi64>,
                 %first: i32, %end: i32) kernel
    attributes {known_block_size = array<i32: 128, 1, 1>} {
  %t = tile.alloc {offset = 0} : memref<64x16xbf16, #tile.swizzle<32>>
  tile.rotate_rows %t rows(%first to %end) by %c and %s positions %p interleaved
    {width = 12 : i64} : memref<64x16xbf16, #tile.swizzle<32>>
    by memref<?x6xbf16, strided<[?, 1], offset: ?>>
    and memref<?x6xbf16, strided<[?, 1], offset: ?>> positions memref<?xi64>
  gpu.return
}
}
