// RUN: attn-opt %s --attn-tile-pipeline=chip=sm_90a -split-input-file | FileCheck %s

!q = tensor<1x2x?x64xf8E4M3FN>
!v = tensor<1x2x?x64x128xf8E5M2>
!o = tensor<1x2x?x64xbf16>
!s = tensor<1x2x?xf32>

// The value's blocks are rows of one matrix. Its scale is the unit of the output; that
// of the keys and of the row is the factor of a score, so that the maximum is one of
// scaled scores. Weights are 2^8 larger and rounded to 8 bits; the product starts from
// zero.
// CHECK-LABEL: gpu.func @blocks_0(
// CHECK-SAME:    %[[V:[^:]*]]: memref<1x2x?x128xf8E5M2, strided<[?, ?, ?, 1], offset: ?>>,
// CHECK-SAME:    %[[QS:[^:]*]]: memref<1x2x?xf32, {{[^>]*}}>>, %[[KS:[^:]*]]: memref<1x2x?xf32, {{[^>]*}}>>, %[[VS:[^:]*]]: memref<1x2x?xf32,
// CHECK-DAG:     %[[EIGHT:.*]] = arith.constant 8.0
// CHECK:         %[[ROW:.*]] = tile.gather %[[QS]]
// CHECK:         scf.for {{.*}} iter_args(%[[M:.*]] = %{{.*}}, %{{.*}} = %{{.*}}, %[[UNIT:.*]] = %{{.*}}, %[[O:.*]] = %{{.*}})
// CHECK:           %[[KEY:.*]] = memref.load %[[KS]]
// CHECK:           %[[K:.*]] = arith.select %{{.*}}, %[[KEY]]
// CHECK:           %[[VALUE:.*]] = memref.load %[[VS]]
// CHECK:           %[[VU:.*]] = arith.select %{{.*}}, %[[VALUE]]
// CHECK:           tile.dot {{.*}} transposed
// CHECK:           %[[KB:.*]] = tile.broadcast %[[K]]
// CHECK:           arith.mulf %[[ROW]], %[[KB]]
// CHECK:           %[[RATIO:.*]] = arith.divf %[[UNIT]], %[[VU]]
// CHECK:           %[[P:.*]] = tile.convert %{{.*}} to tensor<128x128xf8E4M3FN, #tile.operand_a<warps = 8>>
// CHECK:           %[[D:.*]] = tile.dot %[[P]], %{{.*}} transposed, %{{.*}} : tensor<128x128xf8E4M3FN, {{.*}}memref<64x128xf8E5M2,
// CHECK:           arith.addf %{{.*}}, %[[D]]
func.func @blocks(%q: !q, %k: !q, %v: !v, %qs: !s, %ks: !s, %vs: !s) -> !o {
  %o = attn.attention query(%q : !q) key(%k : !q) value(%v : !v)
      query_scales(%qs : !s) key_scales(%ks : !s) value_scales(%vs : !s)
      {block = 128 : i64} -> !o
  return %o : !o
}

// -----

!q = tensor<1x2x?x128xf8E4M3FN>
!v = tensor<1x2x?x128x128xf8E4M3FN>
!o = tensor<1x2x?x128xbf16>

// Tiles of 64 keys are halves of the value's blocks.
// CHECK-LABEL: gpu.func @parts_0(
// CHECK-SAME:    memref<1x2x2x?x64xf8E4M3FN, strided<[?, ?, 64, ?, 1], offset: ?>>
func.func @parts(%q: !q, %k: !q, %v: !v, %bias: tensor<?x?xf32>) -> !o {
  %o = attn.attention query(%q : !q) key(%k : !q) value(%v : !v)
      score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
        %x = attn.load %bias[%i, %j] : tensor<?x?xf32>
        %y = arith.addf %s, %x : f32
        attn.yield %y : f32
      } -> !o
  return %o : !o
}
