// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(attn-kernel-to-llvm))" | FileCheck %s

// A tensor map is 128 bytes by value, 64-byte aligned, used where it is. A cluster
// has its size in the entry, and budgets of registers need a bound on the blocks.
gpu.module @m {
// CHECK-LABEL: llvm.func @maps(
// CHECK-SAME:    %[[X:[^ ]+]]: i32,
// CHECK-SAME:    %[[MAP:[^ ]+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant},
// CHECK-SAME:    %{{[^ ]+}}: !llvm.ptr, %{{[^ ]+}}: !llvm.ptr, %{{[^ ]+}}: i64, %{{[^ ]+}}: i64, %{{[^ ]+}}: i64)
// CHECK-SAME:    nvvm.cluster_dim = array<i32: 2, 1, 1>
// CHECK-SAME:    nvvm.minctasm = 1 : i32
// CHECK-SAME:    nvvm.reqntid = array<i32: 384, 1, 1>
// CHECK-NOT:     unrealized_conversion_cast
// CHECK:         llvm.inline_asm has_side_effects "", "l" %[[MAP]]
gpu.func @maps(%x: i32, %m: !tile.tensor_map, %g: memref<?xf32>) kernel
    attributes {known_block_size = array<i32: 384, 1, 1>, tile.cluster = 2 : i64} {
  nvvm.setmaxregister increase 240
  %0 = builtin.unrealized_conversion_cast %m : !tile.tensor_map to !llvm.ptr
  llvm.inline_asm has_side_effects "", "l" %0 : (!llvm.ptr) -> ()
  gpu.return
}

// Nothing of it for a kernel that needs none.
// CHECK-LABEL: llvm.func @plain(
// CHECK-NOT:     cluster_dim
// CHECK-NOT:     minctasm
// CHECK:         llvm.return
gpu.func @plain() kernel attributes {known_block_size = array<i32: 128, 1, 1>, tile.cluster = 1 : i64} {
  gpu.return
}
}
