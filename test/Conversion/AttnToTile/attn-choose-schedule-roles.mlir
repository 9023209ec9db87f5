// RUN: attn-opt %s --attn-choose-schedule="chip=sm_90a" -split-input-file | FileCheck %s
// RUN: attn-opt %s --attn-choose-schedule="chip=sm_90a" -split-input-file --remarks-filter=attn -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK
// RUN: not attn-opt %s --attn-choose-schedule="chip=sm_90" -split-input-file 2>&1 | FileCheck %s --check-prefix=CHIP
// RUN: not attn-opt %s -split-input-file -attn-choose-schedule="chip=sm_90a schedule=m=128,n=128,warps=8,stages=2,consumers=2,cluster=2" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=CLUSTER

// CHIP: error: {{.*}}sm_90 has no wgmma or setmaxnreg: use sm_90a

// Head dims go up to the next row; the mask says which of its rows.
// REMARK: remark: [Passed] schedule | Category:attn:sm_90a | Reason="head dims 80 and 48, plain regions, full keys: the row for head dims up to 96 and 96, any regions, full keys", schedule="m=192,
// CHECK-LABEL: func.func @full(
// CHECK:         #tile.schedule<m = 192, n = 144, warps = 12, stages = 2, consumers = 3, producer_registers = 32, consumer_registers = 160, weights = shared,
func.func @full(%a: tensor<1x1x4x80xf16>, %b: tensor<1x1x4x48xf16>) {
  %0 = attn.attention query(%a : tensor<1x1x4x80xf16>) key(%a : tensor<1x1x4x80xf16>)
      value(%b : tensor<1x1x4x48xf16>) -> tensor<1x1x4x48xf16>
  return
}

// -----

// REMARK: Reason="head dims 128 and 128, plain regions, causal keys
// CHECK-LABEL: func.func @causal(
// CHECK:         n = 128, {{.*}}longest_first = true
// CLUSTER: error: cluster = 2 does not divide the work: blocks of a cluster share every key tile, but with a causal mask each block of rows has its own tiles; use cluster = 1
func.func @causal(%a: tensor<1x1x4x128xf16>) {
  %0 = attn.attention query(%a : tensor<1x1x4x128xf16>) key(%a : tensor<1x1x4x128xf16>)
      value(%a : tensor<1x1x4x128xf16>)
      mask {
      ^bb0(%b: index, %h: index, %i: index, %j: index):
        %keep = arith.cmpi sle, %j, %i : index
        attn.yield %keep : i1
      } -> tensor<1x1x4x128xf16>
  return
}

// -----

// REMARK: Reason="head dims 192 and 128, plain regions, windowed keys
// CHECK-LABEL: func.func @windowed(
// CHECK:         n = 96,
func.func @windowed(%a: tensor<1x1x4x192xf16>, %v: tensor<1x1x4x128xf16>) {
  %0 = attn.attention query(%a : tensor<1x1x4x192xf16>) key(%a : tensor<1x1x4x192xf16>)
      value(%v : tensor<1x1x4x128xf16>)
      mask {
      ^bb0(%b: index, %h: index, %i: index, %j: index):
        %c64 = arith.constant 64 : index
        %first = arith.subi %i, %c64 : index
        %low = arith.cmpi sge, %j, %first : index
        %high = arith.cmpi sle, %j, %i : index
        %keep = arith.andi %low, %high : i1
        attn.yield %keep : i1
      } -> tensor<1x1x4x128xf16>
  return
}

// -----

// REMARK: Reason="head dims 64 and 64, loaded regions, full keys: the row for head dims up to 64 and 64, loaded regions, any keys"
// REMARK: Reason="head dims 64 and 64, computed regions, full keys: the row for head dims up to 64 and 64, computed regions, any keys"
// CHECK-LABEL: func.func @regions(
// CHECK:         n = 96,
// CHECK:         n = 128,
func.func @regions(%a: tensor<1x1x4x64xf16>, %bias: tensor<4x4xf32>) {
  %0 = attn.attention query(%a : tensor<1x1x4x64xf16>) key(%a : tensor<1x1x4x64xf16>)
      value(%a : tensor<1x1x4x64xf16>)
      score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
        %x = attn.load %bias[%i, %j] : tensor<4x4xf32>
        %y = arith.addf %s, %x : f32
        attn.yield %y : f32
      } -> tensor<1x1x4x64xf16>
  %1 = attn.attention query(%a : tensor<1x1x4x64xf16>) key(%a : tensor<1x1x4x64xf16>)
      value(%a : tensor<1x1x4x64xf16>)
      score {
      ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
        %y = arith.addf %s, %s : f32
        attn.yield %y : f32
      } -> tensor<1x1x4x64xf16>
  return
}
