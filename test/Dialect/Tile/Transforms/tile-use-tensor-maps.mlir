// RUN: attn-opt %s --tile-use-tensor-maps -split-input-file | FileCheck %s
// RUN: attn-opt %s --tile-use-tensor-maps -split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!t = memref<2x3x?x64xf16, strided<[?, ?, ?, 1], offset: ?>>
!m = memref<?x64xf16, strided<[?, 1], offset: ?>>
!s = memref<64x64xf16, #tile.swizzle<128>>
#h = #tile.schedule<m = 64, n = 64, warps = 4, stages = 2, consumers = 1>

module attributes {gpu.container_module} {
gpu.module @k {
// The second copy ends before the tensor does: what lies behind is cleared.
// CHECK-LABEL: gpu.func @f(
// CHECK-SAME:    %[[T:[^:]+]]: memref{{.*}}, %[[ROW:[^:]+]]: i32, %[[END:[^:]+]]: index, %[[MAP:[^:]+]]: !tile.tensor_map)
// CHECK:         tile.copy_tensor %[[MAP]][%{{.*}}, %{{.*}}, %[[ROW]]] to %[[S:[^ ]+]]
// CHECK:         tile.copy_tensor %[[MAP]][%{{.*}}, %{{.*}}, %[[ROW]]] to %[[S]]
// CHECK:         scf.if
// CHECK-NEXT:      tile.zero_rows %[[S]][
// CHECK-NEXT:      tile.barrier
// CHECK:         tile.copy_out_tensor %[[S]] to %[[MAP]][
// CHECK-NEXT:    tile.copy_out_wait
// CHECK-NEXT:    gpu.return
gpu.func @f(%t: !t, %row: i32, %end: index) kernel attributes {tile.schedule = #h} {
  %b = gpu.block_id y
  %h = gpu.block_id x
  %c2 = arith.constant 2 : index
  %n = memref.dim %t, %c2 : !t
  %m = memref.subview %t[%b, %h, 0, 0] [1, 1, %n, 64] [1, 1, 1, 1] : !t to !m
  %s = tile.alloc : !s
  tile.copy %m[%row] to %s : !m to !s
  %used = memref.subview %m[0, 0] [%end, 64] [1, 1] : !m to !m
  tile.copy %used[%row] to %s : !m to !s
  tile.copy_out %s to %m[%row] : !s to !m
  gpu.return
}
}
// CHECK-LABEL: func.func @host(
// CHECK:         %[[A:.*]] = tile.encode_tensor_map %{{.*}} named "argument 0 of f" box{{ *}}[64, 64] swizzle 128
// CHECK:         gpu.launch_func @k::@f {{.*}}%[[A]] : !tile.tensor_map)
func.func @host(%t: !t, %row: i32, %c: index) {
  gpu.launch_func @k::@f blocks in (%c, %c, %c) threads in (%c, %c, %c) args(%t : !t, %row : i32, %c : index)
  return
}
}

// -----

!m = memref<?x64xf16, strided<[?, 1], offset: ?>>
!s = memref<64x64xf16, #tile.swizzle<128>>
#h = #tile.schedule<m = 64, n = 64, warps = 4, stages = 2, consumers = 1>

// Rows that are not multiples of 16 bytes apart stay with the threads.
gpu.module @k {
// REMARK: remark: copied by threads, not by the tensor copy engine: rows are multiples of 4 bytes apart, a tensor map takes multiples of 16
// CHECK-LABEL: gpu.func @odd(
// CHECK:         tile.copy %
gpu.func @odd(%t: !m, %row: i32) kernel attributes {tile.schedule = #h} {
  %s = tile.alloc : !s
  tile.copy %t[%row] to %s {alignment = 4 : i64} : !m to !s
  gpu.return
}
}

// -----

!t = memref<?x?x2x?x64xf8E4M3FN, strided<[?, ?, 64, ?, 1], offset: ?>>
!p = memref<2x?x64xf8E4M3FN, strided<[64, ?, 1], offset: ?>>
!m = memref<?x64xf8E4M3FN, strided<[?, 1], offset: ?>>
!s = memref<64x64xf8E4M3FN, #tile.swizzle<64>>
#h = #tile.schedule<m = 64, n = 64, warps = 4, stages = 2, consumers = 1>

// A slice of a head's slice: its index is one more coordinate.
gpu.module @k {
// CHECK-LABEL: gpu.func @part(
// CHECK:         tile.copy_tensor %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}, %[[ROW:.*]]] to
gpu.func @part(%t: !t, %row: i32, %i: index) kernel attributes {tile.schedule = #h} {
  %b = gpu.block_id y
  %h = gpu.block_id x
  %c3 = arith.constant 3 : index
  %n = memref.dim %t, %c3 : !t
  %p = memref.subview %t[%b, %h, 0, 0, 0] [1, 1, 2, %n, 64] [1, 1, 1, 1, 1] : !t to !p
  %m = memref.subview %p[%i, 0, 0] [1, %n, 64] [1, 1, 1] : !p to !m
  %s = tile.alloc : !s
  tile.copy %m[%row] to %s : !m to !s
  gpu.return
}
}
