// RUN: attn-opt %s --attn-bufferize --attn-expand-score-ops \
// RUN:   --attn-choose-schedule="schedule=m=16,n=16,warps=1,stages=1" --attn-to-tile \
// RUN:   --remarks-filter=attn -o /dev/null 2>&1 | FileCheck %s

// How key tiles are found, and which op kept the analysis from finding more.

!t = tensor<1x1x64x16xf16>

func.func @remarks(%q: !t, %keep: tensor<64x64xi1>) -> (!t, !t, !t) {
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
  return %0, %1, %2 : !t, !t, !t
}
