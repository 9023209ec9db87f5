// RUN: attn-opt %s --attn-host-to-llvm | FileCheck %s

module attributes {gpu.container_module} {
gpu.module @kernels {
  gpu.func @f(%x: i32, %g: memref<?xf32>) kernel {
    gpu.return
  }
}

// A failed check names both values and ends the function with attn_rt_fail's status;
// the launch goes to the stream with grid, block, shared bytes and the addresses of
// the parameters; what it returns is tested.
// CHECK-DAG:   llvm.mlir.global internal constant @[[MESSAGE:.*]]("the same length\00")
// CHECK-DAG:   llvm.mlir.global internal constant @[[NAME:.*]]("f\00")
// CHECK-DAG:   llvm.mlir.global external constant @kernels_image() {{.*}}: !llvm.struct<(ptr, ptr, i64, ptr, i64)>
// CHECK-LABEL: llvm.func @host(
// CHECK-SAME:    %[[N:[^ ]+]]: i64, %[[M:[^ ]+]]: i64, %[[X:[^ ]+]]: i32, {{.*}}, %[[STREAM:[^ ]+]]: !llvm.ptr) -> i32
// CHECK:         %[[SHARED:.*]] = llvm.mlir.constant(4096 : i32)
// CHECK:         %[[EQUAL:.*]] = llvm.icmp "eq" %[[N]], %[[M]]
// CHECK:         llvm.cond_br %[[EQUAL]], ^[[REST:.*]], ^[[FAIL:[^ ]+]]
// CHECK:       ^[[REST]]:
// CHECK:         %[[IMAGE:.*]] = llvm.mlir.addressof @kernels_image
// CHECK:         %[[TEXT:.*]] = llvm.mlir.addressof @[[NAME]]
// CHECK:         %[[GRID:.*]] = llvm.trunc %[[N]] : i64 to i32
// CHECK:         %[[COUNT:.*]] = llvm.mlir.constant(6 : i64)
// CHECK:         %[[STATUS:.*]] = llvm.call @attn_rt_launch(%[[STREAM]], %[[IMAGE]], %[[TEXT]], %[[GRID]], {{.*}}, %[[SHARED]], %{{[^ ]+}}, %[[COUNT]])
// CHECK:         %[[DONE:.*]] = llvm.icmp "eq" %[[STATUS]], %{{.*}}
// CHECK:         llvm.cond_br %[[DONE]], ^[[SUCCESS:.*]], ^[[EXIT:.*]](%[[STATUS]] : i32)
// CHECK:       ^[[SUCCESS]]:
// CHECK:         llvm.return %{{.*}} : i32
// CHECK:       ^[[FAIL]]:
// CHECK:         %[[WHY:.*]] = llvm.mlir.addressof @[[MESSAGE]]
// CHECK:         %[[CODE:.*]] = llvm.call @attn_rt_fail(%{{.*}}, %[[WHY]], %[[N]], %[[M]])
// CHECK:         llvm.br ^[[EXIT]](%[[CODE]] : i32)
// CHECK:       ^[[EXIT]](%[[RESULT:.*]]: i32):
// CHECK:         llvm.return %[[RESULT]] : i32
func.func @host(%n: index, %m: index, %x: i32, %g: memref<?xf32>) {
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %bytes = arith.constant 4096 : i32
  %ok = arith.cmpi eq, %n, %m : index
  attn.require %ok, "the same length", %n, %m
  gpu.launch_func @kernels::@f blocks in (%n, %c1, %c1) threads in (%c32, %c1, %c1)
      dynamic_shared_memory_size %bytes args(%x : i32, %g : memref<?xf32>)
  return
}

// The form that takes descriptors by pointer.
// CHECK-LABEL: llvm.func @_mlir_ciface_host(
// CHECK-SAME:    !llvm.ptr) -> i32

// A function without launches keeps its signature.
// CHECK-LABEL: llvm.func @other(
// CHECK-SAME:    %{{[^ ]+}}: i32) -> i32
func.func @other(%x: i32) -> i32 {
  return %x : i32
}
}
