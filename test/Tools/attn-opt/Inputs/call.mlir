// A window whose width only a call knows.
!q = tensor<1x2x128x16xf16>
func.func private @width() -> index
func.func @window(%q: !q, %k: !q, %v: !q) -> !q {
  %w = func.call @width() : () -> index
  %o = attn.attention query(%q : !q) key(%k : !q) value(%v : !q)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %keep = attn.window %i, %j left %w
      attn.yield %keep : i1
    } -> !q
  return %o : !q
}
