// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_90a},canonicalize,cse))" \
// RUN:   -split-input-file | FileCheck %s

!s = memref<64x128xf16, #tile.swizzle<128>>
!ring = !tile.pipeline<2>

// One thread announces all bytes and starts a copy for each page, 64 columns and
// 64 rows of 128 bytes further. Coordinates are innermost first.
gpu.module @m {
// CHECK-LABEL: gpu.func @pages(
// CHECK-SAME:    %[[MAP:[^ ]+]]: !tile.tensor_map, %[[HEAD:[^ ]+]]: i32, %[[ROW:[^ ]+]]: i32, %[[N:[^ ]+]]: i32)
// CHECK:         %[[TO:.*]] = arith.addi %{{.*}}, %c1024_i32
// CHECK:         mbarrier.init
// CHECK:         %[[FULL:.*]] = arith.addi
// CHECK:         %[[ADDRESS:.*]] = builtin.unrealized_conversion_cast %[[MAP]] : !tile.tensor_map to !llvm.ptr
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-SAME:      setp.eq.u32 first, $0, 0;
// CHECK-SAME:      @first mbarrier.arrive.expect_tx.shared::cta.b64 _, [$1], 16384;
// CHECK-SAME:      @first cp.async.bulk.tensor.3d.shared::cta.global.tile.mbarrier::complete_tx::bytes [$2+0], [$3, {$6, $4, $5}], [$1];
// CHECK-SAME:      @first cp.async.bulk.tensor.3d.shared::cta.global.tile.mbarrier::complete_tx::bytes [$2+8192], [$3, {$7, $4, $5}], [$1];
// CHECK-SAME:      "r,r,r,l,r,r,r,r,~{memory}" %{{.*}}, %[[FULL]], %[[TO]], %[[ADDRESS]], %[[ROW]], %[[HEAD]], %c0_i32, %c64_i32
gpu.func @pages(%m: !tile.tensor_map, %h: i32, %i: i32, %n: i32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %s = tile.alloc {offset = 1024 : i64} : !s
  %p = tile.create_pipeline producers 1 consumers 4 {offset = 0 : i64} : !ring
  tile.copy_tensor %m[%h, %i] to %s fills %p[%n] : !s, !ring
  gpu.return
}

// An elected thread needs no predicate. What is read once leaves the cache first.
// CHECK-LABEL: gpu.func @elected(
// CHECK:         %[[POLICY:.*]] = arith.constant 1364590687093260288 : i64
// CHECK:         nvvm.elect.sync
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-NOT:       setp
// CHECK-SAME:      complete_tx::bytes.L2::cache_hint [$2+0], [$3, {$5, $4}], [$0], $1;
// CHECK-SAME:      %[[POLICY]]
gpu.func @elected(%m: !tile.tensor_map, %i: i32) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  %s = tile.alloc {offset = 1024 : i64} : !s
  %p = tile.create_pipeline producers 1 consumers 4 {offset = 0 : i64} : !ring
  tile.warp_specialize consumers 1 registers [0, 0] elected produce {
    tile.copy_tensor %m[%i] to %s fills %p[%i] {evict = "first"} : !s, !ring
  } consume {
  }
  gpu.return
}

// Each block copies 32 rows to both, and waits for all bytes.
// CHECK-LABEL: gpu.func @multicast(
// CHECK:         %[[RANK:.*]] = nvvm.read.ptx.sreg.cluster.ctarank
// CHECK:         %[[HALF:.*]] = arith.muli %[[RANK]], %c32_i32
// CHECK:         %[[BYTES:.*]] = arith.muli %[[RANK]], %c4096_i32
// CHECK:         %[[TO:.*]] = arith.addi %{{.*}}, %[[BYTES]]
// CHECK:         %[[ROW:.*]] = arith.addi %{{.*}}, %[[HALF]]
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-SAME:      mbarrier.arrive.expect_tx.shared::cta.b64 _, [$1], 16384;
// CHECK-SAME:      mov.b16 blocks, 3;
// CHECK-SAME:      cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [$2+0], [$3, {$5, $4}], [$1], blocks;
// CHECK-SAME:      [$2+8192], [$3, {$6, $4}], [$1], blocks;
// CHECK-SAME:      %[[TO]], %{{[^,]*}}, %[[ROW]]
gpu.func @multicast(%m: !tile.tensor_map, %i: i32) kernel
    attributes {known_block_size = array<i32: 128, 1, 1>, tile.cluster = 2 : i64} {
  %s = tile.alloc {offset = 1024 : i64} : !s
  %p = tile.create_pipeline producers 1 consumers 8 {offset = 0 : i64} : !ring
  tile.copy_tensor %m[%i] to %s fills %p[%i] multicast : !s, !ring
  gpu.return
}
}

// -----

!s = memref<128x64xbf16, #tile.swizzle<128>>

// The threads of each warp group publish their writes and meet at a barrier of
// their own; one of the first warp copies the group's 64 rows. The wait is for the
// whole group too.
gpu.module @m {
// CHECK-LABEL: gpu.func @copy_out(
// CHECK-SAME:    %{{[^ ]+}}: !tile.tensor_map, %[[HEAD:[^ ]+]]: i32, %[[I:[^ ]+]]: i32)
// CHECK:         %[[WARP:.*]] = nvvm.shfl.sync idx
// CHECK:         nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
// CHECK:         %[[GROUP:.*]] = arith.shrui %[[WARP]], %c2_i32
// CHECK:         %[[ID:.*]] = arith.addi %[[GROUP]], %c2_i32
// CHECK:         nvvm.barrier id = %[[ID]] number_of_threads = %c128_i32
// CHECK:         %[[FIRST:.*]] = arith.muli %[[GROUP]], %c64_i32
// CHECK:         %[[BYTES:.*]] = arith.muli %[[GROUP]], %c8192_i32
// CHECK:         %[[FROM:.*]] = arith.addi %{{.*}}, %[[BYTES]]
// CHECK:         %[[IN_GROUP:.*]] = arith.andi %[[WARP]], %c3_i32
// CHECK:         %[[ROW:.*]] = arith.addi %[[I]], %[[FIRST]]
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-SAME:      setp.eq.u32 first, $0, 0;
// CHECK-SAME:      elect.sync _|leads, 0xffffffff;
// CHECK-SAME:      and.pred leads, leads, first;
// CHECK-SAME:      @leads cp.async.bulk.tensor.3d.global.shared::cta.tile.bulk_group [$2, {$5, $3, $4}], [$1+0];
// CHECK-SAME:      @leads cp.async.bulk.commit_group;
// CHECK-SAME:      %[[IN_GROUP]], %[[FROM]], %{{[^,]*}}, %[[ROW]], %[[HEAD]], %c0_i32
// CHECK:         llvm.inline_asm has_side_effects {{.*}}cp.async.bulk.wait_group.read 0;
gpu.func @copy_out(%m: !tile.tensor_map, %h: i32, %i: i32) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.copy_out_tensor %s to %m[%h, %i] : !s
  tile.copy_out_wait
  gpu.return
}
}

// -----

!s = memref<64x64xbf16, #tile.swizzle<128>>
!ring = !tile.pipeline<2>

// The second half of the rows comes through the other map, from the same coordinates on; one
// announcement is for both.
gpu.module @m {
// CHECK-LABEL: gpu.func @two_maps(
// CHECK:         mbarrier.init
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-SAME:      mbarrier.arrive.expect_tx.shared::cta.b64 _, [$1], 8192;
// CHECK-NOT:       expect_tx
// CHECK-SAME:      [$2+0], [$3, {$5, $4}], [$1];
// CHECK-SAME:      [$2+4096], [$6, {$7, $4}], [$1];
gpu.func @two_maps(%m: !tile.tensor_map, %n: !tile.tensor_map, %i: i32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %s = tile.alloc {offset = 1024 : i64} : !s
  %p = tile.create_pipeline producers 1 consumers 4 {offset = 0 : i64} : !ring
  tile.copy_tensor %m[%i] and %n to %s fills %p[%i] : !s, !ring
  gpu.return
}

// A buffer of 64 rows for two warp groups: with one page each stores 32 rows.
// CHECK-LABEL: gpu.func @copy_out_rows(
// CHECK:         %[[GROUP:.*]] = arith.shrui %{{.*}}, %c2_i32
// CHECK:         arith.muli %[[GROUP]], %c32_i32
// CHECK:         arith.muli %[[GROUP]], %c4096_i32
gpu.func @copy_out_rows(%m: !tile.tensor_map, %i: i32) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.copy_out_tensor %s to %m[%i] : !s
  gpu.return
}
}
