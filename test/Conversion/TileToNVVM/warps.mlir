// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm,canonicalize,cse))" | FileCheck %s

// CHECK-LABEL: gpu.func @lanes(
// CHECK-DAG:     %[[LANE:.*]] = nvvm.read.ptx.sreg.laneid : i32
// CHECK-DAG:     %[[READ:.*]] = llvm.load %{{.*}} invariant {alignment = 4 : i64} : !llvm.ptr<1> -> i32
// CHECK:         nvvm.redux.sync min %[[READ]], %{{.*}} : i32 -> i32
// CHECK:         nvvm.redux.sync max %[[READ]], %{{.*}} : i32 -> i32
// CHECK:         nvvm.vote.sync ballot %{{.*}}, %{{.*}} -> i32
// CHECK:         llvm.store %{{.*}}, %{{.*}} : i32, !llvm.ptr<1>
gpu.module @m {
  gpu.func @lanes(%m: memref<?xi32>, %out: memref<?xi32>) kernel
      attributes {known_block_size = array<i32: 32, 1, 1>} {
    %lane = tile.lane
    %i = arith.index_cast %lane : i32 to index
    %v = tile.load_constant %m[%i] : memref<?xi32>
    %low = tile.reduce_lanes least %v
    %high = tile.reduce_lanes largest %v
    %same = arith.cmpi eq, %low, %high : i32
    %votes = tile.ballot %same
    memref.store %votes, %out[%i] : memref<?xi32>
    gpu.return
  }
}

// Each warp writes what it has, a barrier, and all warps read what all have.
gpu.module @threads {
  // CHECK:       llvm.mlir.global internal @attn_warp_numbers(#llvm.undef) {addr_space = 3 : i32, alignment = 4 : i64} : !llvm.array<3 x i32>
  // CHECK-LABEL: gpu.func @threads(
  // CHECK:         %[[MINE:.*]] = nvvm.redux.sync max
  // CHECK:         llvm.store %[[MINE]], %{{.*}} : i32, !llvm.ptr<3>
  // CHECK:         nvvm.barrier
  // CHECK:         arith.minui %{{.*}}, %c2_i32
  // CHECK:         %[[ONE:.*]] = llvm.load %{{.*}} : !llvm.ptr<3> -> i32
  // CHECK:         nvvm.redux.sync max %[[ONE]]
  // CHECK:         nvvm.shfl.sync bfly %{{.*}} f32 -> f32
  gpu.func @threads(%out: memref<?xi32>, %x: i32, %y: f32) kernel
      attributes {known_block_size = array<i32: 96, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %largest = tile.reduce_threads largest %x
    memref.store %largest, %out[%c0] : memref<?xi32>
    %other = tile.exchange_lanes %y, 4
    %bits = arith.bitcast %other : f32 to i32
    memref.store %bits, %out[%c1] : memref<?xi32>
    gpu.return
  }
}
