// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_90a},canonicalize,cse))" \
// RUN:   -split-input-file | FileCheck %s

!ring = !tile.pipeline<2>

// Thread 0 gives the full barriers their producers, then the empty ones their
// consumers.
gpu.module @m {
// CHECK-LABEL: gpu.func @create(
// CHECK:         %[[THREAD:.*]] = nvvm.read.ptx.sreg.tid.x
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-SAME:      setp.eq.u32 first, $0, 0;
// CHECK-SAME:      @first mbarrier.init.shared::cta.b64 [$1+0], 1;
// CHECK-SAME:      @first mbarrier.init.shared::cta.b64 [$1+8], 1;
// CHECK-SAME:      @first mbarrier.init.shared::cta.b64 [$1+16], 8;
// CHECK-SAME:      @first mbarrier.init.shared::cta.b64 [$1+24], 8;
// CHECK-SAME:      @first fence.mbarrier_init.release.cluster;
// CHECK-SAME:      "r,r,~{memory}" %[[THREAD]], %{{.*}} : (i32, i32) -> ()
// CHECK-NEXT:    nvvm.barrier0
gpu.func @create() kernel attributes {known_block_size = array<i32: 384, 1, 1>} {
  %p = tile.create_pipeline producers 1 consumers 8 {offset = 64 : i64} : !ring
  tile.barrier
  gpu.return
}

// Fill n uses slot n % 2 with parity n / 2 % 2; a producer waits for the phase
// before, on the empty barriers, which come after the full ones.
// CHECK-LABEL: gpu.func @steps(
// CHECK-SAME:    %[[N:[^ ]+]]: i32)
// CHECK:         %[[BASE:.*]] = arith.addi %{{.*}}, %c64_i32
// CHECK:         mbarrier.init
// CHECK:         %[[SLOT:.*]] = arith.remui %[[N]], %c2_i32
// CHECK:         %[[STEP:.*]] = arith.shli %[[SLOT]], %c3_i32
// CHECK:         %[[FULL:.*]] = arith.addi %[[BASE]], %[[STEP]]
// CHECK:         %[[EMPTY:.*]] = arith.addi %[[FULL]], %c16_i32
// CHECK:         %[[TURN:.*]] = arith.divui %[[N]], %c2_i32
// CHECK:         %[[PARITY:.*]] = arith.andi %[[TURN]], %c1_i32
// CHECK:         %[[BEFORE:.*]] = arith.xori %[[PARITY]], %c1_i32
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-SAME:      WAIT:
// CHECK-SAME:      mbarrier.try_wait.parity.shared::cta.b64 done, [$0], $1;
// CHECK-SAME:      @done bra DONE;
// CHECK-SAME:      bra WAIT;
// CHECK-SAME:      DONE:
// CHECK-SAME:      %[[EMPTY]], %[[BEFORE]]
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-SAME:      cp.async.wait_group 0;
// CHECK-SAME:      fence.proxy.async.shared::cta;
// CHECK-SAME:      mbarrier.arrive.shared::cta.b64 _, [$0];
// CHECK-SAME:      %[[FULL]]
// CHECK:         llvm.inline_asm {{.*}}mbarrier.try_wait{{.*}} %[[FULL]], %[[PARITY]]
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-SAME:      elect.sync _|leads, 0xffffffff;
// CHECK-SAME:      @leads mbarrier.arrive.shared::cta.b64 _, [$0];
// CHECK-SAME:      %[[EMPTY]]
gpu.func @steps(%n: i32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %p = tile.create_pipeline producers 128 consumers 4 {offset = 64 : i64} : !ring
  tile.pipeline_acquire %p[%n] : !ring
  tile.pipeline_commit %p[%n] : !ring
  tile.pipeline_wait %p[%n] : !ring
  tile.pipeline_release %p[%n] : !ring
  gpu.return
}
}

// -----

!s = memref<64x64xf16, #tile.swizzle<128>>
!one = !tile.pipeline<1>

// A slot that both blocks of a cluster fill is released in both; another one in
// this block only.
gpu.module @m {
// CHECK-LABEL: gpu.func @cluster(
// CHECK:         llvm.inline_asm {{.*}}cp.async.bulk.tensor
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-SAME:      elect.sync _|leads, 0xffffffff;
// CHECK-SAME:      mapa.shared::cluster.u32 remote, $0, 0;
// CHECK-SAME:      @leads mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote];
// CHECK-SAME:      mapa.shared::cluster.u32 remote, $0, 1;
// CHECK-SAME:      @leads mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote];
// CHECK:         llvm.inline_asm has_side_effects
// CHECK-NOT:       mapa
// CHECK-SAME:      @leads mbarrier.arrive.shared::cta.b64 _, [$0];
gpu.func @cluster(%m: !tile.tensor_map, %n: i32) kernel
    attributes {known_block_size = array<i32: 128, 1, 1>, tile.cluster = 2 : i64} {
  %s = tile.alloc {offset = 0 : i64} : !s
  %p = tile.create_pipeline producers 1 consumers 8 {offset = 8192 : i64} : !one
  %o = tile.create_pipeline producers 1 consumers 4 {offset = 8208 : i64} : !one
  tile.copy_tensor %m[%n] to %s fills %p[%n] multicast : !s, !one
  tile.pipeline_release %p[%n] multicast : !one
  tile.pipeline_release %o[%n] : !one
  gpu.return
}

// All threads of both blocks meet.
// CHECK-LABEL: gpu.func @cluster_barrier(
// CHECK-NEXT:    nvvm.cluster.arrive {aligned}
// CHECK-NEXT:    nvvm.cluster.wait {aligned}
// CHECK-NEXT:    gpu.return
gpu.func @cluster_barrier() kernel
    attributes {known_block_size = array<i32: 128, 1, 1>, tile.cluster = 2 : i64} {
  tile.barrier
  gpu.return
}
}
