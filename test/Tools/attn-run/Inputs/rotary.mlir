!x = tensor<?x2x?x64xf16>
!table = tensor<?x32xf32>

func.func @positions(%x: !x, %p: tensor<?xi32>) -> !x {
  %r = attn.rotary input(%x : !x) positions(%p : tensor<?xi32>) -> !x
  return %r : !x
}

func.func @tables(%x: !x, %cos: !table, %sin: !table, %past: index) -> !x {
  %r = attn.rotary input(%x : !x) offset(%past) cos(%cos : !table) sin(%sin : !table) -> !x
  return %r : !x
}

func.func @odd(%x: tensor<?x?x?x20xf16>) -> tensor<?x?x?x20xf16> {
  %r = attn.rotary input(%x : tensor<?x?x?x20xf16>) -> tensor<?x?x?x20xf16>
  return %r : tensor<?x?x?x20xf16>
}
