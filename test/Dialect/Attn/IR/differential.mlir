// RUN: attn-opt %s | attn-opt | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s
// RUN: attn-opt %s --canonicalize | FileCheck %s --check-prefix=IDLE

!q = tensor<?x4x?x64xbf16>
!k = tensor<?x2x?x64xbf16>
!v = tensor<?x2x?x128xbf16>
!o = tensor<?x4x?x128xbf16>

// Everything that may be left out is left out; both maps have the same key.
// CHECK-LABEL: @minimal
// CHECK-SAME: %[[Q0:[a-z0-9]+]]: {{[^,]*}}, %[[Q1:[a-z0-9]+]]: {{[^,]*}}, %[[K:[a-z0-9]+]]: {{[^,]*}}, %[[V:[a-z0-9]+]]: {{[^,]*}}, %[[L:[a-z0-9]+]]: f32
func.func @minimal(%q0: !q, %q1: !q, %k: !k, %v: !v, %l: f32) -> !o {
  // CHECK: attn.differential query0(%[[Q0]] : tensor<?x4x?x64xbf16>) key0(%[[K]] : tensor<?x2x?x64xbf16>)
  // CHECK-SAME: query1(%[[Q1]] : tensor<?x4x?x64xbf16>) key1(%[[K]] : tensor<?x2x?x64xbf16>)
  // CHECK-SAME: value(%[[V]] : tensor<?x2x?x128xbf16>) lambda(%[[L]] : f32) -> tensor<?x4x?x128xbf16>{{$}}
  %o = attn.differential query0(%q0 : !q) key0(%k : !k) query1(%q1 : !q) key1(%k : !k)
      value(%v : !v) lambda(%l : f32) -> !o
  return %o : !o
}

// CHECK-LABEL: @norm_and_regions
func.func @norm_and_regions(%q0: !q, %k0: !k, %q1: !q, %k1: !k, %v: !v,
                            %l: tensor<4xf32>, %w: tensor<128xbf16>) -> !o {
  // CHECK: lambda(%{{.*}} : tensor<4xf32>) weight(%{{.*}} : tensor<128xbf16>)
  // CHECK-SAME: {norm_epsilon = {{.*}} : f32, norm_scale = 2.000000e-01 : f32, normalizer = #attn.softmax, scale = 1.250000e-01 : f32}
  // CHECK: score {
  // CHECK: mask {
  // CHECK: sink {
  // IDLE-LABEL: @norm_and_regions
  // IDLE-NOT: score {
  // IDLE: mask {
  %o = attn.differential query0(%q0 : !q) key0(%k0 : !k) query1(%q1 : !q) key1(%k1 : !k)
      value(%v : !v) lambda(%l : tensor<4xf32>) weight(%w : tensor<128xbf16>)
      {scale = 0.125 : f32, normalizer = #attn.softmax, norm_epsilon = 1.0e-05 : f32,
       norm_scale = 0.2 : f32}
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    attn.yield %s : f32
  } mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %m = attn.causal %i, %j
    attn.yield %m : i1
  } sink {
  ^bb0(%b: index, %h: index):
    %r = arith.constant 0.0 : f32
    attn.yield %r : f32
  } -> !o
  return %o : !o
}

// One number as a tensor; a number for each batch, head and query.
// CHECK-LABEL: @ranks_of_lambda
func.func @ranks_of_lambda(%q0: !q, %k: !k, %q1: !q, %v: !v, %l0: tensor<f32>,
                           %l3: tensor<?x4x?xbf16>) -> (!o, !o) {
  // CHECK: lambda(%{{.*}} : tensor<f32>)
  %0 = attn.differential query0(%q0 : !q) key0(%k : !k) query1(%q1 : !q) key1(%k : !k)
      value(%v : !v) lambda(%l0 : tensor<f32>) -> !o
  // CHECK: lambda(%{{.*}} : tensor<?x4x?xbf16>)
  %1 = attn.differential query0(%q0 : !q) key0(%k : !k) query1(%q1 : !q) key1(%k : !k)
      value(%v : !v) lambda(%l3 : tensor<?x4x?xbf16>) -> !o
  return %0, %1 : !o, !o
}

!mq = memref<1x4x8x64xf16>
!mo = memref<1x4x8x32xf16>

// CHECK-LABEL: @memrefs
func.func @memrefs(%q0: !mq, %k0: !mq, %q1: !mq, %k1: !mq, %v: !mo, %l: memref<4xf32>,
                   %o: !mo) {
  // CHECK: lambda(%{{.*}} : memref<4xf32>) outs(%{{.*}} : memref<1x4x8x32xf16>)
  attn.differential query0(%q0 : !mq) key0(%k0 : !mq) query1(%q1 : !mq) key1(%k1 : !mq)
      value(%v : !mo) lambda(%l : memref<4xf32>) outs(%o : !mo)
  return
}
