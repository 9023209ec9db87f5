// Every size but the head dim is known at a call only. Captures of one and of two
// dimensions, in the score and, by position, in the mask.
!t = tensor<?x?x?x32xf16>
func.func @strides(%q: !t, %k: !t, %v: !t, %bias: tensor<?x?xf32>, %row: tensor<?xf32>,
                   %document: tensor<?xi32>) -> (!t, tensor<?x?x?xf32>) {
  %out, %lse = attn.attention query(%q : !t) key(%k : !t) value(%v : !t)
    score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %0 = attn.load %bias[%i, %j] : tensor<?x?xf32>
      %1 = attn.load %row[%j] : tensor<?xf32>
      %2 = arith.addf %s, %0 : f32
      %r = arith.addf %2, %1 : f32
      attn.yield %r : f32
    }
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %0 = attn.load %document[%i] : tensor<?xi32>
      %1 = attn.load %document[%j] : tensor<?xi32>
      %same = attn.same_document %0, %1 : i32
      %before = attn.causal %i, %j
      %m = arith.ori %same, %before : i1
      attn.yield %m : i1
    } -> !t, tensor<?x?x?xf32>
  return %out, %lse : !t, tensor<?x?x?xf32>
}
