// RUN: attn-opt %s --tile-walk-blocks -split-input-file --canonicalize | FileCheck %s

#h = #tile.schedule<m = 64, n = 32, warps = 4, stages = 2, consumers = 1, persistent = true>

// A block for each multiprocessor, which takes every so many tiles.
module attributes {gpu.container_module} {
gpu.module @kernels {
// CHECK-LABEL: gpu.func @persistent(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?xi32>, %[[BLOCKS:[^:]+]]: i32, %[[HEADS:[^:]+]]: i32, %[[OUTER:[^:]+]]: i32, %[[SECTION:[^:]+]]: i32, %[[STRIDE:[^:]+]]: i32)
// CHECK:         %[[ID:.*]] = gpu.block_id x
// CHECK:         scf.for %[[T:.*]] = %{{.*}} to %{{.*}} step %[[STRIDE]]
// CHECK-NEXT:      %[[TILE:.*]] = tile.uniform %[[T]]
// CHECK:           %[[FIRST:.*]] = arith.muli %{{.*}}, %[[SECTION]]
// CHECK:           %[[WIDTH:.*]] = arith.minui %[[SECTION]],
// CHECK:           %[[M:.*]] = arith.divui %{{.*}}, %[[WIDTH]]
// CHECK:           %[[I:.*]] = arith.index_castui %[[M]]
// CHECK:           memref.store %{{.*}}, %[[X]][%[[I]]]
gpu.func @persistent(%x: memref<?xi32>) kernel attributes {tile.schedule = #h} {
  %i = gpu.block_id x
  %c = arith.constant 1 : i32
  memref.store %c, %x[%i] : memref<?xi32>
  gpu.return
}
}
// CHECK-LABEL: func.func @host(
// CHECK:         %[[PLACES:.*]] = tile.multiprocessors
// CHECK:         %[[GRID:.*]] = arith.minui %{{.*}}, %[[PLACES]]
// CHECK:         gpu.launch_func @kernels::@persistent blocks in (%[[GRID]], %c1, %c1)
func.func @host(%x: memref<?xi32>, %a: index, %b: index, %c: index, %t: index) {
  gpu.launch_func @kernels::@persistent blocks in (%a, %b, %c) threads in (%t, %t, %t)
    args(%x : memref<?xi32>)
  return
}
}

// -----

#h = #tile.schedule<m = 64, n = 32, warps = 4, stages = 2, consumers = 1, longest_first = true, cluster = 2>

// The last rows have the most work; the blocks of a cluster are neighbours.
module attributes {gpu.container_module} {
gpu.module @kernels {
// CHECK-LABEL: gpu.func @ordered(
// CHECK:         %[[RANK:.*]] = arith.remui %{{.*}}, %c2_i32
// CHECK:         %[[LAST:.*]] = arith.subi %{{.*}}, %c1_i32
// CHECK:         %[[P:.*]] = arith.subi %[[LAST]], %{{.*}}
// CHECK:         %[[FIRST:.*]] = arith.muli %[[P]], %c2_i32
// CHECK:         arith.addi %[[FIRST]], %[[RANK]]
gpu.func @ordered(%x: memref<?xi32>) kernel attributes {tile.schedule = #h} {
  %i = gpu.block_id x
  %c = arith.constant 1 : i32
  memref.store %c, %x[%i] : memref<?xi32>
  gpu.return
}
}
// CHECK-LABEL: func.func @host(
// CHECK:         %[[PAIRS:.*]] = arith.ceildivui %{{.*}}, %c2
func.func @host(%x: memref<?xi32>, %a: index, %b: index, %c: index, %t: index) {
  gpu.launch_func @kernels::@ordered blocks in (%a, %b, %c) threads in (%t, %t, %t)
    args(%x : memref<?xi32>)
  return
}
}
