// RUN: attn-opt %s --attn-reference-pipeline | FileCheck %s
// RUN: attn-opt %s --attn-reference-pipeline=precision=same | FileCheck %s
// RUN: attn-opt %s --attn-reference-pipeline=precision=float64 | FileCheck %s

!t = tensor<?x2x?x16xbf16>

// Only the LLVM dialect is left, and nothing in it converts a bf16: that would be
// a call of a library that may not be there.
// CHECK-NOT: builtin.unrealized_conversion_cast
// CHECK-NOT: llvm.fpext %{{.*}} : bf16
// CHECK-NOT: llvm.fptrunc %{{.*}} to bf16
// CHECK: llvm.func @_mlir_ciface_f(
// CHECK-NOT: builtin.unrealized_conversion_cast
func.func @f(%q: !t, %k: !t, %v: !t) -> !t {
  %o = attn.attention query(%q : !t) key(%k : !t) value(%v : !t)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // bf16 arithmetic is emulated, integer powers become functions, the error
    // function comes from libm, and a clamp is two comparisons.
    %0 = arith.truncf %s : f32 to bf16
    %1 = arith.mulf %0, %0 : bf16
    %2 = math.tanh %1 : bf16
    %3 = arith.extf %2 : bf16 to f32
    %n = arith.index_cast %j : index to i32
    %4 = math.fpowi %3, %n : f32, i32
    %5 = math.erf %4 : f32
    %6 = math.clampf %5 to [%s, %5] : f32
    %7 = attn.softcap %6, %s
    attn.yield %7 : f32
  } -> !t
  return %o : !t
}
