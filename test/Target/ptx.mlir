// RUN: attn-opt %s --emit=ptx | FileCheck %s
// RUN: attn-opt %s --emit=ptx | FileCheck %s --check-prefix=NOT --implicit-check-not=.func \
// RUN:   --implicit-check-not=call --implicit-check-not=__local_depot --implicit-check-not=.local
// RUN: attn-opt %s --emit=llvm | FileCheck %s --check-prefix=LLVM

!t = tensor<1x2x?x64xf16>

// Instructions of this chip, the block size, source lines; no calls and no local
// memory, neither of which a kernel needs.
// CHECK:     .target sm_80
// CHECK:     .extern .shared .align {{[0-9]+}} .b8 attn_shared[];
// CHECK:     .visible .entry f_0(
// CHECK:     .reqntid 128
// CHECK:     .loc
// CHECK:     cp.async.cg.shared.global
// CHECK:     ldmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK:     mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32
// CHECK:     ex2.approx.ftz.f32
// NOT:       .entry
// LLVM:      target triple = "nvptx64-nvidia-cuda"
// LLVM:      define ptx_kernel void @f_0(
func.func @f(%q: !t, %k: !t, %v: !t) -> !t {
  %o = attn.attention query(%q : !t) key(%k : !t) value(%v : !t)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = math.tanh %s : f32
    attn.yield %0 : f32
  } -> !t
  return %o : !t
}
