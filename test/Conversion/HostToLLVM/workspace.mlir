// RUN: attn-opt %s --attn-host-to-llvm | FileCheck %s

// The runtime gives a piece of what the caller lends, or fails before anything is
// launched; the piece is a dense memref.
module attributes {gpu.container_module} {
gpu.module @kernels {
  gpu.func @f(%w: memref<?xi8>) kernel {
    gpu.return
  }
}

// CHECK-LABEL: llvm.func @host(
// CHECK-SAME:    %[[N:[^ ]+]]: i64, %[[STREAM:[^ ]+]]: !llvm.ptr) -> i32
// CHECK:         %[[SLOT:.*]] = llvm.alloca
// CHECK:         %[[STATUS:.*]] = llvm.call @attn_rt_take_workspace(%[[STREAM]], %[[N]], %[[SLOT]])
// CHECK:         %[[ADDRESS:.*]] = llvm.load %[[SLOT]]
// CHECK:         llvm.insertvalue %[[ADDRESS]], %{{.*}}[1]
// CHECK:         llvm.insertvalue %[[N]], %{{.*}}[3, 0]
// CHECK:         llvm.cond_br %{{.*}}, ^[[REST:.*]], ^{{.*}}(%[[STATUS]] : i32)
// CHECK:       ^[[REST]]:
// CHECK:         llvm.call @attn_rt_launch
// Attributes of arguments have served their purpose.
func.func @host(%n: index {attn.name = "n"}) {
  %c1 = arith.constant 1 : index
  %w = attn.workspace %n : memref<?xi8>
  gpu.launch_func @kernels::@f blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
      args(%w : memref<?xi8>)
  return
}
}
