// Packed documents: tokens see those with the same id, and nothing of the others.
// Ids of any order will do; the kernel lists the key tiles that it needs.
!t = tensor<?x16x?x64xbf16>
func.func @packed_documents(%q: !t, %k: !t, %v: !t, %ids: tensor<?xi32>) -> !t {
  %out = attn.attention query(%q : !t) key(%k : !t) value(%v : !t)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %mine = attn.load %ids[%i] : tensor<?xi32>
      %other = attn.load %ids[%j] : tensor<?xi32>
      %keep = attn.same_document %mine, %other : i32
      attn.yield %keep : i1
    } -> !t
  return %out : !t
}
