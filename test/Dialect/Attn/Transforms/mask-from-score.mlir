// RUN: attn-opt %s --attn-mask-from-score --canonicalize -split-input-file | FileCheck %s

!t = tensor<1x2x64x16xf16>

// Nothing of the score is left.
// CHECK-LABEL: func.func @causal(
// CHECK:         attn.attention
// CHECK-NOT:     score {
// CHECK:         mask {
// CHECK:         ^bb0(%{{.*}}: index, %{{.*}}: index, %[[I:.*]]: index, %[[J:.*]]: index):
// CHECK:           %[[C:.*]] = arith.cmpi sge, %[[I]], %[[J]]
// CHECK:           attn.yield %[[C]] : i1
func.func @causal(%q: !t) -> !t {
  %inf = arith.constant 0xFF800000 : f32
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sge, %i, %j : index
    %r = arith.select %c, %s, %inf : f32
    attn.yield %r : f32
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x2x64x16xf16>

// Joins the mask that is there, negated; what is kept of the score stays. A condition
// on the score itself stays too, the one within it does not.
// CHECK-LABEL: func.func @joined(
// CHECK:         score {
// CHECK:         ^bb0(%[[S:.*]]: f32,
// CHECK:           %[[SUM:.*]] = arith.addf %[[S]]
// CHECK:           %[[LOW:.*]] = arith.cmpf olt, %[[S]]
// CHECK:           %[[R:.*]] = arith.select %[[LOW]], %[[SUM]], %{{.*}} : f32
// CHECK:           attn.yield %[[R]]
// CHECK:         mask {
// CHECK:         ^bb0(%[[B:.*]]: index, %{{.*}}: index, %[[I:.*]]: index, %[[J:.*]]: index):
// CHECK:           %[[WINDOW:.*]] = attn.window
// CHECK:           %[[LENGTH:.*]] = attn.load %{{.*}}[%[[B]]]
// CHECK:           %[[KEPT:.*]] = arith.cmpi slt, %[[J]], %[[LENGTH]]
// CHECK:           %[[BOTH:.*]] = arith.andi %[[WINDOW]], %[[KEPT]]
// CHECK:           %[[PAST:.*]] = arith.cmpi sle, %[[J]], %[[I]]
// CHECK:           %[[ALL:.*]] = arith.andi %[[BOTH]], %[[PAST]]
// CHECK:           attn.yield %[[ALL]]
func.func @joined(%q: !t, %lengths: tensor<1xindex>, %w: index, %x: f32) -> !t {
  %inf = arith.constant 0xFF800000 : f32
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %sum = arith.addf %s, %x : f32
    %past = arith.cmpi sle, %j, %i : index
    %inner = arith.select %past, %sum, %inf : f32
    %low = arith.cmpf olt, %s, %x : f32
    %middle = arith.select %low, %inner, %inf : f32
    %n = attn.load %lengths[%b] : tensor<1xindex>
    %end = arith.cmpi sge, %j, %n : index
    %r = arith.select %end, %inf, %middle : f32
    attn.yield %r : f32
  }
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %m = attn.window %i, %j left %w
    attn.yield %m : i1
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x2x64x16xf16>

// A score of -inf is no masked position where weights are the scores themselves.
// CHECK-LABEL: func.func @identity(
// CHECK:         score {
// CHECK:           arith.select
// CHECK-NOT:     mask {
func.func @identity(%q: !t) -> !t {
  %inf = arith.constant 0xFF800000 : f32
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
      {normalizer = #attn.identity}
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sge, %i, %j : index
    %r = arith.select %c, %s, %inf : f32
    attn.yield %r : f32
  } -> !t
  return %o : !t
}
