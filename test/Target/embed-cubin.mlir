// REQUIRES: ptxas
// RUN: attn-opt %s --attn-embed-kernels="chip=sm_80 cubin" | FileCheck %s
// RUN: env ATTN_PTXAS=/bin/false not attn-opt %s --attn-embed-kernels="chip=sm_80 cubin" 2>&1 | FileCheck %s --check-prefix=FAILS

// FAILS: error: cannot make a cubin:

// What ptxas makes of the text stands beside it, and the image has both.
// CHECK-DAG:  llvm.mlir.global internal constant @kernels_cubin("\7FELF{{.*}}") {{.*}}alignment = 64
// CHECK:      llvm.mlir.global internal constant @kernels_image()
// CHECK:        %[[CUBIN:.*]] = llvm.mlir.addressof @kernels_cubin
// CHECK:        llvm.insertvalue %[[CUBIN]], %{{.*}}[3]
module {
  gpu.module @kernels {
    llvm.func @f(%x: i32) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 32, 1, 1>} {
      llvm.return
    }
  }
}
