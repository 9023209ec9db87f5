// Three functions: two masks with captures, one op without a mask, two ops in one.
!q = tensor<?x8x?x64xf16>
!s = tensor<1x2x512x64xf16>

func.func @documents(%q: !q, %k: !q, %v: !q, %ids: tensor<?xi32>, %w: index) -> !q {
  %o = attn.attention query(%q : !q) key(%k : !q) value(%v : !q)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %0 = attn.load %ids[%i] : tensor<?xi32>
      %1 = attn.load %ids[%j] : tensor<?xi32>
      %same = attn.same_document %0, %1 : i32
      %near = attn.window %i, %j left %w
      %past = attn.causal %i, %j
      %2 = arith.andi %same, %near : i1
      %keep = arith.andi %2, %past : i1
      attn.yield %keep : i1
    } -> !q
  return %o : !q
}

// The flag is negated and chosen by: both ways of a condition may be known.
func.func @flags(%q: !s, %k: !s, %v: !s, %flag: i1, %size: index) -> !s {
  %true = arith.constant true
  %c256 = arith.constant 256 : index
  %c128 = arith.constant 128 : index
  %o = attn.attention query(%q : !s) key(%k : !s) value(%v : !s)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %low = arith.cmpi slt, %j, %c256 : index
      %lower = arith.cmpi slt, %j, %c128 : index
      %not = arith.xori %flag, %true : i1
      %0 = arith.select %not, %low, %lower : i1
      %1 = attn.chunked %i, %j, %size
      %keep = arith.ori %0, %1 : i1
      attn.yield %keep : i1
    } -> !s
  return %o : !s
}

func.func @plain(%q: !s, %k: !s, %v: !s) -> !s {
  %o = attn.attention query(%q : !s) key(%k : !s) value(%v : !s) -> !s
  return %o : !s
}

func.func @two(%q: !s, %k: !s, %v: !s, %keep: tensor<512x512xi1>) -> (!s, !s) {
  %o = attn.attention query(%q : !s) key(%k : !s) value(%v : !s)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.causal %i, %j
      attn.yield %m : i1
    } -> !s
  %p = attn.attention query(%q : !s) key(%k : !s) value(%v : !s)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.load %keep[%i, %j] : tensor<512x512xi1>
      attn.yield %m : i1
    } -> !s
  return %o, %p : !s, !s
}
