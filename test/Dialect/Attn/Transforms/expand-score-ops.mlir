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

// CHECK-LABEL: @prefix_lm(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[N:.*]]: index)
func.func @prefix_lm(%i: index, %j: index, %n: index) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.cmpi slt, %[[J]], %[[N]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.cmpi sle, %[[J]], %[[I]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.ori %[[V0]], %[[V1]] : i1
  // CHECK: return %[[V2]]
  %0 = attn.prefix_lm %i, %j, %n
  return %0 : i1
}

// CHECK-LABEL: @same_document(
// CHECK-SAME: %[[X:.*]]: i64, %[[Y:.*]]: i64)
func.func @same_document(%x: i64, %y: i64) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.cmpi eq, %[[X]], %[[Y]] : i64
  // CHECK: return %[[V0]]
  %0 = attn.same_document %x, %y : i64
  return %0 : i1
}

// CHECK-LABEL: @key_range(
// CHECK-SAME: %[[J:.*]]: index, %[[BEGIN:.*]]: index, %[[END:.*]]: index)
func.func @key_range(%j: index, %begin: index, %end: index) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.cmpi sle, %[[BEGIN]], %[[J]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.cmpi slt, %[[J]], %[[END]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.andi %[[V0]], %[[V1]] : i1
  // CHECK: return %[[V2]]
  %0 = attn.key_range %j, %begin, %end
  return %0 : i1
}

// CHECK-LABEL: @key_length(
// CHECK-SAME: %[[J:.*]]: index, %[[N:.*]]: index)
func.func @key_length(%j: index, %n: index) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.cmpi slt, %[[J]], %[[N]] : index
  // CHECK: return %[[V0]]
  %0 = attn.key_length %j, %n
  return %0 : i1
}

// Global tokens by number and by flag.
// CHECK-LABEL: @longformer(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[W:.*]]: index, %[[G:.*]]: index, %[[F:.*]]: i1, %[[K:.*]]: i1)
func.func @longformer(%i: index, %j: index, %w: index, %g: index, %f: i1, %k: i1) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.subi %[[I]], %[[W]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.cmpi sle, %[[V0]], %[[J]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.addi %[[I]], %[[W]] : index
  // CHECK-DAG: %[[V3:.*]] = arith.cmpi sle, %[[J]], %[[V2]] : index
  // CHECK-DAG: %[[V4:.*]] = arith.andi %[[V1]], %[[V3]] : i1
  // CHECK-DAG: %[[V5:.*]] = arith.cmpi slt, %[[I]], %[[G]] : index
  // CHECK-DAG: %[[V6:.*]] = arith.cmpi slt, %[[J]], %[[G]] : index
  // CHECK-DAG: %[[V7:.*]] = arith.ori %[[V5]], %[[V6]] : i1
  // CHECK-DAG: %[[V8:.*]] = arith.ori %[[V4]], %[[V7]] : i1
  // CHECK-DAG: %[[V9:.*]] = arith.ori %[[F]], %[[K]] : i1
  // CHECK-DAG: %[[V10:.*]] = arith.ori %[[V8]], %[[V9]] : i1
  // CHECK: return %[[V10]]
  %0 = attn.longformer %i, %j, %w global %g flags %f, %k
  return %0 : i1
}

// CHECK-LABEL: @dilated_window(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[W:.*]]: index, %[[D:.*]]: index)
func.func @dilated_window(%i: index, %j: index, %w: index, %d: index) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.subi %[[I]], %[[W]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.cmpi sle, %[[V0]], %[[J]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.addi %[[I]], %[[W]] : index
  // CHECK-DAG: %[[V3:.*]] = arith.cmpi sle, %[[J]], %[[V2]] : index
  // CHECK-DAG: %[[V4:.*]] = arith.andi %[[V1]], %[[V3]] : i1
  // CHECK-DAG: %[[V5:.*]] = arith.subi %[[I]], %[[J]] : index
  // CHECK-DAG: %[[V6:.*]] = arith.remsi %[[V5]], %[[D]] : index
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[V7:.*]] = arith.cmpi eq, %[[V6]], %[[C0]] : index
  // CHECK-DAG: %[[V8:.*]] = arith.andi %[[V4]], %[[V7]] : i1
  // CHECK: return %[[V8]]
  %0 = attn.dilated_window %i, %j, %w, %d
  return %0 : i1
}

// CHECK-LABEL: @sparse_strided(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[L:.*]]: index)
func.func @sparse_strided(%i: index, %j: index, %l: index) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.subi %[[I]], %[[L]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.cmpi sle, %[[V0]], %[[J]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.subi %[[I]], %[[J]] : index
  // CHECK-DAG: %[[V3:.*]] = arith.remsi %[[V2]], %[[L]] : index
  // CHECK-DAG: %[[V4:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[V5:.*]] = arith.cmpi eq, %[[V3]], %[[V4]] : index
  // CHECK-DAG: %[[V6:.*]] = arith.cmpi sle, %[[J]], %[[I]] : index
  // CHECK-DAG: %[[V7:.*]] = arith.ori %[[V1]], %[[V5]] : i1
  // CHECK-DAG: %[[V8:.*]] = arith.andi %[[V6]], %[[V7]] : i1
  // CHECK: return %[[V8]]
  %0 = attn.sparse_strided %i, %j, %l
  return %0 : i1
}

// The remainder of a floor, for positions that may be negative.
// CHECK-LABEL: @sparse_fixed(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[L:.*]]: index, %[[C:.*]]: index)
func.func @sparse_fixed(%i: index, %j: index, %l: index, %c: index) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.floordivsi %[[I]], %[[L]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.muli %[[V0]], %[[L]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.cmpi sle, %[[V1]], %[[J]] : index
  // CHECK-DAG: %[[V3:.*]] = arith.addi %[[V1]], %[[L]] : index
  // CHECK-DAG: %[[V4:.*]] = arith.cmpi slt, %[[J]], %[[V3]] : index
  // CHECK-DAG: %[[V5:.*]] = arith.andi %[[V2]], %[[V4]] : i1
  // CHECK-DAG: %[[V6:.*]] = arith.subi %[[L]], %[[C]] : index
  // CHECK-DAG: %[[V7:.*]] = arith.floordivsi %[[J]], %[[L]] : index
  // CHECK-DAG: %[[V8:.*]] = arith.muli %[[V7]], %[[L]] : index
  // CHECK-DAG: %[[V9:.*]] = arith.subi %[[J]], %[[V8]] : index
  // CHECK-DAG: %[[V10:.*]] = arith.cmpi sle, %[[V6]], %[[V9]] : index
  // CHECK-DAG: %[[V11:.*]] = arith.cmpi sle, %[[J]], %[[I]] : index
  // CHECK-DAG: %[[V12:.*]] = arith.ori %[[V5]], %[[V10]] : i1
  // CHECK-DAG: %[[V13:.*]] = arith.andi %[[V11]], %[[V12]] : i1
  // CHECK: return %[[V13]]
  %0 = attn.sparse_fixed %i, %j, %l, %c
  return %0 : i1
}

// CHECK-LABEL: @longnet(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[W:.*]]: index, %[[R:.*]]: index, %[[S:.*]]: index)
func.func @longnet(%i: index, %j: index, %w: index, %r: index, %s: index) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.floordivsi %[[I]], %[[W]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.muli %[[V0]], %[[W]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.cmpi sle, %[[V1]], %[[J]] : index
  // CHECK-DAG: %[[V3:.*]] = arith.addi %[[V1]], %[[W]] : index
  // CHECK-DAG: %[[V4:.*]] = arith.cmpi slt, %[[J]], %[[V3]] : index
  // CHECK-DAG: %[[V5:.*]] = arith.andi %[[V2]], %[[V4]] : i1
  // CHECK-DAG: %[[V6:.*]] = arith.floordivsi %[[I]], %[[W]] : index
  // CHECK-DAG: %[[V7:.*]] = arith.muli %[[V6]], %[[W]] : index
  // CHECK-DAG: %[[V8:.*]] = arith.subi %[[I]], %[[V7]] : index
  // CHECK-DAG: %[[V9:.*]] = arith.subi %[[V8]], %[[S]] : index
  // CHECK-DAG: %[[V10:.*]] = arith.remsi %[[V9]], %[[R]] : index
  // CHECK-DAG: %[[V11:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[V12:.*]] = arith.cmpi eq, %[[V10]], %[[V11]] : index
  // CHECK-DAG: %[[V13:.*]] = arith.floordivsi %[[J]], %[[W]] : index
  // CHECK-DAG: %[[V14:.*]] = arith.muli %[[V13]], %[[W]] : index
  // CHECK-DAG: %[[V15:.*]] = arith.subi %[[J]], %[[V14]] : index
  // CHECK-DAG: %[[V16:.*]] = arith.subi %[[V15]], %[[S]] : index
  // CHECK-DAG: %[[V17:.*]] = arith.remsi %[[V16]], %[[R]] : index
  // CHECK-DAG: %[[V18:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[V19:.*]] = arith.cmpi eq, %[[V17]], %[[V18]] : index
  // CHECK-DAG: %[[V20:.*]] = arith.andi %[[V12]], %[[V19]] : i1
  // CHECK-DAG: %[[V21:.*]] = arith.andi %[[V5]], %[[V20]] : i1
  // CHECK: return %[[V21]]
  %0 = attn.longnet %i, %j, %w, %r shift %s
  return %0 : i1
}

// CHECK-LABEL: @bigbird(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[W:.*]]: index, %[[G:.*]]: index, %[[X:.*]]: index, %[[Y:.*]]: index)
func.func @bigbird(%i: index, %j: index, %w: index, %g: index, %x: index, %y: index) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.subi %[[I]], %[[W]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.cmpi sle, %[[V0]], %[[J]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.addi %[[I]], %[[W]] : index
  // CHECK-DAG: %[[V3:.*]] = arith.cmpi sle, %[[J]], %[[V2]] : index
  // CHECK-DAG: %[[V4:.*]] = arith.andi %[[V1]], %[[V3]] : i1
  // CHECK-DAG: %[[V5:.*]] = arith.cmpi slt, %[[I]], %[[G]] : index
  // CHECK-DAG: %[[V6:.*]] = arith.cmpi slt, %[[J]], %[[G]] : index
  // CHECK-DAG: %[[V7:.*]] = arith.ori %[[V5]], %[[V6]] : i1
  // CHECK-DAG: %[[V8:.*]] = arith.ori %[[V4]], %[[V7]] : i1
  // CHECK-DAG: %[[V9:.*]] = arith.cmpi eq, %[[J]], %[[X]] : index
  // CHECK-DAG: %[[V10:.*]] = arith.ori %[[V8]], %[[V9]] : i1
  // CHECK-DAG: %[[V11:.*]] = arith.cmpi eq, %[[J]], %[[Y]] : index
  // CHECK-DAG: %[[V12:.*]] = arith.ori %[[V10]], %[[V11]] : i1
  // CHECK: return %[[V12]]
  %0 = attn.bigbird %i, %j, %w, %g random %x, %y
  return %0 : i1
}

// CHECK-LABEL: @chunked(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[N:.*]]: index)
func.func @chunked(%i: index, %j: index, %n: index) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.floordivsi %[[I]], %[[N]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.muli %[[V0]], %[[N]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.cmpi sle, %[[V1]], %[[J]] : index
  // CHECK-DAG: %[[V3:.*]] = arith.addi %[[V1]], %[[N]] : index
  // CHECK-DAG: %[[V4:.*]] = arith.cmpi slt, %[[J]], %[[V3]] : index
  // CHECK-DAG: %[[V5:.*]] = arith.andi %[[V2]], %[[V4]] : i1
  // CHECK: return %[[V5]]
  %0 = attn.chunked %i, %j, %n
  return %0 : i1
}

// CHECK-LABEL: @block_causal(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[N:.*]]: index)
func.func @block_causal(%i: index, %j: index, %n: index) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.floordivsi %[[I]], %[[N]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.muli %[[V0]], %[[N]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.addi %[[V1]], %[[N]] : index
  // CHECK-DAG: %[[V3:.*]] = arith.cmpi slt, %[[J]], %[[V2]] : index
  // CHECK: return %[[V3]]
  %0 = attn.block_causal %i, %j, %n
  return %0 : i1
}

// CHECK-LABEL: @streaming(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[S:.*]]: index, %[[W:.*]]: index)
func.func @streaming(%i: index, %j: index, %s: index, %w: index) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.cmpi sle, %[[J]], %[[I]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.cmpi slt, %[[J]], %[[S]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.subi %[[I]], %[[W]] : index
  // CHECK-DAG: %[[V3:.*]] = arith.cmpi slt, %[[V2]], %[[J]] : index
  // CHECK-DAG: %[[V4:.*]] = arith.ori %[[V1]], %[[V3]] : i1
  // CHECK-DAG: %[[V5:.*]] = arith.andi %[[V0]], %[[V4]] : i1
  // CHECK: return %[[V5]]
  %0 = attn.streaming %i, %j, %s, %w
  return %0 : i1
}

// CHECK-LABEL: @duo_attention(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[F:.*]]: i1, %[[S:.*]]: index, %[[W:.*]]: index)
func.func @duo_attention(%i: index, %j: index, %f: i1, %s: index, %w: index) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.cmpi slt, %[[J]], %[[S]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.subi %[[I]], %[[W]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.cmpi slt, %[[V1]], %[[J]] : index
  // CHECK-DAG: %[[V3:.*]] = arith.ori %[[V0]], %[[V2]] : i1
  // CHECK-DAG: %[[V4:.*]] = arith.cmpi sle, %[[J]], %[[I]] : index
  // CHECK-DAG: %[[V5:.*]] = arith.ori %[[F]], %[[V3]] : i1
  // CHECK-DAG: %[[V6:.*]] = arith.andi %[[V4]], %[[V5]] : i1
  // CHECK: return %[[V6]]
  %0 = attn.duo_attention %i, %j, %f, %s, %w
  return %0 : i1
}

// No sum of prefix and nodes: it may pass 32 bits.
// CHECK-LABEL: @tree(
// CHECK-SAME: %[[J:.*]]: index, %[[P:.*]]: index, %[[N:.*]]: index, %[[A:.*]]: i1)
func.func @tree(%j: index, %p: index, %n: index, %a: i1) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.subi %[[J]], %[[P]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.cmpi slt, %[[V0]], %[[N]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.cmpi slt, %[[J]], %[[P]] : index
  // CHECK-DAG: %[[V3:.*]] = arith.andi %[[V1]], %[[A]] : i1
  // CHECK-DAG: %[[V4:.*]] = arith.ori %[[V2]], %[[V3]] : i1
  // CHECK: return %[[V4]]
  %0 = attn.tree %j, %p, %n, %a
  return %0 : i1
}

// CHECK-LABEL: @block_list(
// CHECK-SAME: %[[X:.*]]: index, %[[A:.*]]: index, %[[B:.*]]: index)
func.func @block_list(%x: index, %a: index, %b: index) -> i1 {
  // CHECK-DAG: %[[V0:.*]] = arith.cmpi eq, %[[X]], %[[A]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.cmpi eq, %[[X]], %[[B]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.ori %[[V0]], %[[V1]] : i1
  // CHECK: return %[[V2]]
  %0 = attn.block_list %x in %a, %b
  return %0 : i1
}

// CHECK-LABEL: @block(
// CHECK-SAME: %[[I:.*]]: index, %[[N:.*]]: index)
func.func @block(%i: index, %n: index) -> index {
  // CHECK-DAG: %[[V0:.*]] = arith.floordivsi %[[I]], %[[N]] : index
  // CHECK: return %[[V0]]
  %0 = attn.block %i, %n
  return %0 : index
}

// In bounds for every key.
// CHECK-LABEL: @tree_node(
// CHECK-SAME: %[[J:.*]]: index, %[[P:.*]]: index, %[[N:.*]]: index)
func.func @tree_node(%j: index, %p: index, %n: index) -> index {
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK-DAG: %[[V0:.*]] = arith.subi %[[N]], %[[C1]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.subi %[[J]], %[[P]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.minsi %[[V1]], %[[V0]] : index
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[V3:.*]] = arith.maxsi %[[V2]], %[[C0]] : index
  // CHECK: return %[[V3]]
  %0 = attn.tree_node %j, %p, %n
  return %0 : index
}

// CHECK-LABEL: @clipped_distance(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index, %[[K:.*]]: index)
func.func @clipped_distance(%i: index, %j: index, %k: index) -> index {
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[V0:.*]] = arith.subi %[[C0]], %[[K]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.subi %[[J]], %[[I]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.minsi %[[V1]], %[[K]] : index
  // CHECK-DAG: %[[V3:.*]] = arith.maxsi %[[V2]], %[[V0]] : index
  // CHECK-DAG: %[[V4:.*]] = arith.addi %[[V3]], %[[K]] : index
  // CHECK: return %[[V4]]
  %0 = attn.clipped_distance %i, %j, %k
  return %0 : index
}

// Buckets 0 to 3 are a distance each, the others begin at 4, 6, 9 and 14:
// 4 * 5^(k / 4) is 5.98, 8.94 and 13.4.
// CHECK-LABEL: @relative_bucket(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index)
func.func @relative_bucket(%i: index, %j: index) -> index {
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[V0:.*]] = arith.subi %[[J]], %[[I]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.subi %[[I]], %[[J]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.maxsi %[[V1]], %[[C0]] : index
  // CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
  // CHECK-DAG: %[[V3:.*]] = arith.minsi %[[V2]], %[[C4]] : index
  // CHECK-DAG: %[[C6:.*]] = arith.constant 6 : index
  // CHECK-DAG: %[[V4:.*]] = arith.cmpi sle, %[[C6]], %[[V2]] : index
  // CHECK-DAG: %[[V5:.*]] = arith.index_castui %[[V4]] : i1 to index
  // CHECK-DAG: %[[V6:.*]] = arith.addi %[[V3]], %[[V5]] : index
  // CHECK-DAG: %[[C9:.*]] = arith.constant 9 : index
  // CHECK-DAG: %[[V7:.*]] = arith.cmpi sle, %[[C9]], %[[V2]] : index
  // CHECK-DAG: %[[V8:.*]] = arith.index_castui %[[V7]] : i1 to index
  // CHECK-DAG: %[[V9:.*]] = arith.addi %[[V6]], %[[V8]] : index
  // CHECK-DAG: %[[C14:.*]] = arith.constant 14 : index
  // CHECK-DAG: %[[V10:.*]] = arith.cmpi sle, %[[C14]], %[[V2]] : index
  // CHECK-DAG: %[[V11:.*]] = arith.index_castui %[[V10]] : i1 to index
  // CHECK-DAG: %[[V12:.*]] = arith.addi %[[V9]], %[[V11]] : index
  // CHECK: return %[[V12]]
  %0 = attn.relative_bucket %i, %j buckets 8 max_distance 20
  return %0 : index
}

// 8 * 2^(k / 2): where that is a whole number, the bucket begins there.
// CHECK-LABEL: @relative_bucket_bidirectional(
// CHECK-SAME: %[[I:.*]]: index, %[[J:.*]]: index)
func.func @relative_bucket_bidirectional(%i: index, %j: index) -> index {
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[V0:.*]] = arith.subi %[[J]], %[[I]] : index
  // CHECK-DAG: %[[V1:.*]] = arith.subi %[[I]], %[[J]] : index
  // CHECK-DAG: %[[V2:.*]] = arith.maxsi %[[V1]], %[[V0]] : index
  // CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
  // CHECK-DAG: %[[V3:.*]] = arith.minsi %[[V2]], %[[C8]] : index
  // CHECK-DAG: %[[C12:.*]] = arith.constant 12 : index
  // CHECK-DAG: %[[V4:.*]] = arith.cmpi sle, %[[C12]], %[[V2]] : index
  // CHECK-DAG: %[[V5:.*]] = arith.index_castui %[[V4]] : i1 to index
  // CHECK-DAG: %[[V6:.*]] = arith.addi %[[V3]], %[[V5]] : index
  // CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
  // CHECK-DAG: %[[V7:.*]] = arith.cmpi sle, %[[C16]], %[[V2]] : index
  // CHECK-DAG: %[[V8:.*]] = arith.index_castui %[[V7]] : i1 to index
  // CHECK-DAG: %[[V9:.*]] = arith.addi %[[V6]], %[[V8]] : index
  // CHECK-DAG: %[[C23:.*]] = arith.constant 23 : index
  // CHECK-DAG: %[[V10:.*]] = arith.cmpi sle, %[[C23]], %[[V2]] : index
  // CHECK-DAG: %[[V11:.*]] = arith.index_castui %[[V10]] : i1 to index
  // CHECK-DAG: %[[V12:.*]] = arith.addi %[[V9]], %[[V11]] : index
  // CHECK-DAG: %[[C32:.*]] = arith.constant 32 : index
  // CHECK-DAG: %[[V13:.*]] = arith.cmpi sle, %[[C32]], %[[V2]] : index
  // CHECK-DAG: %[[V14:.*]] = arith.index_castui %[[V13]] : i1 to index
  // CHECK-DAG: %[[V15:.*]] = arith.addi %[[V12]], %[[V14]] : index
  // CHECK-DAG: %[[C46:.*]] = arith.constant 46 : index
  // CHECK-DAG: %[[V16:.*]] = arith.cmpi sle, %[[C46]], %[[V2]] : index
  // CHECK-DAG: %[[V17:.*]] = arith.index_castui %[[V16]] : i1 to index
  // CHECK-DAG: %[[V18:.*]] = arith.addi %[[V15]], %[[V17]] : index
  // CHECK-DAG: %[[C64:.*]] = arith.constant 64 : index
  // CHECK-DAG: %[[V19:.*]] = arith.cmpi sle, %[[C64]], %[[V2]] : index
  // CHECK-DAG: %[[V20:.*]] = arith.index_castui %[[V19]] : i1 to index
  // CHECK-DAG: %[[V21:.*]] = arith.addi %[[V18]], %[[V20]] : index
  // CHECK-DAG: %[[C91:.*]] = arith.constant 91 : index
  // CHECK-DAG: %[[V22:.*]] = arith.cmpi sle, %[[C91]], %[[V2]] : index
  // CHECK-DAG: %[[V23:.*]] = arith.index_castui %[[V22]] : i1 to index
  // CHECK-DAG: %[[V24:.*]] = arith.addi %[[V21]], %[[V23]] : index
  // CHECK-DAG: %[[V25:.*]] = arith.cmpi slt, %[[C0]], %[[V0]] : index
  // CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
  // CHECK-DAG: %[[V26:.*]] = arith.select %[[V25]], %[[C16]], %[[C0]] : index
  // CHECK-DAG: %[[V27:.*]] = arith.addi %[[V24]], %[[V26]] : index
  // CHECK: return %[[V27]]
  %0 = attn.relative_bucket %i, %j buckets 32 max_distance 128 bidirectional
  return %0 : index
}

// CHECK-LABEL: @transformer_xl(
// CHECK-SAME: %[[S:.*]]: f32, %[[K:.*]]: f32, %[[P:.*]]: f32, %[[U:.*]]: f32, %[[V:.*]]: f32)
func.func @transformer_xl(%s: f32, %k: f32, %p: f32, %u: f32, %v: f32) -> f32 {
  // CHECK-DAG: %[[V0:.*]] = arith.addf %[[P]], %[[U]] : f32
  // CHECK-DAG: %[[V1:.*]] = arith.addf %[[V0]], %[[V]] : f32
  // CHECK-DAG: %[[V2:.*]] = arith.mulf %[[K]], %[[V1]] : f32
  // CHECK-DAG: %[[V3:.*]] = arith.addf %[[S]], %[[V2]] : f32
  // CHECK: return %[[V3]]
  %0 = attn.transformer_xl %s, %k, %p, %u, %v
  return %0 : f32
}

// CHECK-LABEL: @temperature(
// CHECK-SAME: %[[S:.*]]: f32, %[[T:.*]]: f32)
func.func @temperature(%s: f32, %t: f32) -> f32 {
  // CHECK-DAG: %[[V0:.*]] = arith.divf %[[S]], %[[T]] : f32
  // CHECK: return %[[V0]]
  %0 = attn.temperature %s, %t
  return %0 : f32
}

// CHECK-LABEL: @log_length(
// CHECK-SAME: %[[S:.*]]: f32, %[[F:.*]]: f32, %[[N:.*]]: index)
func.func @log_length(%s: f32, %f: f32, %n: index) -> f32 {
  // CHECK-DAG: %[[V0:.*]] = arith.index_cast %[[N]] : index to i32
  // CHECK-DAG: %[[V1:.*]] = arith.sitofp %[[V0]] : i32 to f32
  // CHECK-DAG: %[[V2:.*]] = math.log %[[V1]] : f32
  // CHECK-DAG: %[[V3:.*]] = arith.mulf %[[F]], %[[V2]] : f32
  // CHECK-DAG: %[[V4:.*]] = arith.mulf %[[S]], %[[V3]] : f32
  // CHECK: return %[[V4]]
  %0 = attn.log_length %s, %f, %n
  return %0 : f32
}

// CHECK-LABEL: @yarn(
// CHECK-SAME: %[[S:.*]]: f32, %[[F:.*]]: f32)
func.func @yarn(%s: f32, %f: f32) -> f32 {
  // CHECK-DAG: %[[V0:.*]] = arith.constant 1.000000e-01 : f32
  // CHECK-DAG: %[[V1:.*]] = math.log %[[F]] : f32
  // CHECK-DAG: %[[V2:.*]] = arith.mulf %[[V0]], %[[V1]] : f32
  // CHECK-DAG: %[[V3:.*]] = arith.constant 1.000000e+00 : f32
  // CHECK-DAG: %[[V4:.*]] = arith.addf %[[V2]], %[[V3]] : f32
  // CHECK-DAG: %[[V5:.*]] = arith.mulf %[[V4]], %[[V4]] : f32
  // CHECK-DAG: %[[V6:.*]] = arith.mulf %[[S]], %[[V5]] : f32
  // CHECK: return %[[V6]]
  %0 = attn.yarn %s, %f
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
