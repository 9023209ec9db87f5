// RUN: attn-opt %s --attn-bufferize -split-input-file | FileCheck %s

!q = tensor<?x8x?x64xf16>
!kv = tensor<?x2x?x64xf16>

// Results become trailing arguments; sizes come from the memrefs.
// CHECK-LABEL: func.func @results_and_sizes(
// CHECK-SAME:    %[[Q:[^:]+]]: memref<?x8x?x64xf16, strided<[?, ?, ?, ?], offset: ?>>
// CHECK-SAME:    %[[K:[^:]+]]: memref<?x2x?x64xf16, strided<[?, ?, ?, ?], offset: ?>>
// CHECK-SAME:    %[[V:[^:]+]]: memref<?x2x?x64xf16, strided<[?, ?, ?, ?], offset: ?>>
// CHECK-SAME:    %[[SLOPES:[^:]+]]: memref<8xf32, strided<[?], offset: ?>>
// CHECK-SAME:    %[[O:[^:]+]]: memref<?x8x?x64xf16, strided<[?, ?, ?, ?], offset: ?>>
// CHECK-SAME:    %[[LSE:[^:]+]]: memref<?x8x?xf32, strided<[?, ?, ?], offset: ?>>) {
func.func @results_and_sizes(%q: !q, %k: !kv, %v: !kv, %slopes: tensor<8xf32>)
    -> (!q, tensor<?x8x?xf32>) {
  %c2 = arith.constant 2 : index
  // CHECK: memref.dim %[[K]], %{{.*}}
  %sk = tensor.dim %k, %c2 : !kv
  // CHECK: attn.attention query(%[[Q]] : {{.*}}) key(%[[K]] : {{.*}}) value(%[[V]] : {{.*}}) outs(%[[O]], %[[LSE]] : {{.*}}) {scale = 5.000000e-01 : f32}
  // CHECK: attn.load %[[SLOPES]][%{{.*}}] : memref<8xf32
  %o, %lse = attn.attention query(%q : !q) key(%k : !kv) value(%v : !kv)
    {scale = 0.5 : f32}
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %slope = attn.load %slopes[%h] : tensor<8xf32>
    %0 = attn.alibi %s, %slope, %i, %j
    attn.yield %0 : f32
  } mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = attn.causal %i, %j offset %sk
    attn.yield %c : i1
  } -> !q, tensor<?x8x?xf32>
  // CHECK: return{{$}}
  return %o, %lse : !q, tensor<?x8x?xf32>
}

// -----

// The order of the outputs is that of the function's results; scalars are as
// before.
// CHECK-LABEL: func.func @order_of_results(
// CHECK-SAME:    %[[X:[^:]+]]: f32, %[[Q:[^:]+]]: memref<1x1x4x16xf16, {{[^>]*>>}},
// CHECK-SAME:    %[[LSE:[^:]+]]: memref<1x1x4xf32, {{[^>]*>>}},
// CHECK-SAME:    %[[O:[^:]+]]: memref<1x1x4x16xf16, {{[^>]*>>}}) -> f32 {
func.func @order_of_results(%x: f32, %q: tensor<1x1x4x16xf16>)
    -> (tensor<1x1x4xf32>, f32, tensor<1x1x4x16xf16>) {
  // CHECK: outs(%[[O]], %[[LSE]] :
  %o, %lse = attn.attention query(%q : tensor<1x1x4x16xf16>)
      key(%q : tensor<1x1x4x16xf16>) value(%q : tensor<1x1x4x16xf16>)
      -> tensor<1x1x4x16xf16>, tensor<1x1x4xf32>
  // CHECK: return %[[X]] : f32
  return %lse, %x, %o : tensor<1x1x4xf32>, f32, tensor<1x1x4x16xf16>
}

// -----

// The region of a sink moves along, and what it loads.
// CHECK-LABEL: func.func @sink(
// CHECK-SAME:    %{{[^:]+}}: memref<1x2x4x16xf16, {{[^>]*>>}}, %[[SINKS:[^:]+]]: memref<2xf32,
func.func @sink(%q: tensor<1x2x4x16xf16>, %sinks: tensor<2xf32>)
    -> tensor<1x2x4x16xf16> {
  // CHECK: sink {
  // CHECK-NEXT: ^bb0(%{{.*}}: index, %[[H:.*]]: index):
  // CHECK-NEXT: attn.load %[[SINKS]][%[[H]]] : memref<2xf32
  %o = attn.attention query(%q : tensor<1x2x4x16xf16>)
      key(%q : tensor<1x2x4x16xf16>) value(%q : tensor<1x2x4x16xf16>)
  sink {
  ^bb0(%b: index, %h: index):
    %r = attn.load %sinks[%h] : tensor<2xf32>
    attn.yield %r : f32
  } -> tensor<1x2x4x16xf16>
  return %o : tensor<1x2x4x16xf16>
}

// -----

// CHECK-LABEL: func.func @cast(
// CHECK-SAME:    %[[Q:[^:]+]]: memref<?x1x4x16xf16,
func.func @cast(%q: tensor<?x1x4x16xf16>) -> tensor<1x1x4x16xf16> {
  // CHECK: %[[CAST:.*]] = memref.cast %[[Q]] : {{.*}} to memref<1x1x4x16xf16, strided<[?, ?, ?, ?], offset: ?>>
  %1 = tensor.cast %q : tensor<?x1x4x16xf16> to tensor<1x1x4x16xf16>
  // CHECK: attn.attention query(%[[CAST]] :
  %o = attn.attention query(%1 : tensor<1x1x4x16xf16>)
      key(%1 : tensor<1x1x4x16xf16>) value(%1 : tensor<1x1x4x16xf16>)
      -> tensor<1x1x4x16xf16>
  return %o : tensor<1x1x4x16xf16>
}

// -----

!k = tensor<?x1x?x96xf16>
!v = tensor<?x1x?x64xf16>

// A slice of an argument is a view of its memory: nothing is copied.
// CHECK-LABEL: func.func @slice(
// CHECK-SAME:    %[[K:[^:]+]]: memref<?x1x?x96xf16, strided<[?, ?, ?, ?], offset: ?>>, %{{[^:]+}}: memref<?x1x?x64xf16
func.func @slice(%k: !k) -> !v {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  // CHECK: %[[B:.*]] = memref.dim %[[K]], %c0
  // CHECK: %[[S:.*]] = memref.dim %[[K]], %c2
  %b = tensor.dim %k, %c0 : !k
  %s = tensor.dim %k, %c2 : !k
  // CHECK-NEXT: %[[V:.*]] = memref.subview %[[K]][0, 0, 0, 0] [%[[B]], 1, %[[S]], 64] [1, 1, 1, 1]
  %v = tensor.extract_slice %k[0, 0, 0, 0] [%b, 1, %s, 64] [1, 1, 1, 1] : !k to !v
  // CHECK-NEXT: attn.attention query(%[[K]] : {{.*}}) key(%[[K]] : {{.*}}) value(%[[V]] : memref<?x1x?x64xf16, strided<[?, ?, ?, ?], offset: ?>>)
  %o = attn.attention query(%k : !k) key(%k : !k) value(%v : !v) -> !v
  return %o : !v
}

// -----

// Other slices as well: every second row.
// CHECK-LABEL: func.func @slice_with_steps(
func.func @slice_with_steps(%q: tensor<1x1x4x16xf16>) -> tensor<1x1x2x16xf16> {
  // CHECK: memref.subview %{{.*}}[0, 0, 1, 0] [1, 1, 2, 16] [1, 1, 2, 1]
  %s = tensor.extract_slice %q[0, 0, 1, 0] [1, 1, 2, 16] [1, 1, 2, 1]
      : tensor<1x1x4x16xf16> to tensor<1x1x2x16xf16>
  %o = attn.attention query(%s : tensor<1x1x2x16xf16>)
      key(%q : tensor<1x1x4x16xf16>) value(%q : tensor<1x1x4x16xf16>)
      -> tensor<1x1x2x16xf16>
  return %o : tensor<1x1x2x16xf16>
}

// -----

// A schedule that is written on the op stays with it.
// CHECK-LABEL: func.func @schedule(
func.func @schedule(%q: tensor<1x1x4x16xf16>) -> tensor<1x1x4x16xf16> {
  // CHECK: attn.attention {{.*}} {scale = 2.000000e+00 : f32, tile.schedule = #tile.schedule<m = 64, n = 32, warps = 4, stages = 2>}
  %o = attn.attention query(%q : tensor<1x1x4x16xf16>)
      key(%q : tensor<1x1x4x16xf16>) value(%q : tensor<1x1x4x16xf16>)
      {tile.schedule = #tile.schedule<m = 64, n = 32, warps = 4, stages = 2>, scale = 2.0 : f32}
      -> tensor<1x1x4x16xf16>
  return %o : tensor<1x1x4x16xf16>
}

// -----

// A function without attn ops is someone else's.
// CHECK-LABEL: func.func @other(%{{.*}}: tensor<4xf32>) -> tensor<4xf32>
func.func @other(%t: tensor<4xf32>) -> tensor<4xf32> {
  %0 = arith.addf %t, %t : tensor<4xf32>
  return %0 : tensor<4xf32>
}
