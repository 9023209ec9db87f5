// A value in transposed blocks: with the block that kernels of 8-bit attention take, and with
// scales of heads, which take two passes.
func.func @quantize(%x: tensor<?x8x?x128xbf16>)
    -> (tensor<?x8x?x128x128xf8E4M3FN>, tensor<?x8x?xf32>,
        tensor<?x8x?x128x64xf8E5M2>, tensor<?x8xf32>) {
  %q, %s = attn.quantize input(%x : tensor<?x8x?x128xbf16>) {block = 128 : i64}
      -> tensor<?x8x?x128x128xf8E4M3FN>, tensor<?x8x?xf32>
  %r, %t = attn.quantize input(%x : tensor<?x8x?x128xbf16>)
      -> tensor<?x8x?x128x64xf8E5M2>, tensor<?x8xf32>
  return %q, %s, %r, %t : tensor<?x8x?x128x128xf8E4M3FN>, tensor<?x8x?xf32>,
      tensor<?x8x?x128x64xf8E5M2>, tensor<?x8xf32>
}
