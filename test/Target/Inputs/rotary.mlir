func.func @rotary(%q: tensor<?x32x?x128xbf16>, %k: tensor<?x?x?x96xf16>,
                  %x: tensor<?x8x?x64xf32>, %past: index, %p: tensor<?x?xi64>,
                  %cos: tensor<?x64xf32>, %sin: tensor<?x64xf32>)
    -> (tensor<?x32x?x128xbf16>, tensor<?x32x?x128xbf16>, tensor<?x?x?x96xf16>,
        tensor<?x8x?x64xf32>) {
  %0 = attn.rotary input(%q : tensor<?x32x?x128xbf16>) offset(%past) {base = 5.0e5}
    -> tensor<?x32x?x128xbf16>
  %1 = attn.rotary input(%q : tensor<?x32x?x128xbf16>) offset(%past)
    cos(%cos : tensor<?x64xf32>) sin(%sin : tensor<?x64xf32>) interleaved
    -> tensor<?x32x?x128xbf16>
  %2 = attn.rotary input(%k : tensor<?x?x?x96xf16>) positions(%p : tensor<?x?xi64>)
    interleaved {rotary_dim = 24, scaling = #attn.yarn_rotary<factor = 4.0,
    original_length = 4096>} -> tensor<?x?x?x96xf16>
  %3 = attn.rotary input(%x : tensor<?x8x?x64xf32>) -> tensor<?x8x?x64xf32>
  return %0, %1, %2, %3 : tensor<?x32x?x128xbf16>, tensor<?x32x?x128xbf16>,
                          tensor<?x?x?x96xf16>, tensor<?x8x?x64xf32>
}
