// Causal attention of any batch, heads and lengths.
func.func @attention(%q: tensor<?x?x?x64xf16>, %k: tensor<?x?x?x64xf16>, %v: tensor<?x?x?x64xf16>)
    -> (tensor<?x?x?x64xf16>, tensor<?x?x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x?x?x64xf16>)
      key(%k : tensor<?x?x?x64xf16>) value(%v : tensor<?x?x?x64xf16>)
      mask {
      ^bb0(%b: index, %h: index, %i: index, %j: index):
        %keep = attn.causal %i, %j
        attn.yield %keep : i1
      } -> tensor<?x?x?x64xf16>, tensor<?x?x?xf32>
  return %o, %lse : tensor<?x?x?x64xf16>, tensor<?x?x?xf32>
}
