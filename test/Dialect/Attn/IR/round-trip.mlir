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

// CHECK-LABEL: @masks
func.func @masks(%i: index, %j: index, %n: index, %f: i1, %id: i64) {
  // CHECK-NEXT: attn.prefix_lm %[[I:[^,]*]], %[[J:[^,]*]], %[[N:.*]]
  // CHECK-NEXT: attn.same_document %[[I]], %[[J]] : index
  // CHECK-NEXT: attn.same_document %[[ID:.*]], %[[ID]] : i64
  // CHECK-NEXT: attn.key_range %[[J]], %[[N]], %[[I]]
  // CHECK-NEXT: attn.key_length %[[J]], %[[N]]
  // CHECK-NEXT: attn.longformer %[[I]], %[[J]], %[[N]]{{$}}
  // CHECK-NEXT: attn.longformer %[[I]], %[[J]], %[[N]] global %[[N]]{{$}}
  // CHECK-NEXT: attn.longformer %[[I]], %[[J]], %[[N]] flags %[[F:.*]], %[[F]]
  // CHECK-NEXT: attn.longformer %[[I]], %[[J]], %[[N]] global %[[I]] flags %[[F]], %[[F]]
  // CHECK-NEXT: attn.dilated_window %[[I]], %[[J]], %[[N]], %[[I]]
  // CHECK-NEXT: attn.sparse_strided %[[I]], %[[J]], %[[N]]
  // CHECK-NEXT: attn.sparse_fixed %[[I]], %[[J]], %[[N]], %[[I]]
  // CHECK-NEXT: attn.longnet %[[I]], %[[J]], %[[N]], %[[I]]{{$}}
  // CHECK-NEXT: attn.longnet %[[I]], %[[J]], %[[N]], %[[I]] shift %[[J]]
  // CHECK-NEXT: attn.bigbird %[[I]], %[[J]], %[[N]], %[[I]]{{$}}
  // CHECK-NEXT: attn.bigbird %[[I]], %[[J]], %[[N]], %[[I]] random %[[I]], %[[J]], %[[N]]
  // CHECK-NEXT: attn.chunked %[[I]], %[[J]], %[[N]]
  // CHECK-NEXT: attn.block_causal %[[I]], %[[J]], %[[N]]
  // CHECK-NEXT: attn.streaming %[[I]], %[[J]], %[[N]], %[[I]]
  // CHECK-NEXT: attn.duo_attention %[[I]], %[[J]], %[[F]], %[[N]], %[[I]]
  // CHECK-NEXT: attn.tree %[[J]], %[[N]], %[[I]], %[[F]]
  // CHECK-NEXT: attn.block_list %[[J]] in %[[N]]{{$}}
  // CHECK-NEXT: attn.block_list %[[J]] in %[[N]], %[[I]]
  %0 = attn.prefix_lm %i, %j, %n
  %1 = attn.same_document %i, %j : index
  %2 = attn.same_document %id, %id : i64
  %3 = attn.key_range %j, %n, %i
  %4 = attn.key_length %j, %n
  %5 = attn.longformer %i, %j, %n
  %6 = attn.longformer %i, %j, %n global %n
  %7 = attn.longformer %i, %j, %n flags %f, %f
  %8 = attn.longformer %i, %j, %n global %i flags %f, %f
  %9 = attn.dilated_window %i, %j, %n, %i
  %10 = attn.sparse_strided %i, %j, %n
  %11 = attn.sparse_fixed %i, %j, %n, %i
  %12 = attn.longnet %i, %j, %n, %i
  %13 = attn.longnet %i, %j, %n, %i shift %j
  %14 = attn.bigbird %i, %j, %n, %i
  %15 = attn.bigbird %i, %j, %n, %i random %i, %j, %n
  %16 = attn.chunked %i, %j, %n
  %22 = attn.block_causal %i, %j, %n
  %17 = attn.streaming %i, %j, %n, %i
  %18 = attn.duo_attention %i, %j, %f, %n, %i
  %19 = attn.tree %j, %n, %i, %f
  %20 = attn.block_list %j in %n
  %21 = attn.block_list %j in %n, %i
  return
}

// CHECK-LABEL: @positions_and_scores
func.func @positions_and_scores(%i: index, %j: index, %n: index, %s: f32, %t: f32) {
  // CHECK-NEXT: attn.block %[[I:[^,]*]], %[[N:.*]]
  // CHECK-NEXT: attn.tree_node %[[J:.*]], %[[N]], %[[I]]
  // CHECK-NEXT: attn.clipped_distance %[[I]], %[[J]], %[[N]]
  // CHECK-NEXT: attn.relative_bucket %[[I]], %[[J]] buckets 8 max_distance 20{{$}}
  // CHECK-NEXT: attn.relative_bucket %[[I]], %[[J]] buckets 32 max_distance 128 bidirectional
  // CHECK-NEXT: attn.transformer_xl %[[S:.*]], %[[T:.*]], %[[S]], %[[T]], %[[S]]
  // CHECK-NEXT: attn.temperature %[[S]], %[[T]]
  // CHECK-NEXT: attn.log_length %[[S]], %[[T]], %[[N]]
  // CHECK-NEXT: attn.yarn %[[S]], %[[T]]
  %0 = attn.block %i, %n
  %1 = attn.tree_node %j, %n, %i
  %2 = attn.clipped_distance %i, %j, %n
  %3 = attn.relative_bucket %i, %j buckets 8 max_distance 20
  %4 = attn.relative_bucket %i, %j buckets 32 max_distance 128 bidirectional
  %5 = attn.transformer_xl %s, %t, %s, %t, %s
  %6 = attn.temperature %s, %t
  %7 = attn.log_length %s, %t, %n
  %8 = attn.yarn %s, %t
  return
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

// CHECK-LABEL: @softpick
func.func @softpick(%q: !qkv, %k: !qkv, %v: !qkv) -> (!qkv, tensor<1x2x8xf32>) {
  // CHECK: normalizer = #attn.softpick}
  %o, %lse = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
      {normalizer = #attn.softpick} -> !qkv, tensor<1x2x8xf32>
  return %o, %lse : !qkv, tensor<1x2x8xf32>
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
