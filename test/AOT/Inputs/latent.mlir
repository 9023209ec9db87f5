// Latent attention of the heads of one token, as rows of one head. Its inputs are the
// queries and the cache; the value is the first 512 columns of the latter.

func.func @latent(%q: tensor<?x1x?x576xf16>,
                  %cache: tensor<?x1x?x576xf16> {attn.name = "cache"})
    -> (tensor<?x1x?x512xf16>, tensor<?x1x?xf32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %cache, %c0 : tensor<?x1x?x576xf16>
  %s = tensor.dim %cache, %c2 : tensor<?x1x?x576xf16>
  %v = tensor.extract_slice %cache[0, 0, 0, 0] [%b, 1, %s, 512] [1, 1, 1, 1]
      : tensor<?x1x?x576xf16> to tensor<?x1x?x512xf16>
  %o, %lse = attn.attention query(%q : tensor<?x1x?x576xf16>)
      key(%cache : tensor<?x1x?x576xf16>) value(%v : tensor<?x1x?x512xf16>)
    -> tensor<?x1x?x512xf16>, tensor<?x1x?xf32>
  return %o, %lse : tensor<?x1x?x512xf16>, tensor<?x1x?xf32>
}
