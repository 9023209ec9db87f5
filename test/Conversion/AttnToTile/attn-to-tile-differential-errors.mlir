// RUN: attn-opt %s --attn-bufferize --attn-choose-schedule --attn-to-tile -verify-diagnostics -split-input-file

!q = tensor<1x2x64x264xf16>
!v = tensor<1x2x64x64xf16>

// Larger head dims are for values in keys, which attention with one map takes.
func.func @large_head_dim(%q: !q, %k: !q, %v: !v, %l: f32) -> !v {
  // expected-error @below {{expected a head_dim that is a multiple of 8 from 16 to 256 on sm_80, but got 264}}
  %o = attn.differential query0(%q : !q) key0(%k : !q) query1(%q : !q) key1(%k : !q)
      value(%v : !v) lambda(%l : f32) -> !v
  return %o : !v
}

// -----

!q = tensor<1x2x64x64xf16>
!v = tensor<1x2x64x300xf16>

func.func @large_value_head_dim(%q: !q, %k: !q, %v: !v, %l: f32) -> !v {
  // expected-error @below {{expected a value head_dim that is a multiple of 8 from 16 to 256 on sm_80, but got 300}}
  %o = attn.differential query0(%q : !q) key0(%k : !q) query1(%q : !q) key1(%k : !q)
      value(%v : !v) lambda(%l : f32) -> !v
  return %o : !v
}

// -----

!q = tensor<1x2x64x64xf32>

func.func @f32(%q: !q, %k: !q, %v: !q, %l: f32) -> !q {
  // expected-error @below {{f32 inputs are not supported on sm_80, expected f16 or bf16 (the reference runs f32)}}
  %o = attn.differential query0(%q : !q) key0(%k : !q) query1(%q : !q) key1(%k : !q)
      value(%v : !q) lambda(%l : f32) -> !q
  return %o : !q
}

// -----

!q = tensor<1x2x64x64xf16>

func.func @odd_warps(%q: !q, %k: !q, %v: !q, %l: f32) -> !q {
  // expected-error @below {{schedule #tile.schedule<m = 48, n = 64, warps = 3, stages = 1> has 3 warps, but the two maps take half of the rows each; use an even number of warps}}
  %o = attn.differential query0(%q : !q) key0(%k : !q) query1(%q : !q) key1(%k : !q)
      value(%v : !q) lambda(%l : f32)
      {tile.schedule = #tile.schedule<m = 48, n = 64, warps = 3, stages = 1>} -> !q
  return %o : !q
}

// -----

!q = tensor<1x2x64x64xf16>

func.func @three_consumers(%q: !q, %k: !q, %v: !q, %l: f32) -> !q {
  // expected-error @below {{has 3 consumers, but each of the two maps is one; use consumers = 2}}
  %o = attn.differential query0(%q : !q) key0(%k : !q) query1(%q : !q) key1(%k : !q)
      value(%v : !q) lambda(%l : f32)
      {tile.schedule = #tile.schedule<m = 192, n = 64, warps = 12, stages = 2, consumers = 3>} -> !q
  return %o : !q
}

// -----

!q = tensor<1x2x64x64xf16>

func.func @cluster(%q: !q, %k: !q, %v: !q, %l: f32) -> !q {
  // expected-error @below {{shares tiles in a cluster, which the tiles of two keys do not support; use cluster = 1}}
  %o = attn.differential query0(%q : !q) key0(%k : !q) query1(%q : !q) key1(%k : !q)
      value(%v : !q) lambda(%l : f32)
      {tile.schedule = #tile.schedule<m = 128, n = 64, warps = 8, stages = 2, consumers = 2, cluster = 2>} -> !q
  return %o : !q
}

// -----

!q = tensor<1x2x64x64xf16>

func.func @split_columns(%q: !q, %k: !q, %v: !q, %l: f32) -> !q {
  // expected-error @below {{splits columns, but the two maps take half of the rows each; use split = rows}}
  %o = attn.differential query0(%q : !q) key0(%k : !q) query1(%q : !q) key1(%k : !q)
      value(%v : !q) lambda(%l : f32)
      {tile.schedule = #tile.schedule<m = 64, n = 64, warps = 8, stages = 1, weights = shared, split = columns>} -> !q
  return %o : !q
}
