// RUN: attn-opt %s --attn-bufferize --attn-choose-schedule="schedule=m=16,n=16,warps=1,stages=1" \
// RUN:   --attn-to-tile --cse -split-input-file | FileCheck %s

// The kernel and its launch: a grid of query blocks x heads x batches, the key head
// of a group of heads, one copy of the query, and the two products of a key tile.
!q = tensor<?x4x?x32xf16>
!kv = tensor<?x2x?x32xf16>

// CHECK-LABEL: gpu.func @plain_0(
// CHECK-SAME:    %[[Q:[^:]+]]: memref<?x4x?x32xf16, strided<[?, ?, ?, 1], offset: ?>>, %[[K:[^:]+]]: {{[^%]*}}%[[V:[^:]+]]: {{[^%]*}}%[[O:[^:]+]]: memref
// CHECK-SAME:    known_block_size = array<i32: 32, 1, 1>
// CHECK:         %[[HEAD:.*]] = gpu.block_id  y
// CHECK:         %[[BATCH:.*]] = gpu.block_id  z
// CHECK:         %[[KEY_HEAD:.*]] = arith.divui %[[HEAD]],
// CHECK-DAG:     %[[QUERY:.*]] = memref.subview %[[Q]][%[[BATCH]], %[[HEAD]], 0, 0]
// CHECK-DAG:     %[[KEY:.*]] = memref.subview %[[K]][%[[BATCH]], %[[KEY_HEAD]], 0, 0]
// CHECK-DAG:     %[[VALUE:.*]] = memref.subview %[[V]][%[[BATCH]], %[[KEY_HEAD]], 0, 0]
// CHECK-DAG:     %[[OUT:.*]] = memref.subview %[[O]][%[[BATCH]], %[[HEAD]], 0, 0]
// CHECK:         tile.copy %[[QUERY]]
// CHECK-DAG:     %[[KEYS:.*]] = memref.subview %[[KEY]][0, 0]
// CHECK-DAG:     %[[VALUES:.*]] = memref.subview %[[VALUE]][0, 0]
// CHECK:         scf.for
// CHECK:           tile.copy %[[KEYS]]{{.*}} in_bounds
// CHECK:           tile.dot {{.*}} transposed
// CHECK:           tile.copy %[[VALUES]]{{.*}} in_bounds
// CHECK:           tile.convert
// CHECK:           tile.dot
// CHECK:         tile.store
// CHECK:         tile.copy_out {{.*}} to %[[OUT]]
// CHECK-NOT:     tile.store_rows
// CHECK:         gpu.return
// CHECK-LABEL: func.func @plain(
// CHECK:         attn.require
// CHECK:         %[[BLOCKS:.*]] = arith.ceildivui
// CHECK:         gpu.launch_func @plain_kernels::@plain_0 blocks in (%[[BLOCKS]], %{{.*}}, %{{.*}}) threads in (%c32
func.func @plain(%q: !q, %k: !kv, %v: !kv) -> !q {
  %o = attn.attention query(%q : !q) key(%k : !kv) value(%v : !kv) -> !q
  return %o : !q
}

// -----

!t = tensor<1x1x64x40xf16>

// The log-sum-exp is one more argument and one more store. A head dim that is no
// multiple of 16 is padded in shared memory.
// CHECK-LABEL: gpu.func @lse_0(
// CHECK:         %[[LSE:.*]] = memref.subview {{.*}} : memref<1x1x64xf32,
// CHECK:         tile.alloc : memref<16x48xf16,
// CHECK:         tile.store_rows %{{.*}} to %[[LSE]]
func.func @lse(%q: !t) -> (!t, tensor<1x1x64xf32>) {
  %o, %lse = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
      -> !t, tensor<1x1x64xf32>
  return %o, %lse : !t, tensor<1x1x64xf32>
}

// -----

!t = tensor<1x2x64x16xf16>

// Two ops of a function are two kernels of one module.
// CHECK-LABEL: gpu.module @two_kernels
// CHECK:         gpu.func @two_0(
// CHECK:         gpu.func @two_1(
// CHECK-LABEL: func.func @two(
// CHECK:         gpu.launch_func @two_kernels::@two_0
// CHECK:         gpu.launch_func @two_kernels::@two_1
func.func @two(%q: !t) -> (!t, !t) {
  %0 = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  %1 = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  return %0, %1 : !t, !t
}
