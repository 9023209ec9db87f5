// Differential attention as in the first version (arXiv 2410.05258): two query and key
// heads of 64, one value head of 128, lambda for each head, the norm of each head with its
// weight, and 1 - lambda_init = 0.2. Batch and lengths are known at run time only.
func.func @differential_attention(
    %q0: tensor<?x8x?x64xbf16>, %k0: tensor<?x8x?x64xbf16>,
    %q1: tensor<?x8x?x64xbf16>, %k1: tensor<?x8x?x64xbf16>,
    %v: tensor<?x8x?x128xbf16>, %lambda: tensor<8xf32>, %weight: tensor<128xbf16>)
    -> tensor<?x8x?x128xbf16> {
  %out = attn.differential
      query0(%q0 : tensor<?x8x?x64xbf16>) key0(%k0 : tensor<?x8x?x64xbf16>)
      query1(%q1 : tensor<?x8x?x64xbf16>) key1(%k1 : tensor<?x8x?x64xbf16>)
      value(%v : tensor<?x8x?x128xbf16>)
      lambda(%lambda : tensor<8xf32>) weight(%weight : tensor<128xbf16>)
      {norm_epsilon = 1.0e-05 : f32, norm_scale = 0.2 : f32}
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %keep = attn.causal %i, %j
      attn.yield %keep : i1
    } -> tensor<?x8x?x128xbf16>
  return %out : tensor<?x8x?x128xbf16>
}
