// Causal grouped-query attention: four query heads share one key/value head.
// Batch and lengths are known at run time only. The mask's diagonal ends in the
// bottom-right corner, so the last query sees every key however many there are.
func.func @causal_gqa(%q: tensor<?x8x?x64xf16>, %k: tensor<?x2x?x64xf16>,
                      %v: tensor<?x2x?x64xf16>)
    -> (tensor<?x8x?x64xf16>, tensor<?x8x?xf32>) {
  %c2 = arith.constant 2 : index
  %sq = tensor.dim %q, %c2 : tensor<?x8x?x64xf16>
  %sk = tensor.dim %k, %c2 : tensor<?x2x?x64xf16>
  %offset = arith.subi %sk, %sq : index
  %out, %lse = attn.attention
      query(%q : tensor<?x8x?x64xf16>)
      key(%k : tensor<?x2x?x64xf16>)
      value(%v : tensor<?x2x?x64xf16>)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %keep = attn.causal %i, %j offset %offset
      attn.yield %keep : i1
    } -> tensor<?x8x?x64xf16>, tensor<?x8x?xf32>
  return %out, %lse : tensor<?x8x?x64xf16>, tensor<?x8x?xf32>
}
