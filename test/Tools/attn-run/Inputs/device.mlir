// What the device tests run: grouped heads, dynamic lengths, a bias and a mask.
func.func @attention(%q: tensor<1x4x?x64xf16>, %k: tensor<1x2x?x64xf16>,
                     %v: tensor<1x2x?x64xf16>, %slopes: tensor<4xf32>)
    -> (tensor<1x4x?x64xf16>, tensor<1x4x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<1x4x?x64xf16>)
      key(%k : tensor<1x2x?x64xf16>) value(%v : tensor<1x2x?x64xf16>)
    score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %slope = attn.load %slopes[%h] : tensor<4xf32>
      %0 = attn.alibi %s, %slope, %i, %j
      attn.yield %0 : f32
    }
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.causal %i, %j
      attn.yield %m : i1
    } -> tensor<1x4x?x64xf16>, tensor<1x4x?xf32>
  return %o, %lse : tensor<1x4x?x64xf16>, tensor<1x4x?xf32>
}
