// RUN: attn-opt %s --attn-compile | FileCheck %s --implicit-check-not=gpu. --implicit-check-not=tile. \
// RUN:   --implicit-check-not=memref. --implicit-check-not=unrealized_conversion_cast
// RUN: attn-opt %s --attn-tile-pipeline --attn-schedule-pipeline --attn-kernel-pipeline --attn-host-pipeline \
// RUN:   | FileCheck %s
// RUN: attn-opt %s --attn-tile-pipeline | FileCheck %s --check-prefix=TILE --implicit-check-not=tile.copy_async
// RUN: attn-opt %s --attn-tile-pipeline --attn-schedule-pipeline | FileCheck %s --check-prefix=SCHEDULE
// RUN: attn-opt %s --attn-tile-pipeline --attn-schedule-pipeline --attn-kernel-pipeline \
// RUN:   | FileCheck %s --check-prefix=KERNEL
// RUN: attn-opt %s --attn-compile="schedule=m=64,n=32,warps=4,stages=2" | FileCheck %s
// RUN: not attn-opt %s --attn-compile="schedule=m=128,n=512,warps=4,stages=1" 2>&1 | FileCheck %s --check-prefix=LARGE

!t = tensor<1x2x?x64xf16>

// The stages of the compiler, each by its name, and all at once.
// TILE:          gpu.func @f_0
// TILE:            tile.copy %
// SCHEDULE:      gpu.func @f_0({{.*}}tile.shared_bytes
// SCHEDULE:        tile.copy_async
// KERNEL:        llvm.func @f_0
// KERNEL:        func.func @f(
// LARGE:         error: schedule #tile.schedule<m = 128, n = 512, warps = 4, stages = 1> needs {{[0-9]+}}
// CHECK:         llvm.func @f(
// CHECK:         llvm.func @_mlir_ciface_f(
func.func @f(%q: !t, %k: !t, %v: !t) -> !t {
  %o = attn.attention query(%q : !t) key(%k : !t) value(%v : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = attn.causal %i, %j
    attn.yield %0 : i1
  } -> !t
  return %o : !t
}
