// CHECK:      query: ? x 2 x ? x 64 of f16
// CHECK-NEXT: key: ? x 1 x ? x 64 of f16
// CHECK-NEXT: value: ? x 1 x ? x 64 of f16
// CHECK-NEXT: offset: i64
// CHECK-NEXT: positions: ? of i32
// CHECK-NEXT: out: ? x 2 x ? x 64 of f16, written
!q = tensor<?x2x?x64xf16>
!kv = tensor<?x1x?x64xf16>

func.func @rotary_attention(%q: !q, %k: !kv, %v: !kv, %past: index,
                            %positions: tensor<?xi32>) -> !q {
  %qr = attn.rotary input(%q : !q) offset(%past) -> !q
  %kr = attn.rotary input(%k : !kv) positions(%positions : tensor<?xi32>) -> !kv
  %o = attn.attention query(%qr : !q) key(%kr : !kv) value(%v : !kv) -> !q
  return %o : !q
}
