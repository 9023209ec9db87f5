// RUN: attn-opt %s --attn-bufferize --attn-choose-schedule="chip=sm_80" | FileCheck %s --check-prefix=AMPERE
// RUN: attn-opt %s --attn-bufferize --attn-choose-schedule="chip=sm_90a" | FileCheck %s --check-prefix=HOPPER
// RUN: attn-opt %s --attn-bufferize --attn-choose-schedule="chip=sm_90a" --remarks-filter=attn -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!q = tensor<1x2x64x128xbf16>

// On sm_90a two tiles of keys leave less room than one that both maps use.
// AMPERE-LABEL: func.func @own(
// AMPERE:         #tile.schedule<m = 128, n = 64, warps = 8, stages = 1, order = pressure>
// HOPPER-LABEL: func.func @own(
// HOPPER:         #tile.schedule<m = 128, n = 112, warps = 8, stages = 2, consumers = 2,
// REMARK: Reason="head dims 128 and 128 of two maps, plain regions, full keys: the row for head dims up to 128 and 128, any regions, full keys"
func.func @own(%q0: !q, %k0: !q, %q1: !q, %k1: !q, %v: !q, %l: f32) -> !q {
  %o = attn.differential query0(%q0 : !q) key0(%k0 : !q) query1(%q1 : !q) key1(%k1 : !q)
      value(%v : !q) lambda(%l : f32) -> !q
  return %o : !q
}

// AMPERE-LABEL: func.func @shared(
// AMPERE:         #tile.schedule<m = 128, n = 64, warps = 8, stages = 1, order = pressure>
// HOPPER-LABEL: func.func @shared(
// HOPPER:         #tile.schedule<m = 128, n = 176, warps = 8, stages = 2, consumers = 2,
// REMARK: Reason="head dims 128 and 128 of two maps with one key, plain regions, full keys: the row for head dims up to 128 and 128, any regions, full keys"
func.func @shared(%q0: !q, %k: !q, %q1: !q, %v: !q, %l: f32) -> !q {
  %o = attn.differential query0(%q0 : !q) key0(%k : !q) query1(%q1 : !q) key1(%k : !q)
      value(%v : !q) lambda(%l : f32) -> !q
  return %o : !q
}
