// RUN: attn-opt %s --attn-bufferize --attn-choose-schedule="schedule=m=16,n=16,warps=1,stages=1" \
// RUN:   --attn-to-tile --canonicalize --cse -split-input-file | FileCheck %s

// Every value of a region gets the least shape that it needs.

!t = tensor<1x2x64x16xf16>

// Of the head alone: one load, and a scalar for all elements. With the scale it makes
// one factor, so that a score takes one product.
// CHECK-LABEL: gpu.func @per_head_0(
// CHECK-SAME:    %[[SLOPES:[^:]+]]: memref<2xf32, strided<[?], offset: ?>>) kernel
// CHECK:         scf.for
// CHECK-NOT:       tile.gather
// CHECK:           %[[SLOPE:.*]] = memref.load %[[SLOPES]][%{{.*}}]
// CHECK:           %[[FACTOR:.*]] = arith.mulf %[[SLOPE]], %cst{{.*}} fastmath<reassoc,nsz,contract> : f32
// CHECK:           %[[FACTORS:.*]] = tile.broadcast %[[FACTOR]] : f32 to tensor<16x16xf32, #tile.accumulator<warps = 1>>
// CHECK:           %[[SCORES:.*]] = arith.mulf %{{.*}}, %[[FACTORS]] fastmath<reassoc,nsz,contract>
// CHECK-NEXT:      tile.broadcast
// CHECK-NEXT:      tile.reduce max %[[SCORES]]
func.func @per_head(%q: !t, %slopes: tensor<2xf32>) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = attn.load %slopes[%h] : tensor<2xf32>
    %1 = arith.mulf %s, %0 : f32
    attn.yield %1 : f32
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x?x16xf16>

// Of the row or of the key alone: rows and columns, loaded once each. Positions past
// the end are read at the last one.
// CHECK-LABEL: gpu.func @rows_and_columns_0(
// CHECK:         %[[LENGTH:.*]] = arith.index_cast %{{.*}} : index to i32
// CHECK:         %[[LAST:.*]] = arith.subi %[[LENGTH]], %c1_i32
// CHECK:         scf.for
// CHECK:           scf.if
// CHECK:           } else {
// CHECK:             %[[I:.*]] = tile.index %{{.*}} : tensor<16xi32, #tile.rows<warps = 1>>
// CHECK:             %[[J:.*]] = tile.index %{{.*}} : tensor<16xi32, #tile.columns<warps = 1>>
// CHECK:             arith.minsi %[[I]], %{{.*}} : tensor<16xi32, #tile.rows<warps = 1>>
// CHECK:             arith.minsi %[[J]], %{{.*}} : tensor<16xi32, #tile.columns<warps = 1>>
// CHECK:             %[[ROWS:.*]] = tile.gather {{.*}} to tensor<16xf32, #tile.rows<warps = 1>>
// CHECK:             %[[COLUMNS:.*]] = tile.gather {{.*}} to tensor<16xf32, #tile.columns<warps = 1>>
// CHECK:             tile.broadcast %[[ROWS]] : {{.*}} to tensor<16x16xf32
// CHECK:             tile.broadcast %[[COLUMNS]] : {{.*}} to tensor<16x16xf32
func.func @rows_and_columns(%q: !t, %x: tensor<?xf32>, %y: tensor<?xf32>) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = attn.load %x[%i] : tensor<?xf32>
    %1 = attn.load %y[%j] : tensor<?xf32>
    %2 = arith.addf %0, %1 : f32
    %3 = arith.addf %s, %2 : f32
    attn.yield %3 : f32
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x?x16xf16>

// Of both: a tile. In a full tile the keys are inside, only rows need a limit.
// CHECK-LABEL: gpu.func @bias_0(
// CHECK:         scf.if
// CHECK-NOT:       arith.minsi %{{.*}} : tensor<16xi32, #tile.columns<warps = 1>>
// CHECK:           tile.gather {{.*}} : memref<?x?xf16, {{.*}}>, tensor<16x16xi32, #tile.accumulator<warps = 1>>, tensor<16x16xi32, #tile.accumulator<warps = 1>> to tensor<16x16xf16, #tile.accumulator<warps = 1>>
// CHECK:         } else {
// CHECK:           arith.minsi %{{.*}} : tensor<16xi32, #tile.columns<warps = 1>>
// CHECK:           tile.gather
func.func @bias(%q: !t, %bias: tensor<?x?xf16>) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = attn.load %bias[%i, %j] : tensor<?x?xf16>
    %1 = arith.extf %0 : f16 to f32
    %2 = arith.addf %s, %1 : f32
    attn.yield %2 : f32
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// A captured index is brought to 31 bits once, before the loop; positions are not.
// CHECK-LABEL: gpu.func @captured_index_0(
// CHECK-SAME:    %[[N:[^:]+]]: index) kernel
// CHECK-DAG:     %[[MIN:.*]] = arith.constant -1073741824 : index
// CHECK-DAG:     %[[MAX:.*]] = arith.constant 1073741824 : index
// CHECK:         %[[ABOVE:.*]] = arith.maxsi %[[N]], %[[MIN]]
// CHECK:         %[[INSIDE:.*]] = arith.minsi %[[ABOVE]], %[[MAX]]
// CHECK:         arith.index_cast %[[INSIDE]] : index to i32
// CHECK:         scf.for
// CHECK-NOT:       index_cast
// CHECK:         gpu.return
func.func @captured_index(%q: !t, %n: index) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = arith.addi %j, %n : index
    %1 = arith.index_cast %0 : index to i32
    %2 = arith.sitofp %1 : i32 to f32
    %3 = arith.addf %s, %2 : f32
    attn.yield %3 : f32
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// A conjunction of bounds of the key is an interval: two comparisons of the columns
// with limits that are rows, and not the region.
// CHECK-LABEL: gpu.func @interval_0(
// CHECK:         } else {
// CHECK:           %[[BELOW:.*]] = arith.cmpi sle, %[[J:[^,]+]], %{{.*}} : tensor<16x16xi32
// CHECK:           %[[ABOVE:.*]] = arith.cmpi sge, %[[J]], %{{.*}} : tensor<16x16xi32
// CHECK:           %[[KEEP:.*]] = arith.andi %[[BELOW]], %[[ABOVE]]
// CHECK:           arith.select %[[KEEP]]
func.func @interval(%q: !t, %n: index) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.cmpi sle, %j, %i : index
    %1 = arith.subi %i, %n : index
    %2 = arith.cmpi sge, %j, %1 : index
    %3 = arith.andi %0, %2 : i1
    attn.yield %3 : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// Any other mask is evaluated, and keys past the end are dropped besides.
// CHECK-LABEL: gpu.func @evaluated_0(
// CHECK:         scf.for
// CHECK:           arith.divui %{{.*}} : tensor<16xi32, #tile.rows<warps = 1>>
// CHECK:           arith.divui %{{.*}} : tensor<16xi32, #tile.columns<warps = 1>>
// CHECK:           %[[SAME:.*]] = arith.cmpi eq, %{{.*}} : tensor<16x16xi32
// CHECK:           %[[INSIDE:.*]] = arith.cmpi slt, %{{.*}} : tensor<16xi32, #tile.columns<warps = 1>>
// CHECK:           %[[SPREAD:.*]] = tile.broadcast %[[INSIDE]]
// CHECK:           arith.andi %[[SAME]], %[[SPREAD]]
func.func @evaluated(%q: !t) -> !t {
  %c8 = arith.constant 8 : index
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.divui %i, %c8 : index
    %1 = arith.divui %j, %c8 : index
    %2 = arith.cmpi eq, %0, %1 : index
    attn.yield %2 : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x64x16xf16>

// A factor for each row and a quotient by one for each head: both leave the tile.
// A region that looks at bits multiplies as it says.
// CHECK-LABEL: gpu.func @factors_0(
// CHECK:         scf.for
// CHECK:           arith.divf %{{.*}}, %{{.*}} : f32
// CHECK:           %[[ROWS:.*]] = arith.mulf %{{.*}}, %{{.*}} fastmath<reassoc,nsz,contract> : tensor<16xf32, #tile.rows<warps = 1>>
// CHECK:           %[[SPREAD:.*]] = tile.broadcast %[[ROWS]]
// CHECK:           arith.mulf %{{.*}}, %[[SPREAD]] fastmath<reassoc,nsz,contract> : tensor<16x16xf32
// CHECK-LABEL: gpu.func @factors_1(
// CHECK:           arith.bitcast
// CHECK:           arith.mulf %{{.*}}, %{{.*}} : tensor<16x16xf32
func.func @factors(%q: !t, %x: tensor<64xf32>, %y: f32) -> (!t, !t) {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = attn.load %x[%i] : tensor<64xf32>
    %1 = arith.mulf %0, %s : f32
    %2 = arith.divf %1, %y : f32
    attn.yield %2 : f32
  } -> !t
  %p = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %c = arith.constant 2147483647 : i32
    %0 = arith.bitcast %s : f32 to i32
    %1 = arith.andi %0, %c : i32
    %2 = arith.bitcast %1 : i32 to f32
    %3 = arith.mulf %2, %y : f32
    attn.yield %3 : f32
  } -> !t
  return %o, %p : !t, !t
}
