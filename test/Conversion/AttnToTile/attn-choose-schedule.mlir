// RUN: attn-opt %s --attn-choose-schedule --split-input-file | FileCheck %s
// RUN: attn-opt %s --attn-choose-schedule="schedule=m=64,n=32,warps=4,stages=2" --split-input-file \
// RUN:   | FileCheck %s --check-prefix=GIVEN
// RUN: attn-opt %s --attn-choose-schedule="schedule=<m=64,n=32,warps=4,stages=2>" --split-input-file \
// RUN:   | FileCheck %s --check-prefix=GIVEN

// One row of the table for each range of head dims, by the larger of the two.
// CHECK-LABEL: func.func @table(
// GIVEN-LABEL: func.func @table(
func.func @table(%d16: tensor<1x1x4x16xf16>, %d40: tensor<1x1x4x40xf16>, %d64: tensor<1x1x4x64xf16>,
                 %d72: tensor<1x1x4x72xf16>, %d192: tensor<1x1x4x192xf16>, %d256: tensor<1x1x4x256xf16>) {
  // CHECK: #tile.schedule<m = 128, n = 128, warps = 4, stages = 1>
  // GIVEN-COUNT-7: #tile.schedule<m = 64, n = 32, warps = 4, stages = 2>
  %0 = attn.attention query(%d16 : tensor<1x1x4x16xf16>) key(%d16 : tensor<1x1x4x16xf16>)
      value(%d16 : tensor<1x1x4x16xf16>) -> tensor<1x1x4x16xf16>
  // CHECK: #tile.schedule<m = 128, n = 96, warps = 4, stages = 1, order = pressure>
  %1 = attn.attention query(%d40 : tensor<1x1x4x40xf16>) key(%d40 : tensor<1x1x4x40xf16>)
      value(%d40 : tensor<1x1x4x40xf16>) -> tensor<1x1x4x40xf16>
  // CHECK: #tile.schedule<m = 128, n = 128, warps = 4, stages = 1>
  %2 = attn.attention query(%d64 : tensor<1x1x4x64xf16>) key(%d64 : tensor<1x1x4x64xf16>)
      value(%d64 : tensor<1x1x4x64xf16>) -> tensor<1x1x4x64xf16>
  // CHECK: #tile.schedule<m = 128, n = 64, warps = 4, stages = 1, order = pressure>
  %3 = attn.attention query(%d72 : tensor<1x1x4x72xf16>) key(%d72 : tensor<1x1x4x72xf16>)
      value(%d72 : tensor<1x1x4x72xf16>) -> tensor<1x1x4x72xf16>
  // CHECK: #tile.schedule<m = 128, n = 64, warps = 8, stages = 1, order = pressure>
  %4 = attn.attention query(%d192 : tensor<1x1x4x192xf16>) key(%d192 : tensor<1x1x4x192xf16>)
      value(%d72 : tensor<1x1x4x72xf16>) -> tensor<1x1x4x72xf16>
  // CHECK: #tile.schedule<m = 128, n = 64, warps = 8, stages = 1, order = pressure>
  %5 = attn.attention query(%d40 : tensor<1x1x4x40xf16>) key(%d40 : tensor<1x1x4x40xf16>)
      value(%d256 : tensor<1x1x4x256xf16>) -> tensor<1x1x4x256xf16>
  // CHECK: #tile.schedule<m = 16, n = 16, warps = 1, stages = 1>
  %6 = attn.attention query(%d16 : tensor<1x1x4x16xf16>) key(%d16 : tensor<1x1x4x16xf16>)
      value(%d16 : tensor<1x1x4x16xf16>)
      {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 1>} -> tensor<1x1x4x16xf16>
  return
}
