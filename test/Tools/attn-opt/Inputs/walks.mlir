// Masks whose walks along keys and queries differ.

!t = tensor<1x1x512x64xf16>

func.func @stick_breaking(%q: !t, %k: !t, %v: !t) -> !t {
  %size = arith.constant 200 : index
  %o = attn.attention query(%q : !t) key(%k : !t) value(%v : !t)
      {normalizer = #attn.stick_breaking}
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %m = attn.chunked %i, %j, %size
    attn.yield %m : i1
  } -> !t
  return %o : !t
}

func.func @prefix(%q: !t, %k: !t, %v: !t) -> !t {
  %length = arith.constant 100 : index
  %o = attn.attention query(%q : !t) key(%k : !t) value(%v : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %m = attn.prefix_lm %i, %j, %length
    attn.yield %m : i1
  } -> !t
  return %o : !t
}
