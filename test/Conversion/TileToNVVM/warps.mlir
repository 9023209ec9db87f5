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
