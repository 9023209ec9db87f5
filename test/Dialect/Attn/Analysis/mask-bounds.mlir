// RUN: attn-opt %s --attn-bufferize --attn-choose-schedule="schedule=m=16,n=16,warps=1,stages=1" \
// RUN:   --attn-to-tile --canonicalize --cse -split-input-file | FileCheck %s

// What the analysis finds is seen in the number of key tiles of a block: 64 keys
// are 4 tiles of 16. FIRST and LAST are the rows of the block.

!t = tensor<1x1x64x16xf16>

// No mask: every tile is visited, and every one is full.
// CHECK-LABEL: gpu.func @none_0(
// CHECK:         %[[ZERO:.*]] = arith.constant 0 : i32
// CHECK:         scf.for %[[T:.*]] = %[[ZERO]] to %c4_i32
// CHECK:           %[[FULL:.*]] = arith.cmpi sge, %[[T]], %[[ZERO]]
// CHECK:           scf.if %[[FULL]]
func.func @none(%q: !t) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// j <= i: up to the tile of the last row; those left of the first row are full.
// CHECK-LABEL: gpu.func @causal_0(
// CHECK:         %[[FIRST:.*]] = arith.muli %{{.*}}, %c16_i32
// CHECK:         %[[END:.*]] = arith.addi %[[FIRST]], %c15_i32
// CHECK:         %[[LAST:.*]] = arith.minsi %[[END]], %c63_i32
// CHECK:         %[[HIGH:.*]] = arith.minsi %[[LAST]], %c63_i32
// CHECK:         %[[ALL:.*]] = arith.minsi %[[FIRST]], %c63_i32
// CHECK:         arith.floordivsi %[[HIGH]], %c16_i32
// CHECK:         %[[KEPT:.*]] = arith.addi %[[ALL]], %c1_i32
// CHECK:         arith.floordivsi %[[KEPT]], %c16_i32
// CHECK:         scf.for %[[T:[^ ]+]] =
// CHECK:           %[[FULL:.*]] = arith.cmpi sge, %[[T]],
// CHECK:           scf.if %[[FULL]]
func.func @causal(%q: !t) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.cmpi sle, %j, %i : index
    attn.yield %0 : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// i - 8 <= j: a lower bound for each row, which cuts the full tiles at their end too.
// CHECK-LABEL: gpu.func @window_0(
// CHECK:         %[[LOW:.*]] = arith.subi %c-8_i32, %{{.*}}
// CHECK:         %[[ANY:.*]] = arith.maxsi %[[LOW]], %c0_i32
// CHECK:         arith.floordivsi %[[ANY]], %c16_i32
// CHECK:         scf.for %[[T:[^ ]+]] =
// CHECK:           %[[BEGUN:.*]] = arith.cmpi sge, %[[T]],
// CHECK:           %[[NOT_ENDED:.*]] = arith.cmpi slt, %[[T]],
// CHECK:           arith.andi %[[BEGUN]], %[[NOT_ENDED]]
func.func @window(%q: !t) -> !t {
  %c8 = arith.constant 8 : index
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.subi %i, %c8 : index
    %1 = arith.cmpi sge, %j, %0 : index
    attn.yield %1 : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// j <= i + n: a value from outside is a term.
// CHECK-LABEL: gpu.func @offset_0(
// CHECK-SAME:    %[[N:[^ ]+]]: index) kernel
// CHECK:         %[[FIRST:.*]] = arith.muli %{{.*}}, %c16_i32
// CHECK:         arith.maxsi %[[N]],
// CHECK:         %[[OFFSET:.*]] = arith.index_cast %{{.*}} : index to i32
// CHECK:         arith.addi %[[OFFSET]], %[[FIRST]]
// CHECK:         %[[HIGH:.*]] = arith.addi %[[OFFSET]], %
// CHECK:         arith.minsi %[[HIGH]], %c63_i32
// CHECK:         scf.for
// CHECK:           scf.if
func.func @offset(%q: !t, %n: index) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.addi %i, %n : index
    %1 = arith.cmpi sle, %j, %0 : index
    attn.yield %1 : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// j <= 2 i: any factor of the row.
// CHECK-LABEL: gpu.func @rows_by_two_0(
// CHECK:         %[[LAST:.*]] = arith.minsi %{{.*}}, %c63_i32
// CHECK:         %[[TWICE:.*]] = arith.muli %[[LAST]], %c2_i32
// CHECK:         arith.minsi %[[TWICE]], %c63_i32
// CHECK:         scf.for
// CHECK:           scf.if
func.func @rows_by_two(%q: !t) -> !t {
  %c2 = arith.constant 2 : index
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.muli %i, %c2 : index
    %1 = arith.cmpi sle, %j, %0 : index
    attn.yield %1 : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// 2 j <= i would need a division: the limit beside it bounds the keys that are read,
// and the tiles come from a list.
// CHECK-LABEL: gpu.func @keys_by_two_0_tiles(
// CHECK-LABEL: gpu.func @keys_by_two_0(
// CHECK:         %[[LAST:.*]] = arith.minsi %{{.*}}, %c63_i32
// CHECK:         %[[HIGH:.*]] = arith.minsi %[[LAST]], %c63_i32
// CHECK:         tile.load_constant
// CHECK:         scf.for
func.func @keys_by_two(%q: !t) -> !t {
  %c2 = arith.constant 2 : index
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.muli %j, %c2 : index
    %1 = arith.cmpi sle, %0, %i : index
    %2 = arith.cmpi sle, %j, %i : index
    %3 = arith.andi %1, %2 : i1
    attn.yield %3 : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// i < 20: all keys of a row or none, so whole blocks have no tile to visit.
// CHECK-LABEL: gpu.func @rows_only_0(
// CHECK:         %[[NONE:.*]] = arith.cmpi slt, %{{.*}}, %c0_i32
// CHECK:         arith.select %[[NONE]], %c-1_i32, %c63_i32
// CHECK:         scf.for
// CHECK:           scf.if
func.func @rows_only(%q: !t) -> !t {
  %c20 = arith.constant 20 : index
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.cmpi slt, %i, %c20 : index
    attn.yield %0 : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// j < 8 or j <= i, two limits in one direction: j <= max(7, i).
// CHECK-LABEL: gpu.func @prefix_0(
// CHECK:         %[[LAST:.*]] = arith.minsi
// CHECK:         %[[ALL:.*]] = arith.maxsi %{{.*}}, %c7_i32
// CHECK:         %[[ANY:.*]] = arith.maxsi %[[LAST]], %c7_i32
// CHECK:         arith.minsi %[[ANY]], %c63_i32
// CHECK:         arith.minsi %[[ALL]], %c63_i32
// CHECK:         scf.for
// CHECK:           scf.if
func.func @prefix(%q: !t) -> !t {
  %c8 = arith.constant 8 : index
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.cmpi slt, %j, %c8 : index
    %1 = arith.cmpi sle, %j, %i : index
    %2 = arith.ori %0, %1 : i1
    attn.yield %2 : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// j <= i and j > i: nothing is kept, and no tile is visited.
// CHECK-LABEL: gpu.func @contradiction_0(
// CHECK-NOT:     scf.for
// CHECK:         gpu.return
func.func @contradiction(%q: !t) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.cmpi sle, %j, %i : index
    %1 = arith.cmpi sgt, %j, %i : index
    %2 = arith.andi %0, %1 : i1
    attn.yield %2 : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// Unsigned comparisons, narrow integers, a matrix read by both positions: nothing is
// known, and all is visited.
// CHECK-LABEL: gpu.func @opaque_0(
// CHECK:         scf.for %{{.*}} = %{{.*}} to %c4_i32
// CHECK-NOT:       scf.if
// CHECK:         gpu.return
// CHECK-LABEL: gpu.func @opaque_1(
// CHECK:         scf.for %{{.*}} = %{{.*}} to %c4_i32
// CHECK-NOT:       scf.if
// CHECK:         gpu.return
// CHECK-LABEL: gpu.func @opaque_2(
// CHECK:         scf.for %{{.*}} = %{{.*}} to %c4_i32
// CHECK-NOT:       scf.if
// CHECK:         gpu.return
func.func @opaque(%q: !t, %keep: tensor<64x64xi1>) -> (!t, !t, !t) {
  %0 = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %k = arith.cmpi ult, %j, %i : index
    attn.yield %k : i1
  } -> !t
  %1 = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %m = arith.index_cast %i : index to i8
    %n = arith.index_cast %j : index to i8
    %k = arith.cmpi sge, %m, %n : i8
    attn.yield %k : i1
  } -> !t
  %2 = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %k = attn.load %keep[%i, %j] : tensor<64x64xi1>
    attn.yield %k : i1
  } -> !t
  return %0, %1, %2 : !t, !t, !t
}
