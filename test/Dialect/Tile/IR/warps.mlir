// RUN: attn-opt %s | attn-opt | FileCheck %s

// Ops of kernels that compute with a scalar for each lane.
// CHECK-LABEL: func.func @lanes(
// CHECK:         tile.lane
// CHECK:         tile.ballot %{{.*}}
// CHECK:         tile.reduce_lanes least %{{.*}}
// CHECK:         tile.reduce_lanes largest %{{.*}}
// CHECK:         tile.reduce_threads largest %{{.*}}
// CHECK:         tile.exchange_lanes %{{.*}}, 16
// CHECK:         tile.load_constant %{{.*}}[%{{.*}}, %{{.*}}] : memref<?x4xi32>
func.func @lanes(%c: i1, %v: i32, %x: f32, %m: memref<?x4xi32>, %i: index)
    -> (i32, i32, i32, i32, i32, i32, f32) {
  %0 = tile.lane
  %1 = tile.ballot %c
  %2 = tile.reduce_lanes least %v
  %3 = tile.reduce_lanes largest %v
  %5 = tile.reduce_threads largest %v
  %6 = tile.exchange_lanes %x, 16
  %4 = tile.load_constant %m[%i, %i] : memref<?x4xi32>
  return %0, %1, %2, %3, %4, %5, %6 : i32, i32, i32, i32, i32, i32, f32
}
