// RUN: attn-opt %s --attn-embed-kernels | FileCheck %s
// RUN: not attn-opt %s --attn-embed-kernels=chip=sm_10 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: error: unknown chip 'sm_10', expected one of sm_80

// The module becomes its PTX, and the image points to chip and text; a declaration
// that the host code already uses is replaced.
// CHECK-NOT:  gpu.module
// CHECK-DAG:  llvm.mlir.global internal constant @kernels_chip("sm_80\00")
// CHECK-DAG:  llvm.mlir.global internal constant @kernels_text("{{.*}}.target sm_80{{.*}}.entry f({{.*}}\00")
// CHECK:      llvm.mlir.global internal constant @kernels_image() {{.*}}: !llvm.struct<(ptr, ptr, i64, ptr, i64)> {
// CHECK-DAG:    %[[CHIP:.*]] = llvm.mlir.addressof @kernels_chip
// CHECK-DAG:    %[[TEXT:.*]] = llvm.mlir.addressof @kernels_text
// CHECK-DAG:    %[[NONE:.*]] = llvm.mlir.zero
// CHECK:        llvm.insertvalue %[[CHIP]], %{{.*}}[0]
// CHECK:        llvm.insertvalue %[[TEXT]], %{{.*}}[1]
// CHECK:        llvm.insertvalue %[[NONE]], %{{.*}}[3]
// CHECK:      llvm.func @host
module {
  gpu.module @kernels {
    llvm.func @f(%x: i32) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 32, 1, 1>} {
      llvm.return
    }
  }
  llvm.mlir.global external constant @kernels_image() : !llvm.struct<(ptr, ptr, i64, ptr, i64)>
  llvm.func @host() -> !llvm.ptr {
    %0 = llvm.mlir.addressof @kernels_image : !llvm.ptr
    llvm.return %0 : !llvm.ptr
  }
}
