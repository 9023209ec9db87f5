// RUN: attn-opt %s --attn-host-to-llvm | FileCheck %s

// Eight bytes at the first address from the first element on that is a multiple of 8.
module attributes {gpu.container_module} {
gpu.module @kernels {
  gpu.func @f(%w: memref<8xi8>) kernel {
    gpu.return
  }
}

// CHECK-LABEL: llvm.func @host(
// CHECK:         %[[FIRST:.*]] = llvm.getelementptr %{{.*}}[%{{.*}}] : {{.*}}, f16
// CHECK:         %[[ADDRESS:.*]] = llvm.ptrtoint %[[FIRST]]
// CHECK:         %[[UP:.*]] = llvm.add %[[ADDRESS]], %{{.*}}
// CHECK:         %[[MULTIPLE:.*]] = llvm.and %[[UP]], %{{.*}}
// CHECK:         %[[WORD:.*]] = llvm.inttoptr %[[MULTIPLE]]
// CHECK:         llvm.insertvalue %[[WORD]], %{{.*}}[1]
func.func @host(%q: memref<?x8xf16, strided<[?, 1], offset: ?>>) {
  %c1 = arith.constant 1 : index
  %w = attn.first_word %q : memref<?x8xf16, strided<[?, 1], offset: ?>> to memref<8xi8>
  gpu.launch_func @kernels::@f blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
      args(%w : memref<8xi8>)
  return
}
}
