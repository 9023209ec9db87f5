// RUN: attn-opt %s --attn-tile-pipeline=chip=sm_80 -verify-diagnostics

!o = tensor<1x1x4x64xf16>
!f = tensor<1x1x4x64xf8E4M3FN>
!v = tensor<1x1x1x64x64xf8E4M3FN>

func.func @f(%q: !f, %k: !f, %v: !v) -> !o {
  // expected-error @below {{8-bit products are not supported on sm_80, which has no matrix instructions for them; expected query, key and value of f16 or bf16, or chip sm_90a}}
  %o = attn.attention query(%q : !f) key(%k : !f) value(%v : !v) -> !o
  return %o : !o
}
