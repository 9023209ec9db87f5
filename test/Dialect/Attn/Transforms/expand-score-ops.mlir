// RUN: attn-opt %s --attn-expand-score-ops | FileCheck %s
// RUN: attn-opt %s --attn-expand-score-ops --attn-expand-score-ops | FileCheck %s

// CHECK-LABEL: @causal(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index)
func.func @causal(%i: index, %j: index) -> i1 {
  // CHECK-NEXT: %[[KEEP:.*]] = arith.cmpi sle, %[[J]], %[[I]] : index
  // CHECK-NEXT: return %[[KEEP]]
  %0 = attn.causal %i, %j
  return %0 : i1
}

// CHECK-LABEL: @causal_offset(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[D:.*]]: index)
func.func @causal_offset(%i: index, %j: index, %d: index) -> i1 {
  // CHECK-NEXT: %[[END:.*]] = arith.addi %[[I]], %[[D]] : index
  // CHECK-NEXT: arith.cmpi sle, %[[J]], %[[END]] : index
  %0 = attn.causal %i, %j offset %d
  return %0 : i1
}

// CHECK-LABEL: @window(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[L:.*]]: index, %[[R:.*]]: index, %[[D:.*]]: index)
func.func @window(%i: index, %j: index, %l: index, %r: index, %d: index) -> i1 {
  // CHECK-NEXT: %[[CENTER:.*]] = arith.addi %[[I]], %[[D]] : index
  // CHECK-NEXT: %[[FIRST:.*]] = arith.subi %[[CENTER]], %[[L]] : index
  // CHECK-NEXT: %[[A:.*]] = arith.cmpi sge, %[[J]], %[[FIRST]] : index
  // CHECK-NEXT: %[[LAST:.*]] = arith.addi %[[CENTER]], %[[R]] : index
  // CHECK-NEXT: %[[B:.*]] = arith.cmpi sle, %[[J]], %[[LAST]] : index
  // CHECK-NEXT: arith.andi %[[A]], %[[B]] : i1
  %0 = attn.window %i, %j left %l right %r offset %d
  return %0 : i1
}

// CHECK-LABEL: @window_left(
func.func @window_left(%i: index, %j: index, %l: index) -> i1 {
  // CHECK-NEXT: arith.subi
  // CHECK-NEXT: %[[KEEP:.*]] = arith.cmpi sge
  // CHECK-NEXT: return %[[KEEP]]
  %0 = attn.window %i, %j left %l
  return %0 : i1
}

// A window without sides keeps everything.
// CHECK-LABEL: @window_unbounded(
func.func @window_unbounded(%i: index, %j: index) -> i1 {
  // CHECK-NEXT: %[[TRUE:.*]] = arith.constant true
  // CHECK-NEXT: return %[[TRUE]]
  %0 = attn.window %i, %j
  return %0 : i1
}

// CHECK-LABEL: @alibi(
// CHECK-SAME: %[[S:.*]]: f32, %[[SLOPE:.*]]: f32, %[[I:.*]]: index, %[[J:.*]]: index)
func.func @alibi(%s: f32, %slope: f32, %i: index, %j: index) -> f32 {
  // CHECK-NEXT: %[[DISTANCE:.*]] = arith.subi %[[J]], %[[I]] : index
  // CHECK-NEXT: %[[INT:.*]] = arith.index_cast %[[DISTANCE]] : index to i32
  // CHECK-NEXT: %[[REAL:.*]] = arith.sitofp %[[INT]] : i32 to f32
  // CHECK-NEXT: %[[BIAS:.*]] = arith.mulf %[[SLOPE]], %[[REAL]] : f32
  // CHECK-NEXT: arith.addf %[[S]], %[[BIAS]] : f32
  %0 = attn.alibi %s, %slope, %i, %j
  return %0 : f32
}

// CHECK-LABEL: @softcap(
// CHECK-SAME: %[[S:.*]]: f32, %[[CAP:.*]]: f32)
func.func @softcap(%s: f32, %cap: f32) -> f32 {
  // CHECK-NEXT: %[[RATIO:.*]] = arith.divf %[[S]], %[[CAP]] : f32
  // CHECK-NEXT: %[[TANH:.*]] = math.tanh %[[RATIO]] : f32
  // CHECK-NEXT: arith.mulf %[[CAP]], %[[TANH]] : f32
  %0 = attn.softcap %s, %cap
  return %0 : f32
}

// In its place: inside of an attention op, fed by attn.load, which stays.
// CHECK-LABEL: @in_a_region(
func.func @in_a_region(%q: tensor<1x2x8x16xf16>, %slopes: tensor<2xf32>)
    -> tensor<1x2x8x16xf16> {
  // CHECK: %[[SLOPE:.*]] = attn.load
  // CHECK: %[[S:.*]] = arith.addf
  // CHECK-NEXT: attn.yield %[[S]] : f32
  // CHECK-NOT: attn.alibi
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>)
      key(%q : tensor<1x2x8x16xf16>) value(%q : tensor<1x2x8x16xf16>)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %slope = attn.load %slopes[%h] : tensor<2xf32>
    %0 = attn.alibi %s, %slope, %i, %j
    attn.yield %0 : f32
  } -> tensor<1x2x8x16xf16>
  return %o : tensor<1x2x8x16xf16>
}
