// RUN: attn-opt %s --attn-bufferize --attn-choose-schedule --attn-to-tile -verify-diagnostics -split-input-file
// RUN: not attn-opt %s --attn-to-tile=chip=sm_10 2>&1 -split-input-file | FileCheck %s --check-prefix=CHIP
// RUN: not attn-opt %s --attn-to-tile=alignment=3 2>&1 -split-input-file | FileCheck %s --check-prefix=ALIGNMENT
// RUN: not attn-opt %s --attn-choose-schedule --attn-to-tile 2>&1 -split-input-file | FileCheck %s --check-prefix=TENSORS
// RUN: not attn-opt %s --attn-bufferize --attn-to-tile 2>&1 -split-input-file | FileCheck %s --check-prefix=SCHEDULE

// CHIP: error: unknown chip 'sm_10', expected one of sm_80
// ALIGNMENT: error: expected an alignment of 2, 4, 8 or 16 bytes, but got 3
// TENSORS: error: expected memrefs: run attn-bufferize first
// SCHEDULE: error: expected a tile.schedule: run attn-choose-schedule first

!t = tensor<1x1x4x8xf16>

func.func @small_head_dim(%q: !t) -> !t {
  // expected-error @below {{expected a head_dim that is a multiple of 8 from 16 to 576 on sm_80, but got 8}}
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x4x20xf16>

// The value is the key, so that more would do.
func.func @odd_head_dim(%q: !t) -> !t {
  // expected-error @below {{expected a head_dim that is a multiple of 8 from 16 to 576 on sm_80, but got 20}}
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x4x16xf16>
!v = tensor<1x1x4x36xf16>

func.func @odd_value_head_dim(%q: !t, %v: !v) -> !v {
  // expected-error @below {{expected a value head_dim that is a multiple of 8 from 16 to 256 on sm_80, but got 36}}
  %o = attn.attention query(%q : !t) key(%q : !t) value(%v : !v) -> !v
  return %o : !v
}

// -----

!t = tensor<1x1x4x16xf32>

func.func @f32(%q: !t) -> !t {
  // expected-error @below {{f32 inputs are not supported on sm_80, expected f16 or bf16 (the reference runs f32)}}
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  return %o : !t
}

// -----

!q = tensor<1x1x4x584xf16>
!v = tensor<1x1x4x512xf16>

func.func @large_head_dim_in_key(%q: !q, %k: !q) -> !v {
  %v = tensor.extract_slice %k[0, 0, 0, 0] [1, 1, 4, 512] [1, 1, 1, 1] : !q to !v
  // expected-error @below {{expected a head_dim that is a multiple of 8 from 16 to 576 on sm_80, but got 584}}
  %o = attn.attention query(%q : !q) key(%k : !q) value(%v : !v) -> !v
  return %o : !v
}

// -----

!q = tensor<1x1x4x576xf16>
!v = tensor<1x1x4x512xf16>

// Columns from the 64th on are not the first.
func.func @other_columns_of_key(%q: !q, %k: !q) -> !v {
  %v = tensor.extract_slice %k[0, 0, 0, 64] [1, 1, 4, 512] [1, 1, 1, 1] : !q to !v
  // expected-error @below {{expected a head_dim that is a multiple of 8 from 16 to 256 on sm_80, but got 576 (up to 576, with a value head_dim up to 512, where the value is the first columns of the key)}}
  %o = attn.attention query(%q : !q) key(%k : !q) value(%v : !v) -> !v
  return %o : !v
}

// -----

!q = tensor<1x1x4x576xf16>
!v = tensor<1x1x4x512xf16>

func.func @order_of_keys(%q: !q, %k: !q) -> !v {
  %v = tensor.extract_slice %k[0, 0, 0, 0] [1, 1, 4, 512] [1, 1, 1, 1] : !q to !v
  // expected-error @below {{expected a normalizer that does not depend on the order of the keys where groups of warps share them (split = columns, as for head dims over 256), but got #attn.stick_breaking}}
  %o = attn.attention query(%q : !q) key(%k : !q) value(%v : !v) {normalizer = #attn.stick_breaking} -> !v
  return %o : !v
}
