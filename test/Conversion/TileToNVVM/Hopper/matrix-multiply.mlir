// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_90a},canonicalize,cse))" \
// RUN:   -split-input-file | FileCheck %s

!q = memref<64x64xbf16, #tile.swizzle<128>>
!k = memref<32x64xbf16, #tile.swizzle<128>>
!acc = tensor<64x32xf32, #tile.accumulator<warps = 4>>
!rows = tensor<64xf32, #tile.rows<warps = 4>>

// Both operands in shared memory with K inside their rows: mode 1, 1024 bytes
// between groups of 8 rows, 32 bytes a step. Addresses are sixteenths in 14 bits;
// above them is the offset between pages, which has no meaning here. The first
// step does not add. The product is read through the wait.
gpu.module @m {
// CHECK-LABEL: gpu.func @shared(
// CHECK:         %[[START:.*]] = arith.andi %{{.*}}, %c16383_i32
// CHECK:         %[[B:.*]] = arith.addi %[[START]], %c66048_i32
// CHECK:         %[[A:.*]] = arith.addi %[[START]], %c65536_i32
// CHECK:         %[[ONE:.*]] = llvm.inline_asm has_side_effects
// CHECK-SAME:      b_low, {{[^;]*}}$16;
// CHECK-SAME:      mov.b32 b_high, 1073741888;
// CHECK-SAME:      mov.b64 b_base, {b_low, b_high};
// CHECK-SAME:      a_low, {{[^;]*}}$17;
// CHECK-SAME:      wgmma.fence.sync.aligned;
// CHECK-SAME:      add.s64 b, b_base, 0;
// CHECK-SAME:      add.s64 a, a_base, 0;
// CHECK-SAME:      wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {$0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15}, a, b, 0, 1, 1, 0, 0;
// CHECK-SAME:      add.s64 b, b_base, 2;
// CHECK-SAME:      add.s64 a, a_base, 2;
// CHECK-SAME:      $15}, a, b, 1, 1, 1, 0, 0;
// CHECK-SAME:      add.s64 b, b_base, 6;
// CHECK-SAME:      $15}, a, b, 1, 1, 1, 0, 0;
// CHECK-SAME:      wgmma.commit_group.sync.aligned;
// CHECK-SAME:      "=&f,{{.*}},=&f,r,r,~{memory}" %[[B]], %[[A]]
// CHECK:         %[[VALUE:.*]] = llvm.extractvalue %[[ONE]][15]
// CHECK:         %[[TWO:.*]] = llvm.inline_asm has_side_effects "{{.*}}wgmma.wait_group.sync.aligned 0;
// CHECK-SAME:      "=f,{{.*}},=f,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,~{memory}"
// CHECK-SAME:      %[[VALUE]]
gpu.func @shared(%l: memref<?xf32>, %i: i32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %q = tile.alloc {offset = 0 : i64} : !q
  %k = tile.alloc {offset = 8192 : i64} : !k
  %x = arith.constant 0.0 : f32
  %r = tile.broadcast %x : f32 to !rows
  %0 = tile.dot_async %q, %k transposed : !q, !k to !acc
  %1 = tile.dot_wait 0, %0 : !acc to !acc
  %2 = tile.reduce add %1, %r : !acc, !rows
  tile.store_rows %2 to %l[%i] : !rows to memref<?xf32>
  gpu.return
}
}

// -----

!q = memref<128x64xf16, #tile.swizzle<64>>
!k = memref<32x64xf16, #tile.swizzle<64>>
!acc = tensor<128x32xf32, #tile.accumulator<warps = 8>>

// Two pages of 64 bytes: mode 2, 512 bytes between groups of rows; the third
// step is in the next page, after all rows. The second warp group starts 64
// rows further.
gpu.module @m {
// CHECK-LABEL: gpu.func @pages(
// CHECK:         %[[WARP:.*]] = nvvm.shfl.sync idx
// CHECK:         %[[GROUP:.*]] = arith.shrui %[[WARP]], %c2_i32
// CHECK:         %[[OFFSET:.*]] = arith.muli %[[GROUP]], %c256_i32
// CHECK:         %[[START:.*]] = arith.addi %{{.*}}, %[[OFFSET]]
// CHECK:         %[[A:.*]] = arith.addi %[[START]], %c65536_i32
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-SAME:      mov.b32 b_high, 2147483680;
// CHECK-SAME:      add.s64 b, b_base, 2;
// CHECK-SAME:      add.s64 a, a_base, 2;
// CHECK-SAME:      add.s64 b, b_base, 128;
// CHECK-SAME:      add.s64 a, a_base, 512;
// CHECK-SAME:      m64n32k16.f32.f16.f16
// CHECK-SAME:      %[[A]]
gpu.func @pages() kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  %q = tile.alloc {offset = 0 : i64} : !q
  %k = tile.alloc {offset = 16384 : i64} : !k
  %0 = tile.dot_async %q, %k transposed : !q, !k to !acc
  gpu.return
}
}

// -----

!p = tensor<64x32xbf16, #tile.operand_a<warps = 4>>
!v = memref<32x128xbf16, #tile.swizzle<128>>
!acc = tensor<64x32xf32, #tile.accumulator<warps = 4>>
!out = tensor<64x128xf32, #tile.accumulator<warps = 4>>

// Operand a in registers, four words a step; operand b with K along its rows: the
// next page of columns is 32 * 128 bytes away, a step is 16 rows; transposed (the
// last 1). The accumulator is read and written in place, so every step adds.
gpu.module @m {
// CHECK-LABEL: gpu.func @registers(
// CHECK:         arith.addi %{{.*}}, %c16777216_i32
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-SAME:      mov.b32 b_high, 1073741888;
// CHECK-SAME:      add.s64 b, b_base, 0;
// CHECK-SAME:      m64n128k16.f32.bf16.bf16 {$0, {{.*}}, $63}, {$129, $130, $131, $132}, b, 1, 1, 1, 1;
// CHECK-SAME:      add.s64 b, b_base, 128;
// CHECK-SAME:      {$133, $134, $135, $136}, b, 1, 1, 1, 1;
// CHECK-SAME:      "=f,{{.*}},0,1,{{.*}},63,r,r,r,r,r,r,r,r,r,~{memory}"
gpu.func @registers(%s: f32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %v = tile.alloc {offset = 0 : i64} : !v
  %0 = tile.broadcast %s : f32 to !acc
  %p = tile.convert %0 : !acc to !p
  %o = tile.broadcast %s : f32 to !out
  %1 = tile.dot_async %p, %v onto %o : !out : !p, !v to !out
  gpu.return
}
}

// -----

!p = memref<64x16xf16, #tile.swizzle<32>>
!v = memref<16x48xf16, #tile.swizzle<32>>
!out = tensor<64x48xf32, #tile.accumulator<warps = 4>>
!rows = tensor<64xf32, #tile.rows<warps = 4>>

// A single step adds to zeros. Pages of 32 bytes: mode 3, 256 bytes between groups.
gpu.module @m {
// CHECK-LABEL: gpu.func @one_step(
// CHECK:         %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-SAME:      mov.b32 b_high, 3221225488;
// CHECK-SAME:      mov.b32 a_high, 3221225488;
// CHECK-SAME:      a, b, 1, 1, 1, 0, 1;
// CHECK-SAME:      "=f,{{.*}},23,r,r,~{memory}" %[[ZERO]]
gpu.func @one_step() kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %p = tile.alloc {offset = 0 : i64} : !p
  %v = tile.alloc {offset = 2048 : i64} : !v
  %1 = tile.dot_async %p, %v : !p, !v to !out
  gpu.return
}

// The covered products only, each in its place.
// CHECK-LABEL: gpu.func @wait(
// CHECK:         llvm.inline_asm has_side_effects {{.*}}wgmma.mma_async
// CHECK:         llvm.inline_asm has_side_effects {{.*}}wgmma.mma_async
// CHECK:         %[[BOTH:.*]] = llvm.inline_asm has_side_effects "{{.*}}wgmma.wait_group.sync.aligned 2;
// CHECK-COUNT-48: llvm.extractvalue %[[BOTH]]
gpu.func @wait(%s: f32, %l: memref<?xf32>, %i: i32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %p = tile.alloc {offset = 0 : i64} : !p
  %v = tile.alloc {offset = 2048 : i64} : !v
  %0 = tile.dot_async %p, %v : !p, !v to !out
  %1 = tile.dot_async %p, %v : !p, !v to !out
  %2:2 = tile.dot_wait 2, %0, %1 : !out, !out to !out, !out
  %r = tile.broadcast %s : f32 to !rows
  %3 = tile.reduce add %2#0, %r : !out, !rows
  %4 = tile.reduce add %2#1, %3 : !out, !rows
  tile.store_rows %4 to %l[%i] : !rows to memref<?xf32>
  gpu.return
}
}

// -----

!q = memref<64x32xf16, #tile.swizzle<64>>
!k = memref<32x32xf16, #tile.swizzle<64>>
!acc = tensor<64x32xf32, #tile.accumulator<warps = 4>>
!wide = tensor<64x32xf32, #tile.accumulator<warps = 2>>

// The synchronous product waits for itself.
gpu.module @m {
// CHECK-LABEL: gpu.func @synchronous(
// CHECK:         llvm.inline_asm {{.*}}wgmma.mma_async
// CHECK:         llvm.inline_asm {{.*}}wgmma.wait_group.sync.aligned 0;
gpu.func @synchronous(%s: f32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %q = tile.alloc {offset = 0 : i64} : !q
  %k = tile.alloc {offset = 4096 : i64} : !k
  %z = tile.broadcast %s : f32 to !acc
  %0 = tile.dot %q, %k transposed, %z : !q, !k, !acc
  gpu.return
}

// A layout of other instructions is left to them.
// CHECK-LABEL: gpu.func @two_blocks_of_rows(
// CHECK-NOT:     wgmma
// CHECK:         nvvm.mma.sync
gpu.func @two_blocks_of_rows(%s: f32, %l: memref<?xf32>, %i: i32) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  %q = tile.alloc {offset = 0 : i64} : !q
  %k = tile.alloc {offset = 4096 : i64} : !k
  %z = tile.broadcast %s : f32 to !wide
  %0 = tile.dot %q, %k transposed, %z : !q, !k, !wide
  %r = tile.broadcast %s : f32 to tensor<64xf32, #tile.rows<warps = 2>>
  %1 = tile.reduce add %0, %r : !wide, tensor<64xf32, #tile.rows<warps = 2>>
  tile.store_rows %1 to %l[%i] : tensor<64xf32, #tile.rows<warps = 2>> to memref<?xf32>
  gpu.return
}
}

// -----

!q = memref<64x32xf16, #tile.swizzle<64>>
!k = memref<24x32xf16, #tile.swizzle<64>>
!acc = tensor<64x24xf32, #tile.accumulator<warps = 4>>

// Any multiple of 8 columns.
gpu.module @kernels {
// CHECK-LABEL: gpu.func @columns(
// CHECK:         llvm.inline_asm
// CHECK-SAME:      m64n24k16.f32.f16.f16
gpu.func @columns() kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %q = tile.alloc {offset = 0 : i64} : !q
  %k = tile.alloc {offset = 4096 : i64} : !k
  %0 = tile.dot_async %q, %k transposed : !q, !k to !acc
  %1 = tile.dot_wait 0, %0 : !acc to !acc
  gpu.return
}
}

// -----

!q = memref<128x16xbf16, #tile.swizzle<32>>
!k = memref<64x16xbf16, #tile.swizzle<32>>
!acc = tensor<128x32xf32, #tile.accumulator<warps = 8>>

// A batch for each warp group: its 64 rows of operand a, and its 32 rows of operand b.
gpu.module @m {
// CHECK-LABEL: gpu.func @batches(
// CHECK:         %[[GROUP:.*]] = arith.shrui %{{.*}}, %c2_i32
// CHECK-DAG:     arith.muli %[[GROUP]], %c64_i32
// CHECK-DAG:     arith.muli %[[GROUP]], %c128_i32
// CHECK:         wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16
gpu.func @batches(%x: f32) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  %q = tile.alloc {offset = 0 : i64} : !q
  %k = tile.alloc {offset = 8192 : i64} : !k
  %zero = tile.broadcast %x : f32 to !acc
  %0 = tile.dot %q, %k transposed, %zero {batches = 2} : !q, !k, !acc
  %out = tile.alloc {offset = 16384 : i64} : memref<128x32xbf16, #tile.swizzle<64>>
  tile.store %0 to %out : !acc to memref<128x32xbf16, #tile.swizzle<64>>
  gpu.return
}
}
