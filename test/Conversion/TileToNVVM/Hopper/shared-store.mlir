// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_90a},canonicalize,cse))" \
// RUN:   -split-input-file | FileCheck %s

!acc = tensor<64x128xf32, #tile.accumulator<warps = 4>>
!s = memref<64x128xbf16, #tile.swizzle<128>>

// 16 rows by 16 columns at a time: lanes 16 to 31 address the second 8 columns;
// pairs of columns are one word. The next 16 columns are the next chunks, the
// next 64 the next page.
gpu.module @m {
// CHECK-LABEL: gpu.func @store(
// CHECK:         %[[LANE:.*]] = arith.andi %{{.*}}, %c31_i32
// CHECK:         %[[ROW:.*]] = arith.andi %[[LANE]], %c15_i32
// CHECK:         %[[CHUNK:.*]] = arith.shrui %[[LANE]], %c4_i32
// CHECK:         arith.xori %[[CHUNK]]
// CHECK:         %[[AT:.*]] = llvm.inttoptr %[[FIRST:.*]] : i32 to !llvm.ptr<3>
// CHECK:         nvvm.stmatrix %[[AT]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<row>
// CHECK:         arith.xori %[[FIRST]], %c32_i32
// CHECK:         nvvm.stmatrix
// CHECK:         arith.xori %[[FIRST]], %c64_i32
// CHECK:         nvvm.stmatrix
// CHECK:         arith.xori %[[FIRST]], %c96_i32
// CHECK:         nvvm.stmatrix
// CHECK:         arith.addi %[[FIRST]], %c8192_i32
// CHECK-COUNT-4: nvvm.stmatrix
// CHECK-NOT:     nvvm.stmatrix
gpu.func @store(%x: f32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  %0 = tile.broadcast %x : f32 to !acc
  tile.store %0 to %s : !acc to !s
  gpu.return
}

// A view starts where its buffer does.
// CHECK-LABEL: gpu.func @alias(
// CHECK:         %[[BASE:.*]] = arith.addi %{{.*}}, %c1024_i32
// CHECK:         arith.addi %[[BASE]],
// CHECK-COUNT-4: nvvm.stmatrix
// CHECK-NOT:     nvvm.stmatrix
gpu.func @alias(%x: f32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %s = tile.alloc {offset = 1024 : i64} : !s
  %v = tile.alias %s : !s to memref<64x64xbf16, #tile.swizzle<128>>
  %0 = tile.broadcast %x : f32 to tensor<64x64xf32, #tile.accumulator<warps = 4>>
  tile.store %0 to %v : tensor<64x64xf32, #tile.accumulator<warps = 4>> to memref<64x64xbf16, #tile.swizzle<128>>
  gpu.return
}
}

// -----

!s = memref<64x128xf16, #tile.swizzle<128>>

// 8 chunks of 16 bytes in each row, from a row that is not before the first; the
// threads of the role take one each. Both pages.
gpu.module @m {
// CHECK-LABEL: gpu.func @zero_rows(
// CHECK-SAME:    %[[FIRST:[^ ]+]]: i32
// CHECK:           %[[FROM:.*]] = arith.maxsi %[[FIRST]], %c0_i32
// CHECK:           %[[CHUNK:.*]] = arith.muli %[[FROM]], %c8_i32
// CHECK:           %[[START:.*]] = arith.addi %[[CHUNK]],
// CHECK:           scf.for %[[I:.*]] = %[[START]] to %c512_i32 step %c256_i32
// CHECK:             %[[BYTES:.*]] = arith.shli %[[I]], %c4_i32
// CHECK:             %[[AT:.*]] = arith.addi %{{.*}}, %[[BYTES]]
// CHECK:             llvm.store %{{.*}}alignment = 16
// CHECK:             arith.addi %[[AT]], %c8192_i32
// CHECK:             llvm.store %{{.*}}alignment = 16{{.*}}
// CHECK-NEXT:      }
// CHECK-NEXT:      nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>
// CHECK-NEXT:      nvvm.barrier id = %c1_i32 number_of_threads = %c256_i32
gpu.func @zero_rows(%first: i32) kernel attributes {known_block_size = array<i32: 384, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.warp_specialize consumers 2 registers [0, 0] produce {
  } consume {
    tile.zero_rows %s[%first] : !s
    tile.barrier
  }
  gpu.return
}
}
