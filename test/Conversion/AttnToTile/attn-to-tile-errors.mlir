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
  // expected-error @below {{expected a head_dim that is a multiple of 8 from 16 to 256 on sm_80, but got 8}}
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x4x20xf16>

func.func @odd_head_dim(%q: !t) -> !t {
  // expected-error @below {{expected a head_dim that is a multiple of 8 from 16 to 256 on sm_80, but got 20}}
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
