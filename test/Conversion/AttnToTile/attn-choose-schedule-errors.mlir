// RUN: attn-opt %s --attn-choose-schedule -verify-diagnostics
// RUN: not attn-opt %s --attn-choose-schedule=chip=sm_10 2>&1 | FileCheck %s --check-prefix=CHIP
// RUN: not attn-opt %s --attn-choose-schedule=schedule=fast 2>&1 | FileCheck %s --check-prefix=UNREADABLE
// RUN: not attn-opt %s --attn-choose-schedule="schedule=m=128,n=64" 2>&1 | FileCheck %s --check-prefix=INCOMPLETE
// RUN: not attn-opt %s --attn-choose-schedule="schedule=m=96,n=64,warps=4,stages=1" 2>&1 | FileCheck %s --check-prefix=WRONG

// CHIP: error: unknown chip 'sm_10', expected one of sm_80
// UNREADABLE: error: cannot read schedule 'fast', expected <m = .., n = .., warps = .., stages = ..>
// INCOMPLETE: error: cannot read schedule 'm=128,n=64', expected <m = .., n = .., warps = .., stages = ..>
// WRONG: expected m to be a positive multiple of 16 * warps = 64, but got 96
// WRONG: error: cannot read schedule

func.func @head_dim(%q: tensor<1x1x4x16xf16>, %v: tensor<1x1x4x264xf16>) -> tensor<1x1x4x264xf16> {
  // expected-error @below {{expected a value head_dim that is a multiple of 8 from 16 to 256 on sm_80, but got 264 (up to 576, with a value head_dim up to 512, where the value is the first columns of the key)}}
  %o = attn.attention query(%q : tensor<1x1x4x16xf16>) key(%q : tensor<1x1x4x16xf16>)
      value(%v : tensor<1x1x4x264xf16>) -> tensor<1x1x4x264xf16>
  return %o : tensor<1x1x4x264xf16>
}
