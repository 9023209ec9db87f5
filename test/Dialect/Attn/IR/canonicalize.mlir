// RUN: attn-opt %s --canonicalize | FileCheck %s

!qkv = tensor<1x2x8x16xf16>

// CHECK-LABEL: @score_passed_through
func.func @score_passed_through(%q: !qkv, %k: !qkv, %v: !qkv) -> !qkv {
  // CHECK: attn.attention
  // CHECK-NOT: score
  %o = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    attn.yield %s : f32
  } -> !qkv
  return %o : !qkv
}

// CHECK-LABEL: @mask_always_true
func.func @mask_always_true(%q: !qkv, %k: !qkv, %v: !qkv) -> !qkv {
  // CHECK: attn.attention
  // CHECK-NOT: mask
  %o = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c0 = arith.constant 0 : index
    %nonnegative = arith.cmpi sge, %c0, %c0 : index
    attn.yield %nonnegative : i1
  } -> !qkv
  return %o : !qkv
}

// Nothing is kept: out is 0, but that is for the lowering to find.
// CHECK-LABEL: @mask_always_false
func.func @mask_always_false(%q: !qkv, %k: !qkv, %v: !qkv) -> !qkv {
  // CHECK: mask
  // CHECK: attn.yield %false
  %o = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %false = arith.constant false
    attn.yield %false : i1
  } -> !qkv
  return %o : !qkv
}

// A constant that folding makes stays in the region: above it, it would be a
// capture.
// CHECK-LABEL: @constant_stays_inside
func.func @constant_stays_inside(%q: !qkv, %k: !qkv, %v: !qkv) -> !qkv {
  // CHECK-NEXT: attn.attention
  // CHECK: ^bb0
  // CHECK-NEXT: %[[SIX:.*]] = arith.constant 6 : index
  // CHECK-NEXT: arith.cmpi slt, %{{.*}}, %[[SIX]]
  %o = attn.attention query(%q : !qkv) key(%k : !qkv) value(%v : !qkv)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c3 = arith.constant 3 : index
    %c6 = arith.addi %c3, %c3 : index
    %m = arith.cmpi slt, %j, %c6 : index
    attn.yield %m : i1
  } -> !qkv
  return %o : !qkv
}

// On tensors the op only computes.
// CHECK-LABEL: @unused
// CHECK-NEXT: return
func.func @unused(%q: !qkv) {
  %o = attn.attention query(%q : !qkv) key(%q : !qkv) value(%q : !qkv) -> !qkv
  return
}

// On memrefs it writes.
// CHECK-LABEL: @written
// CHECK-NEXT: attn.attention
func.func @written(%q: memref<1x2x8x16xf16>, %o: memref<1x2x8x16xf16>) {
  attn.attention query(%q : memref<1x2x8x16xf16>) key(%q : memref<1x2x8x16xf16>)
      value(%q : memref<1x2x8x16xf16>) outs(%o : memref<1x2x8x16xf16>)
  return
}
