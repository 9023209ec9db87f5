// RUN: attn-opt %s --attn-bufferize --attn-expand-score-ops \
// RUN:   --attn-choose-schedule=chip=sm_90a --attn-to-tile=chip=sm_90a -verify-diagnostics -split-input-file

!q = tensor<1x1x4x64xf16>
!f = tensor<1x1x4x64xf8E4M3FN>

func.func @stored_only(%q: !q, %k: !f, %v: !f) -> !q {
  // expected-error @below {{expected query, key and value of 8-bit floats, or none of them, on sm_90a, but got query of 'f16' and key of 'f8E4M3FN'}}
  %o = attn.attention query(%q : !q) key(%k : !f) value(%v : !f) -> !q
  return %o : !q
}

// -----

!o = tensor<1x1x4x64xf16>
!f = tensor<1x1x4x64xf8E4M3FN>

func.func @row_major_value(%q: !f, %k: !f, %v: !f) -> !o {
  // expected-error @below {{expected a value in transposed blocks, B x Hkv x ceil(Sk / W) x Dv x W, on sm_90a, but got 'memref<1x1x4x64xf8E4M3FN, strided<[?, ?, ?, ?], offset: ?>>'; attn.quantize makes them with an out of rank 5}}
  %o = attn.attention query(%q : !f) key(%k : !f) value(%v : !f) -> !o
  return %o : !o
}

// -----

!o = tensor<1x1x4x64xf32>
!f = tensor<1x1x4x64xf8E4M3FN>
!v = tensor<1x1x1x64x64xf8E4M3FN>

func.func @f32_out(%q: !f, %k: !f, %v: !v) -> !o {
  // expected-error @below {{expected out of f16 or bf16 on sm_90a, but got f32 (the reference has f32)}}
  %o = attn.attention query(%q : !f) key(%k : !f) value(%v : !v) -> !o
  return %o : !o
}

// -----

!o = tensor<1x1x4x64xf16>
!f = tensor<1x1x4x64xf8E4M3FN>
!v = tensor<1x1x1x64x64xf8E4M3FN>

func.func @unbounded_weights(%q: !f, %k: !f, %v: !v) -> !o {
  // expected-error @below {{expected a normalizer with weights from 0 to 1, which 8 bits can hold, but got #attn.relu}}
  %o = attn.attention query(%q : !f) key(%k : !f) value(%v : !v)
      {normalizer = #attn.relu} -> !o
  return %o : !o
}

// -----

!o = tensor<1x1x4x64xf16>
!f = tensor<1x1x4x64xf8E4M3FN>
!v = tensor<1x1x1x64x48xf8E4M3FN>

func.func @odd_transposed_block(%q: !f, %k: !f, %v: !v) -> !o {
  // expected-error @below {{expected transposed blocks of a multiple of 32 keys, but got value 'memref<1x1x1x64x48xf8E4M3FN, strided<[?, ?, ?, ?, ?], offset: ?>>'}}
  %o = attn.attention query(%q : !f) key(%k : !f) value(%v : !v) -> !o
  return %o : !o
}

// -----

!o = tensor<1x1x4x64xf16>
!f = tensor<1x1x4x64xf8E4M3FN>
!v = tensor<1x1x1x64x128xf8E4M3FN>

func.func @block_of_part_of_a_tile(%q: !f, %k: !f, %v: !v, %s: tensor<1x1x1xf32>) -> !o {
  // expected-error @below {{expected a block of scales that is a multiple of the 128 keys of a tile, but got 64}}
  %o = attn.attention query(%q : !f) key(%k : !f) value(%v : !v)
      key_scales(%s : tensor<1x1x1xf32>) {block = 64 : i64} -> !o
  return %o : !o
}

// -----

!o = tensor<1x1x4x24xf16>
!f = tensor<1x1x4x24xf8E4M3FN>
!v = tensor<1x1x1x24x64xf8E4M3FN>

func.func @unaligned_rows(%q: !f, %k: !f, %v: !v) -> !o {
  // expected-error @below {{expected rows of 8-bit floats that start at multiples of 16 bytes, and head dims that are multiples of 16, but got 16 bytes and head dims 24 and 24}}
  %o = attn.attention query(%q : !f) key(%k : !f) value(%v : !v) -> !o
  return %o : !o
}

// -----

!o = tensor<1x1x4x64xf16>
!f = tensor<1x1x4x64xf8E4M3FN>
!v = tensor<1x1x1x64x128xf8E4M3FN>

func.func @schedule(%q: !f, %k: !f, %v: !v) -> !o {
  // expected-error @below {{expected a schedule with consumers, rows that they share and n that is a multiple of 32 and divides the 128 keys of a transposed block, but got #tile.schedule<m = 64, n = 48, warps = 4, stages = 1>}}
  %o = attn.attention query(%q : !f) key(%k : !f) value(%v : !v)
      {tile.schedule = #tile.schedule<m = 64, n = 48, warps = 4, stages = 1>} -> !o
  return %o : !o
}
