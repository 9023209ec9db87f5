// RUN: attn-opt %s --attn-bufferize --attn-choose-schedule="chip=sm_90a" | FileCheck %s
// RUN: attn-opt %s --attn-bufferize --attn-choose-schedule="chip=sm_80" | FileCheck %s --check-prefix=AMPERE

// A value in its key: one slot more than the row has, 2 and 1.
// CHECK-LABEL: func.func @small(
// CHECK:         #tile.schedule<m = 128, n = 128, warps = 8, stages = 3, consumers = 2,
// AMPERE-LABEL: func.func @small(
// AMPERE:        #tile.schedule<m = 128, n = 64, warps = 8, stages = 2,
func.func @small(%q: tensor<1x2x8x192xf16>, %k: tensor<1x1x64x192xf16>) -> tensor<1x2x8x128xf16> {
  %v = tensor.extract_slice %k[0, 0, 0, 0] [1, 1, 64, 128] [1, 1, 1, 1]
      : tensor<1x1x64x192xf16> to tensor<1x1x64x128xf16>
  %o = attn.attention query(%q : tensor<1x2x8x192xf16>) key(%k : tensor<1x1x64x192xf16>)
      value(%v : tensor<1x1x64x128xf16>) -> tensor<1x2x8x128xf16>
  return %o : tensor<1x2x8x128xf16>
}

// Head dims over 256: consumers share the columns. What is given stays as it is.
// CHECK-LABEL: func.func @large(
// CHECK:         #tile.schedule<m = 64, n = 64, warps = 8, stages = 2, consumers = 2, producer_registers = 24, consumer_registers = 240, weights = shared, persistent = true, split = columns>
// CHECK:         #tile.schedule<m = 64, n = 32, warps = 8, stages = 1, consumers = 2, weights = shared, split = columns>
// AMPERE-LABEL: func.func @large(
// AMPERE:        #tile.schedule<m = 64, n = 32, warps = 8, stages = 2, weights = shared, split = columns>
func.func @large(%q: tensor<1x2x8x576xf16>, %k: tensor<1x1x64x576xf16>)
    -> (tensor<1x2x8x512xf16>, tensor<1x2x8x512xf16>) {
  %v = tensor.extract_slice %k[0, 0, 0, 0] [1, 1, 64, 512] [1, 1, 1, 1]
      : tensor<1x1x64x576xf16> to tensor<1x1x64x512xf16>
  %o = attn.attention query(%q : tensor<1x2x8x576xf16>) key(%k : tensor<1x1x64x576xf16>)
      value(%v : tensor<1x1x64x512xf16>) -> tensor<1x2x8x512xf16>
  %p = attn.attention query(%q : tensor<1x2x8x576xf16>) key(%k : tensor<1x1x64x576xf16>)
      value(%v : tensor<1x1x64x512xf16>)
      {tile.schedule = #tile.schedule<m = 64, n = 32, warps = 8, stages = 1, consumers = 2, weights = shared, split = columns>}
      -> tensor<1x2x8x512xf16>
  return %o, %p : tensor<1x2x8x512xf16>, tensor<1x2x8x512xf16>
}
