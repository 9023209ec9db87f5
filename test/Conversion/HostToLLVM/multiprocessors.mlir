// RUN: attn-opt %s --attn-host-to-llvm | FileCheck %s

// The device is asked, by the stream that it is launched on.
module attributes {gpu.container_module} {
gpu.module @kernels {
  gpu.func @f() kernel {
    gpu.return
  }
}

// CHECK-LABEL: llvm.func @host(
// CHECK-SAME:    %[[STREAM:[^ ]+]]: !llvm.ptr) -> i32
// CHECK:         %[[COUNT:.*]] = llvm.call @attn_rt_multiprocessors(%[[STREAM]])
// CHECK:         %[[WIDE:.*]] = llvm.zext %[[COUNT]] : i32 to i64
// CHECK:         %[[GRID:.*]] = llvm.trunc %[[WIDE]] : i64 to i32
// CHECK:         llvm.call @attn_rt_launch(%[[STREAM]], %{{.*}}, %{{.*}}, %[[GRID]],
func.func @host() {
  %c1 = arith.constant 1 : index
  %n = tile.multiprocessors
  gpu.launch_func @kernels::@f blocks in (%n, %c1, %c1) threads in (%c1, %c1, %c1)
  return
}
}
