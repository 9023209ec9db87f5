// RUN: attn-opt %s --attn-bufferize --attn-expand-score-ops \
// RUN:   --attn-choose-schedule="schedule=m=16,n=32,warps=1,stages=1" \
// RUN:   --attn-to-tile --canonicalize --cse -split-input-file | FileCheck %s

// The code that proves a tile empty or full, in the kernel that lists the live ones.
// Extents: rows 16 * block to that + 15, keys 32 * tile to that + 31.

!t = tensor<1x1x64x16xf16>

// A window of every eighth key: the first multiple of 8 from the window's begin on must
// not lie behind its end. Nothing is ever full.
// CHECK-LABEL: gpu.func @dilated_0_tiles(
// CHECK:         scf.for
// CHECK:           %[[LOW:.*]] = arith.maxsi %{{.*}}, %c-20
// CHECK:           %[[HIGH:.*]] = arith.minsi %{{.*}}, %c20
// CHECK:           %[[AHEAD:.*]] = arith.subi %c0, %[[LOW]]
// CHECK:           %[[WHOLE:.*]] = arith.floordivsi %[[AHEAD]], %c8
// CHECK:           %[[BELOW:.*]] = arith.muli %[[WHOLE]], %c8
// CHECK:           %[[REST:.*]] = arith.subi %[[AHEAD]], %[[BELOW]]
// CHECK:           %[[FIRST:.*]] = arith.addi %[[LOW]], %[[REST]]
// CHECK:           arith.cmpi sgt, %[[FIRST]], %[[HIGH]]
// CHECK:           tile.ballot
func.func @dilated(%q: !t) -> !t {
  %w = arith.constant 20 : index
  %d = arith.constant 8 : index
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %m = attn.dilated_window %i, %j, %w, %d
    attn.yield %m : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// Documents: one kernel for the ids of the rows, one for those of the keys, each of
// which keeps the least and the largest id of every block.
// CHECK-LABEL: gpu.func @documents_0_rows(
// CHECK:         scf.for
// CHECK:           %[[ID:.*]] = memref.load
// CHECK:           arith.minsi %{{.*}}, %[[ID]]
// CHECK:           arith.maxsi %{{.*}}, %[[ID]]
// CHECK:         tile.reduce_lanes least
// CHECK:         tile.reduce_lanes largest
// CHECK-LABEL: gpu.func @documents_0_keys(
// CHECK-LABEL: gpu.func @documents_0_tiles(
// CHECK:         scf.for
// CHECK-COUNT-4:   tile.load_constant
// CHECK:           tile.ballot
// The attention kernel visits what the list says.
// CHECK-LABEL: gpu.func @documents_0(
// CHECK:         %[[LIVE:.*]] = tile.load_constant %[[LISTS:.*]][%c0, %c0, %{{.*}}, %c1]
// CHECK:         %[[COUNT:.*]] = tile.uniform %[[LIVE]]
// CHECK:         %[[CUT:.*]] = tile.load_constant %[[LISTS]][%c0, %c0, %{{.*}}, %c0]
// CHECK:         %[[PARTIAL:.*]] = tile.uniform %[[CUT]]
// CHECK:         scf.for %[[T:.*]] = %c0_i32 to %[[COUNT]]
// CHECK:           tile.load_constant %[[LISTS]]
// CHECK:           %[[FULL:.*]] = arith.cmpi sge, %[[T]], %[[PARTIAL]]
// CHECK:           scf.if %[[FULL]]
func.func @documents(%q: !t, %ids: tensor<64xi32>) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = attn.load %ids[%i] : tensor<64xi32>
    %1 = attn.load %ids[%j] : tensor<64xi32>
    %m = attn.same_document %0, %1 : i32
    attn.yield %m : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// Weights that depend on the order of keys: full tiles stay among the others.
// CHECK-LABEL: gpu.func @ordered_0_tiles(
// CHECK:         scf.for
// CHECK-NOT:     scf.for
// CHECK:         gpu.return
func.func @ordered(%q: !t) -> !t {
  %c20 = arith.constant 20 : index
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
      {normalizer = #attn.stick_breaking}
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %m = attn.chunked %i, %j, %c20
    attn.yield %m : i1
  } -> !t
  return %o : !t
}
