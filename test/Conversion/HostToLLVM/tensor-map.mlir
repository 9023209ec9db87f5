// RUN: attn-opt %s --attn-host-to-llvm -split-input-file | FileCheck %s
// RUN: attn-opt %s --attn-host-to-llvm -split-input-file | FileCheck %s --check-prefix=LAUNCH

!t = memref<?x8x?x128xbf16, strided<[?, ?, ?, 1], offset: ?>>

module attributes {gpu.container_module} {
gpu.module @kernels {
  gpu.func @f(%x: i32, %m: !tile.tensor_map) kernel {
    gpu.return
  }
}

// The description, innermost dimension first and strides in bytes; the runtime's
// status is tested as that of a launch.
// CHECK:       llvm.mlir.global internal constant @[[NAME:attn_text_[0-9]+]]("key\00")
// CHECK-LABEL: llvm.func @host(
// CHECK-SAME:    %[[STREAM:[^ ,]+]]: !llvm.ptr) -> i32
// CHECK:         %[[EMPTY:.*]] = llvm.mlir.zero : !llvm.struct<(ptr, i64, array<5 x i64>, array<5 x i64>, array<5 x i32>, i32, i32, i32, i32)>
// CHECK:         %[[TWO:.*]] = llvm.mlir.constant(2 : i64)
// CHECK:         %[[POINTER:.*]] = llvm.extractvalue %[[T:.*]][1]
// CHECK:         %[[START:.*]] = llvm.ptrtoint %[[POINTER]]
// CHECK:         %[[OFFSET:.*]] = llvm.extractvalue %[[T]][2]
// CHECK:         %[[BYTES:.*]] = llvm.mul %[[OFFSET]], %[[TWO]]
// CHECK:         %[[TEXT:.*]] = llvm.mlir.addressof @[[NAME]]
// CHECK:         llvm.insertvalue %[[TEXT]], %[[EMPTY]][0]
// CHECK:         %[[ADDRESS:.*]] = llvm.add %[[START]], %[[BYTES]]
// CHECK:         llvm.insertvalue %[[ADDRESS]], %{{.*}}[1]
// CHECK:         %[[COLUMNS:.*]] = llvm.extractvalue %[[T]][3, 3]
// CHECK:         llvm.insertvalue %[[COLUMNS]], %{{.*}}[2, 0]
// CHECK:         %[[BOX:.*]] = llvm.mlir.constant(64 : i32)
// CHECK:         llvm.insertvalue %[[BOX]], %{{.*}}[4, 0]
// CHECK:         %[[ROWS:.*]] = llvm.extractvalue %[[T]][3, 2]
// CHECK:         llvm.insertvalue %[[ROWS]], %{{.*}}[2, 1]
// CHECK:         %[[PITCH:.*]] = llvm.extractvalue %[[T]][4, 2]
// CHECK:         %[[PITCH_BYTES:.*]] = llvm.mul %[[PITCH]], %[[TWO]]
// CHECK:         llvm.insertvalue %[[PITCH_BYTES]], %{{.*}}[3, 1]
// CHECK:         %[[BOX_ROWS:.*]] = llvm.mlir.constant(176 : i32)
// CHECK:         llvm.insertvalue %[[BOX_ROWS]], %{{.*}}[4, 1]
// CHECK:         %[[OUTER:.*]] = llvm.extractvalue %[[T]][3, 0]
// CHECK:         llvm.insertvalue %[[OUTER]], %{{.*}}[2, 3]
// CHECK:         %[[RANK:.*]] = llvm.mlir.constant(4 : i32)
// CHECK:         llvm.insertvalue %[[RANK]], %{{.*}}[5]
// CHECK:         %[[BF16:.*]] = llvm.mlir.constant(3 : i32)
// CHECK:         llvm.insertvalue %[[BF16]], %{{.*}}[6]
// CHECK:         %[[SWIZZLE:.*]] = llvm.mlir.constant(128 : i32)
// CHECK:         llvm.insertvalue %[[SWIZZLE]], %{{.*}}[7]
// CHECK:         %[[DESCRIPTION:.*]] = llvm.insertvalue %{{.*}}, %{{.*}}[8]
// CHECK:         llvm.store %[[DESCRIPTION]], %[[PLACE:.*]] :
// CHECK:         %[[MAP:.*]] = llvm.alloca %{{.*}} x i8 {alignment = 64 : i64}
// CHECK:         %[[STATUS:.*]] = llvm.call @attn_rt_encode_tensor_map(%[[STREAM]], %[[MAP]], %[[PLACE]])
// CHECK:         %[[DONE:.*]] = llvm.icmp "eq" %[[STATUS]], %{{.*}}
// CHECK:         llvm.cond_br %[[DONE]], ^[[REST:.*]], ^{{.*}}(%[[STATUS]] : i32)

// The parameter is the map itself, not a pointer to it; a launch with clusters has
// their size after the block's.
// LAUNCH-LABEL: llvm.func @host(
// LAUNCH:         %[[MAP:.*]] = llvm.alloca %{{.*}} x i8 {alignment = 64 : i64}
// LAUNCH:         llvm.call @attn_rt_encode_tensor_map
// LAUNCH:         %[[X:.*]] = llvm.alloca %{{.*}} x i32
// LAUNCH:         %[[ARRAY:.*]] = llvm.alloca %{{.*}} x !llvm.ptr
// LAUNCH:         %[[FIRST:.*]] = llvm.getelementptr %[[ARRAY]][0]
// LAUNCH:         llvm.store %[[X]], %[[FIRST]]
// LAUNCH:         %[[SECOND:.*]] = llvm.getelementptr %[[ARRAY]][1]
// LAUNCH:         llvm.store %[[MAP]], %[[SECOND]]
// LAUNCH:         %[[COUNT:.*]] = llvm.mlir.constant(2 : i64)
// LAUNCH:         llvm.call @attn_rt_launch_cluster(%{{.*}}, %[[ARRAY]], %[[COUNT]]) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, i32, i32, i32, i32, i32, i32, i32, i32, i32, i32, !llvm.ptr, i64) -> i32
func.func @host(%n: index, %x: i32, %t: !t) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c32 = arith.constant 32 : index
  %bytes = arith.constant 4096 : i32
  %map = tile.encode_tensor_map %t named "key" box [176, 64] swizzle 128 : !t
  gpu.launch_func @kernels::@f clusters in (%c2, %c1, %c1)
      blocks in (%n, %c1, %c1) threads in (%c32, %c1, %c1)
      dynamic_shared_memory_size %bytes args(%x : i32, %map : !tile.tensor_map)
  return
}
}
