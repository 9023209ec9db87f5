// RUN: attn-opt %s | attn-opt | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s

!qkv = tensor<1x2x8x16xf16>

// Everything that may be left out is left out.
// CHECK-LABEL: @minimal
func.func @minimal(%q: !qkv, %k: !qkv, %v: !qkv) -> !qkv {
  // CHECK: attn.attention query(%{{[a-z0-9]+}} : tensor<1x2x8x16xf16>)
  // CHECK-SAME: key(%{{[a-z0-9]+}} : tensor<1x2x8x16xf16>) value(%{{[a-z0-9]+}} : tensor<1x2x8x16xf16>)
  // CHECK-SAME: -> tensor<1x2x8x16xf16>{{$}}
  %o = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv) -> !qkv
  return %o : !qkv
}

// CHECK-LABEL: @lse_and_attributes
func.func @lse_and_attributes(%q: tensor<?x32x?x128xbf16>,
    %k: tensor<?x8x?x128xbf16>, %v: tensor<?x8x?x64xbf16>)
    -> (tensor<?x32x?x64xbf16>, tensor<?x32x?xf32>) {
  // CHECK: %{{.*}}:2 = attn.attention
  // CHECK-SAME: {normalizer = #attn.softmax, scale = 1.250000e-01 : f32}
  // CHECK-SAME: -> tensor<?x32x?x64xbf16>, tensor<?x32x?xf32>
  %o, %lse = attn.attention query(%q : tensor<?x32x?x128xbf16>)
      key(%k : tensor<?x8x?x128xbf16>) value(%v : tensor<?x8x?x64xbf16>)
      {scale = 0.125 : f32, normalizer = #attn.softmax}
      -> tensor<?x32x?x64xbf16>, tensor<?x32x?xf32>
  return %o, %lse : tensor<?x32x?x64xbf16>, tensor<?x32x?xf32>
}

// CHECK-LABEL: @every_score_op
func.func @every_score_op(%q: !qkv, %k: !qkv, %v: !qkv,
                          %slopes: tensor<2xf32>, %cap: f32, %w: index) -> !qkv {
  // CHECK: attn.attention
  // CHECK: score {
  // CHECK-NEXT: ^bb0(%[[S:.*]]: f32, %{{[a-z0-9]+}}: index, %[[H:.*]]: index, %[[I:.*]]: index, %[[J:.*]]: index):
  // CHECK-NEXT: %[[SLOPE:.*]] = attn.load %{{[a-z0-9]+}}[%[[H]]] : tensor<2xf32>
  // CHECK-NEXT: %[[A:.*]] = attn.alibi %[[S]], %[[SLOPE]], %[[I]], %[[J]]
  // CHECK-NEXT: %[[C:.*]] = attn.softcap %[[A]], %{{[a-z0-9]+}}
  // CHECK-NEXT: attn.yield %[[C]] : f32
  // CHECK: mask {
  // CHECK-NEXT: ^bb0(%{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: index, %[[I:.*]]: index, %[[J:.*]]: index):
  // CHECK-NEXT: attn.causal %[[I]], %[[J]]{{$}}
  // CHECK-NEXT: attn.causal %[[I]], %[[J]] offset %[[W:.*]]{{$}}
  // CHECK-NEXT: attn.window %[[I]], %[[J]]{{$}}
  // CHECK-NEXT: attn.window %[[I]], %[[J]] left %[[W]]{{$}}
  // CHECK-NEXT: attn.window %[[I]], %[[J]] left %[[W]] right %[[W]] offset %[[W]]
  // CHECK-NEXT: attn.yield %{{[a-z0-9]+}} : i1
  %o = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %slope = attn.load %slopes[%h] : tensor<2xf32>
    %0 = attn.alibi %s, %slope, %i, %j
    %1 = attn.softcap %0, %cap
    attn.yield %1 : f32
  } mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = attn.causal %i, %j
    %1 = attn.causal %i, %j offset %w
    %2 = attn.window %i, %j
    %3 = attn.window %i, %j left %w
    %4 = attn.window %i, %j left %w right %w offset %w
    attn.yield %4 : i1
  } -> !qkv
  return %o : !qkv
}

// CHECK-LABEL: @mask_only
func.func @mask_only(%q: !qkv, %k: !qkv, %v: !qkv) -> !qkv {
  // CHECK: value(%{{[a-z0-9]+}} : tensor<1x2x8x16xf16>) mask {
  %o = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = attn.causal %i, %j
    attn.yield %0 : i1
  } -> !qkv
  return %o : !qkv
}

// CHECK-LABEL: @on_memrefs
func.func @on_memrefs(%q: memref<1x2x8x16xf16, strided<[?, ?, ?, ?], offset: ?>>,
    %k: memref<1x2x8x16xf16>, %lens: memref<?xi32>,
    %o: memref<1x2x8x16xf16, strided<[256, 16, 32, 1]>>, %lse: memref<1x2x8xf32>) {
  // CHECK: attn.attention
  // CHECK-SAME: outs(%{{[a-z0-9]+}}, %{{[a-z0-9]+}} : memref<1x2x8x16xf16, strided<[256, 16, 32, 1]>>, memref<1x2x8xf32>)
  // CHECK: attn.load %{{[a-z0-9]+}}[%{{[a-z0-9]+}}] : memref<?xi32>
  attn.attention query(%q : memref<1x2x8x16xf16, strided<[?, ?, ?, ?], offset: ?>>)
      key(%k : memref<1x2x8x16xf16>) value(%k : memref<1x2x8x16xf16>)
      outs(%o, %lse : memref<1x2x8x16xf16, strided<[256, 16, 32, 1]>>, memref<1x2x8xf32>)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %len = attn.load %lens[%b] : memref<?xi32>
    %n = arith.index_cast %len : i32 to index
    %0 = arith.cmpi slt, %j, %n : index
    attn.yield %0 : i1
  }
  return
}

// CHECK-LABEL: @normalizers
func.func @normalizers(%q: !qkv, %k: !qkv, %v: !qkv) -> (!qkv, !qkv, !qkv, !qkv, !qkv, !qkv) {
  // CHECK: normalizer = #attn.sigmoid}
  %0 = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
      {normalizer = #attn.sigmoid} -> !qkv
  // CHECK: normalizer = #attn.sigmoid<bias = -6.500000e+00 : f32>}
  %1 = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
      {normalizer = #attn.sigmoid<bias = -6.5 : f32>} -> !qkv
  // CHECK: normalizer = #attn.relu}
  %2 = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
      {normalizer = #attn.relu<divide_by_keys = false>} -> !qkv
  // CHECK: normalizer = #attn.relu<divide_by_keys = true, squared = true>}
  %3 = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
      {normalizer = #attn.relu<squared = true, divide_by_keys = true>} -> !qkv
  // CHECK: normalizer = #attn.identity}
  %4 = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
      {normalizer = #attn.identity} -> !qkv
  // CHECK: normalizer = #attn.stick_breaking}
  %5 = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
      {normalizer = #attn.stick_breaking} -> !qkv
  return %0, %1, %2, %3, %4, %5 : !qkv, !qkv, !qkv, !qkv, !qkv, !qkv
}

// CHECK-LABEL: @sink
func.func @sink(%q: !qkv, %k: !qkv, %v: !qkv, %sinks: tensor<2xf32>) -> !qkv {
  // CHECK: sink {
  // CHECK-NEXT: ^bb0(%{{[a-z0-9]+}}: index, %[[H:.*]]: index):
  // CHECK-NEXT: %[[R:.*]] = attn.load %{{[a-z0-9]+}}[%[[H]]] : tensor<2xf32>
  // CHECK-NEXT: attn.yield %[[R]] : f32
  // CHECK-NEXT: } -> tensor<1x2x8x16xf16>
  %o = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
  sink {
  ^bb0(%b: index, %h: index):
    %r = attn.load %sinks[%h] : tensor<2xf32>
    attn.yield %r : f32
  } -> !qkv
  return %o : !qkv
}
