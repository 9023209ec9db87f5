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

// -----

!t = tensor<1x2x64x16xf16>

// A sink is read once, for the head of the block, after the loop: the loop is that of
// softmax without one.
// CHECK-LABEL: gpu.func @sink_0(
// CHECK-SAME:    %[[SINKS:[^:]+]]: memref<2xf32, {{[^%]*}} kernel
// CHECK:         %[[R:.*]]:3 = scf.for
// CHECK-NOT:       memref.load
// CHECK:         %[[LOGIT:.*]] = memref.load %[[SINKS]]
// CHECK:         %[[TOTAL:.*]] = tile.total %[[R]]#1
// CHECK:         %[[SINK:.*]] = tile.broadcast %[[LOGIT]] : f32 to
// CHECK:         %[[MAX:.*]] = arith.maximumf %{{.*}}, %[[SINK]]
// CHECK:         %[[CARRIED:.*]] = math.exp
// CHECK:         %[[SUM:.*]] = arith.mulf %[[TOTAL]], %[[CARRIED]]
// CHECK:         %[[E:.*]] = math.exp
// CHECK:         %[[ALL:.*]] = arith.addf %[[SUM]], %[[E]]
// CHECK:         arith.divf %[[CARRIED]], %[[ALL]]
func.func @sink(%q: !t, %sinks: tensor<2xf32>) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  sink {
  ^bb0(%b: index, %h: index):
    %r = attn.load %sinks[%h] : tensor<2xf32>
    attn.yield %r : f32
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x2x64x16xf16>

// Without a state the loop carries the output alone, as it is; a full and a partial
// tile give nothing but weights.
// CHECK-LABEL: gpu.func @stateless_0(
// CHECK:         %[[R:.*]] = scf.for {{.*}} iter_args(%[[O:.*]] = %{{.*}}) ->
// CHECK:           %[[W:.*]] = scf.if
// CHECK:             math.exp2
// CHECK:             %[[SIGMOID:.*]] = arith.divf
// CHECK-NEXT:        scf.yield %[[SIGMOID]]
// CHECK:           } else {
// CHECK:             %[[S:.*]] = arith.select
// CHECK:             scf.yield
// CHECK:           %[[P:.*]] = tile.convert %[[W]]
// CHECK-NEXT:      %[[D:.*]] = tile.dot %[[P]], %{{.*}}, %[[O]]
// CHECK-NEXT:      scf.yield %[[D]]
// CHECK:         tile.store %[[R]] to
func.func @stateless(%q: !t) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
      {normalizer = #attn.sigmoid<bias = -3.0 : f32>}
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %m = arith.cmpi sle, %j, %i : index
    attn.yield %m : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x2x64x16xf16>

// A dropped score becomes what the normalizer gives no weight: here 0.
// CHECK-LABEL: gpu.func @identity_0(
// CHECK:         %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK:         %[[NOTHING:.*]] = tile.broadcast %[[ZERO]] : f32 to tensor<16x16xf32, #tile.accumulator
// CHECK:         scf.for
// CHECK:           } else {
// CHECK:             %[[S:.*]] = arith.select %{{.*}}, %{{.*}}, %[[NOTHING]]
// CHECK-NEXT:        scf.yield %[[S]]
func.func @identity(%q: !t) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
      {normalizer = #attn.identity, scale = 1.0 : f32}
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %m = arith.cmpi sle, %j, %i : index
    attn.yield %m : i1
  } -> !t
  return %o : !t
}
