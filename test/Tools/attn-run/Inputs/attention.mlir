// Every kind of argument: sequences, a tensor capture, an index and a float.
func.func @attention(%q: tensor<?x?x?x16xbf16>, %k: tensor<?x?x?x16xbf16>,
                     %v: tensor<?x?x?x8xbf16>, %doc: tensor<?x?xi32>,
                     %left: index, %cap: f32)
    -> (tensor<?x?x?x8xbf16>, tensor<?x?x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x?x?x16xbf16>)
      key(%k : tensor<?x?x?x16xbf16>) value(%v : tensor<?x?x?x8xbf16>)
    score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %0 = attn.softcap %s, %cap
      attn.yield %0 : f32
    }
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %w = attn.window %i, %j left %left
      %x = attn.load %doc[%b, %i] : tensor<?x?xi32>
      %y = attn.load %doc[%b, %j] : tensor<?x?xi32>
      %same = arith.cmpi eq, %x, %y : i32
      %m = arith.andi %w, %same : i1
      attn.yield %m : i1
    } -> tensor<?x?x?x8xbf16>, tensor<?x?x?xf32>
  return %o, %lse : tensor<?x?x?x8xbf16>, tensor<?x?x?xf32>
}
