// RUN: attn-opt %s --attn-bufferize --attn-expand-score-ops \
// RUN:   --attn-choose-schedule="schedule=m=16,n=16,warps=1,stages=1" --attn-to-tile \
// RUN:   --remarks-filter=attn -o /dev/null 2>&1 | FileCheck %s

// How key tiles are found, and which op kept the analysis from finding more.

!t = tensor<1x1x64x16xf16>

func.func @remarks(%q: !t, %keep: tensor<64x64xi1>, %size: index) -> (!t, !t, !t, !t, !t) {
  // CHECK: remark: [Passed] mask | Category:attn | Reason="key tiles: closed bounds for each block of rows"
  %0 = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %m = attn.causal %i, %j
    attn.yield %m : i1
  } -> !t
  // CHECK: remark: [Passed] mask | Category:attn | Reason="key tiles: a list for each block of rows"
  // CHECK: remark: [Missed] mask | Category:attn | Reason="no bounds of 'attn.load' over a tile: tiles that it decides are partial"
  %1 = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c8 = arith.constant 8 : index
    %c = attn.chunked %i, %j, %c8
    %k = attn.load %keep[%i, %j] : tensor<64x64xi1>
    %m = arith.andi %c, %k : i1
    attn.yield %m : i1
  } -> !t
  // CHECK: remark: [Passed] mask | Category:attn | Reason="key tiles: all of them"
  // CHECK: remark: [Missed] mask | Category:attn | Reason="no bounds of 'arith.cmpi' over a tile: tiles that it decides are partial"
  %2 = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %m = arith.cmpi ult, %j, %i : index
    attn.yield %m : i1
  } -> !t
  // Unsigned division is that of signed numbers where none is negative: positions and
  // their sums with constants. A value from outside may be.
  // CHECK-NOT: Missed
  // CHECK: remark: [Passed] mask | Category:attn | Reason="key tiles: a list for each block of rows"
  // CHECK-NOT: Missed
  %3 = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c24 = arith.constant 24 : index
    %c8 = arith.constant 8 : index
    %p = arith.addi %i, %c8 : index
    %pi = arith.divui %p, %c24 : index
    %narrow = arith.index_cast %j : index to i32
    %wide = arith.index_cast %narrow : i32 to index
    %pj = arith.divui %wide, %c24 : index
    %r = arith.remui %j, %c8 : index
    %m0 = arith.cmpi eq, %pi, %pj : index
    %m1 = arith.cmpi ne, %r, %c8 : index
    %m = arith.andi %m0, %m1 : i1
    attn.yield %m : i1
  } -> !t
  // CHECK: remark: [Passed] mask | Category:attn | Reason="key tiles: all of them"
  // CHECK: remark: [Missed] mask | Category:attn | Reason="no bounds of 'arith.cmpi' over a tile: tiles that it decides are partial"
  %4 = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c8 = arith.constant 8 : index
    %p = arith.subi %i, %size : index
    %pi = arith.divui %p, %c8 : index
    %pj = arith.divui %j, %c8 : index
    %m = arith.cmpi sge, %pi, %pj : index
    attn.yield %m : i1
  } -> !t
  return %0, %1, %2, %3, %4 : !t, !t, !t, !t, !t
}
