// RUN: attn-opt %s --attn-bufferize --attn-expand-score-ops \
// RUN:   --attn-choose-schedule="schedule=m=32,n=16,warps=2,stages=1" \
// RUN:   --attn-to-tile -split-input-file | FileCheck %s

!q = tensor<?x4x?x32xf16>
!k = tensor<?x2x?x32xf16>
!v = tensor<?x2x?x64xf16>
!o = tensor<?x4x?x64xf16>

// 32 rows are 16 queries for each map, filled from both queries; two tiles of keys are one
// buffer, and the first product is two. There is one tile of values and one second product.
// CHECK-LABEL: gpu.func @own_0(
// CHECK-SAME:    %[[Q0:[a-z0-9]+]]: memref<?x4x?x32xf16, {{[^%]*}}%[[Q1:[a-z0-9]+]]: memref<?x4x?x32xf16, {{[^%]*}}%[[K0:[a-z0-9]+]]: memref<?x2x?x32xf16, {{[^%]*}}%[[K1:[a-z0-9]+]]: memref<?x2x?x32xf16, {{[^%]*}}%[[V:[a-z0-9]+]]: memref<?x2x?x64xf16, {{[^%]*}}%[[O:[a-z0-9]+]]: memref<?x4x?x64xf16, {{[^%]*}}%[[L:[a-z0-9]+]]: memref<4xf32,
// CHECK:         %[[HEAD:.*]] = gpu.block_id y
// CHECK:         %[[FIRST:.*]] = arith.muli %{{.*}}, %c16_i32
// CHECK:         %[[QUERY0:.*]] = memref.subview %[[Q0]]
// CHECK:         %[[QUERY1:.*]] = memref.subview %[[Q1]]
// CHECK:         %[[MAP:.*]] = tile.row_group 2
// CHECK:         %[[BACK:.*]] = arith.muli %[[MAP]], %c16_i32
// CHECK:         %[[BASE:.*]] = arith.subi %[[FIRST]], %[[BACK]]
// CHECK:         %[[QS:.*]] = tile.alloc : memref<32x32xf16,
// CHECK:         %[[KS:.*]] = tile.alloc : memref<32x32xf16,
// CHECK:         %[[VS:.*]] = tile.alloc : memref<16x64xf16,
// CHECK:         %[[OS:.*]] = tile.alloc : memref<16x64xf16,
// CHECK:         tile.copy %[[QUERY0]][%[[FIRST]]] and %[[QUERY1]] to %[[QS]]
// CHECK:         scf.for
// CHECK:           tile.copy %{{.*}} and %{{.*}} to %[[KS]] in_bounds
// CHECK:           tile.dot %[[QS]], %[[KS]] transposed, %{{.*}} {batches = 2 : i64}
// CHECK:           tile.copy %{{.*}} to %[[VS]] in_bounds
// CHECK-NOT:       tile.copy
// CHECK:           tile.index %[[BASE]]
// CHECK:           tile.dot %{{.*}}, %[[VS]], %{{.*}} : tensor<32x16xf16, {{.*}}, tensor<32x64xf32,
// CHECK-NOT:       tile.dot
// The rows of the second map are scaled by -lambda, then the halves meet.
// CHECK:         %[[SECOND:.*]] = tile.row_group 2
// CHECK:         %[[IS_FIRST:.*]] = arith.cmpi eq, %[[SECOND]], %c0_i32
// CHECK:         %[[LAMBDA:.*]] = memref.load %[[L]][%[[HEAD]]]
// CHECK:         %[[NEGATED:.*]] = arith.negf %[[LAMBDA]]
// CHECK:         %[[FACTOR:.*]] = arith.select %[[IS_FIRST]], %{{.*}}, %[[NEGATED]] : f32
// CHECK:         %[[FACTORS:.*]] = tile.broadcast %[[FACTOR]]
// CHECK:         %[[SCALED:.*]] = arith.mulf
// CHECK:         %[[SUM:.*]] = tile.sum_halves %[[SCALED]] through %[[OS]]
// CHECK-NEXT:    tile.store %[[SUM]] to %[[OS]]
// CHECK-NEXT:    tile.barrier
// CHECK-NEXT:    tile.copy_out %[[OS]]
// CHECK-LABEL: func.func @own(
// CHECK-SAME:    %[[Q0:[a-z0-9]+]]: memref<?x4x?x32xf16, {{[^%]*}}%[[K0:[a-z0-9]+]]: memref<?x2x?x32xf16, {{[^%]*}}%[[Q1:[a-z0-9]+]]: memref
// CHECK-DAG:     attn.require {{.*}}, "dimension 2 of query0 and query1"
// CHECK-DAG:     attn.require {{.*}}, "dimension 2 of key0 and key1"
// CHECK-DAG:     attn.require {{.*}}, "address of key1 modulo 16
// CHECK:         %[[BLOCKS:.*]] = arith.ceildivui %{{.*}}, %c16
// CHECK:         gpu.launch_func @own_kernels::@own_0 blocks in (%[[BLOCKS]],
func.func @own(%q0: !q, %k0: !k, %q1: !q, %k1: !k, %v: !v, %l: tensor<4xf32>) -> !o {
  %o = attn.differential query0(%q0 : !q) key0(%k0 : !k) query1(%q1 : !q) key1(%k1 : !k)
      value(%v : !v) lambda(%l : tensor<4xf32>) -> !o
  return %o : !o
}

// -----

!q = tensor<1x2x64x32xf16>
!k = tensor<1x1x64x32xf16>

// Maps that share a key have one argument for it, one tile and one plain product. Lambda is
// loaded for each row, where it has the query of its row; the norm ends the kernel.
// CHECK-LABEL: gpu.func @shared_0(
// CHECK-SAME:    %[[Q0:[a-z0-9]+]]: memref<1x2x64x32xf16, {{[^%]*}}%[[Q1:[a-z0-9]+]]: memref<1x2x64x32xf16, {{[^%]*}}%[[K:[a-z0-9]+]]: memref<1x1x64x32xf16, {{[^%]*}}%[[V:[a-z0-9]+]]: memref<1x1x64x32xf16, {{[^%]*}}%[[O:[a-z0-9]+]]: memref<1x2x64x32xf16, {{[^%]*}}%[[L:[a-z0-9]+]]: memref<1x2x64xf16, {{[^%]*}}%[[W:[a-z0-9]+]]: memref<32xf32,
// CHECK:         %[[QS:.*]] = tile.alloc : memref<32x32xf16,
// CHECK:         %[[KS:.*]] = tile.alloc : memref<16x32xf16,
// CHECK:         scf.for
// CHECK:           tile.copy %{{[^ ]*}}[%{{[^ ]*}}] to %[[KS]]
// CHECK:           tile.dot %[[QS]], %[[KS]] transposed, %{{[^ ]*}} : memref
// CHECK:         tile.row_group 2
// CHECK:         %[[I:.*]] = tile.index
// CHECK:         %[[INSIDE:.*]] = arith.minsi %[[I]]
// CHECK:         tile.gather %[[L]][%{{.*}}, %{{.*}}, %[[INSIDE]]]
// CHECK:         arith.extf
// CHECK:         %[[SUM:.*]] = tile.sum_halves
// CHECK:         %[[SQUARES:.*]] = arith.mulf %[[SUM]], %[[SUM]]
// CHECK:         tile.reduce add %[[SQUARES]]
// CHECK:         math.rsqrt
// CHECK:         tile.gather %[[W]]
// CHECK:         tile.store
func.func @shared(%q0: !q, %k: !k, %q1: !q, %v: !k, %l: tensor<1x2x64xf16>, %w: tensor<32xf32>) -> !q {
  %o = attn.differential query0(%q0 : !q) key0(%k : !k) query1(%q1 : !q) key1(%k : !k)
      value(%v : !k) lambda(%l : tensor<1x2x64xf16>) weight(%w : tensor<32xf32>)
      {norm_epsilon = 1.0e-05 : f32, norm_scale = 0.2 : f32} -> !q
  return %o : !q
}

// -----

!q = tensor<1x2x64x32xf16>

// A value that is the first columns of a key has a tile of its own here.
// CHECK-LABEL: gpu.func @value_in_key_0(
// CHECK:         scf.for
// CHECK:           tile.copy
// CHECK:           tile.copy
// CHECK-NOT:       tile.alias
// CHECK:         tile.sum_halves
func.func @value_in_key(%q: !q, %k: !q, %l: f32) -> !q {
  %o = attn.differential query0(%q : !q) key0(%k : !q) query1(%q : !q) key1(%k : !q)
      value(%k : !q) lambda(%l : f32) -> !q
  return %o : !q
}

// -----

!q = tensor<1x2x64x32xf16>

// Lists of live tiles are for blocks of 16 queries.
// CHECK-LABEL: gpu.func @listed_0_tiles(
// CHECK:         arith.muli %{{.*}}, %c16
// CHECK-LABEL: func.func @listed(
// CHECK:         arith.ceildivui %{{.*}}, %c16
func.func @listed(%q: !q, %k: !q, %v: !q, %l: f32, %n: index) -> !q {
  %o = attn.differential query0(%q : !q) key0(%k : !q) query1(%q : !q) key1(%k : !q)
      value(%v : !q) lambda(%l : f32)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %m = attn.chunked %i, %j, %n
    attn.yield %m : i1
  } -> !q
  return %o : !q
}
