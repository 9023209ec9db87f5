// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(tile-to-nvvm{chip=sm_90a},canonicalize,cse))" \
// RUN:   -split-input-file | FileCheck %s

!ring = !tile.pipeline<2>

// The warp group after the consumers produces. Registers are moved by whole warp
// groups, before one thread of one warp is elected.
gpu.module @m {
// CHECK-LABEL: gpu.func @elected(
// CHECK:         %[[THREAD:.*]] = nvvm.read.ptx.sreg.tid.x
// CHECK:         %[[MINE:.*]] = arith.shrui %[[THREAD]], %c5_i32
// CHECK:         %[[WARP:.*]] = nvvm.shfl.sync idx %c-1_i32, %[[MINE]], %c0_i32, %c31_i32
// CHECK:         %[[GROUP:.*]] = arith.shrui %[[WARP]], %c2_i32
// CHECK:         %[[PRODUCES:.*]] = arith.cmpi eq, %[[GROUP]], %c2_i32
// CHECK:         scf.if %[[PRODUCES]] {
// CHECK-NEXT:      nvvm.setmaxregister decrease 24
// CHECK-NEXT:      %[[FIRST:.*]] = arith.cmpi eq, %[[WARP]], %c8_i32
// CHECK-NEXT:      scf.if %[[FIRST]] {
// CHECK-NEXT:        %[[LEADS:.*]] = nvvm.elect.sync
// CHECK-NEXT:        scf.if %[[LEADS]] {
// CHECK:               mbarrier.try_wait
// CHECK:         } else {
// CHECK-NEXT:      nvvm.setmaxregister increase 240
// CHECK:           mbarrier.arrive
// CHECK:         nvvm.barrier0
gpu.func @elected(%n: i32) kernel attributes {known_block_size = array<i32: 384, 1, 1>} {
  %p = tile.create_pipeline producers 1 consumers 8 {offset = 0 : i64} : !ring
  tile.warp_specialize consumers 2 registers [24, 240] elected produce {
    tile.pipeline_acquire %p[%n] : !ring
  } consume {
    tile.pipeline_release %p[%n] : !ring
  }
  tile.barrier
  gpu.return
}
}

// -----

!g = memref<?x64xf16, strided<[?, 1], offset: ?>>
!s = memref<64x64xf16, #tile.swizzle<128>>

// The producer's 128 threads count from its own first one: 16 rows at a time. Each
// role has a barrier of its own. Registers stay as they were.
gpu.module @m {
// CHECK-LABEL: gpu.func @whole(
// CHECK:         %[[THREAD:.*]] = nvvm.read.ptx.sreg.tid.x
// CHECK:         scf.if %{{.*}} {
// CHECK-NOT:       nvvm.setmaxregister
// CHECK:           %[[MINE:.*]] = arith.addi %[[THREAD]], %c-128_i32
// CHECK:           arith.remui %[[MINE]], %c8_i32
// CHECK:           arith.divui %[[MINE]], %c8_i32
// CHECK-COUNT-4:   nvvm.cp.async.shared.global
// CHECK-NOT:       nvvm.cp.async.shared.global
// CHECK:           nvvm.barrier id = %c8_i32 number_of_threads = %c128_i32
// CHECK:         } else {
// CHECK:           nvvm.barrier id = %c1_i32 number_of_threads = %c128_i32
gpu.func @whole(%g: !g, %n: i32) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.warp_specialize consumers 1 registers [0, 0] produce {
    %true = arith.constant true
    tile.copy_async %g[%n] to %s in_bounds %true : !g to !s
    tile.barrier
  } consume {
    tile.barrier
  }
  gpu.return
}

// Fragments are spread over the consumers, which come first: no offset.
// CHECK-LABEL: gpu.func @consumers(
// CHECK:         %[[THREAD:.*]] = nvvm.read.ptx.sreg.tid.x
// CHECK:         %[[WARP:.*]] = arith.shrui %[[THREAD]], %c5_i32
// CHECK:         } else {
// CHECK:           %[[ROWS:.*]] = arith.muli %[[WARP]], %c16_i32
gpu.func @consumers(%l: memref<?xi32>, %n: i32) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  tile.warp_specialize consumers 1 registers [0, 0] produce {
  } consume {
    %0 = tile.index %n : tensor<64xi32, #tile.rows<warps = 4>>
    tile.store_rows %0 to %l[%n] : tensor<64xi32, #tile.rows<warps = 4>> to memref<?xi32>
  }
  gpu.return
}

// Each of the consumers' 4 warps copies its own 16 rows, 4 at a time.
// CHECK-LABEL: gpu.func @copy_out(
// CHECK:         } else {
// CHECK:           nvvm.bar.warp.sync
// CHECK:           arith.muli %{{.*}}, %c16_i32
// CHECK-COUNT-4:   llvm.store %{{.*}}alignment = 16
// CHECK-NOT:       llvm.store
// CHECK-LABEL: gpu.func @turns(
gpu.func @copy_out(%g: !g, %n: i32) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  %s = tile.alloc {offset = 0 : i64} : !s
  tile.warp_specialize consumers 1 registers [0, 0] produce {
  } consume {
    tile.copy_out %s to %g[%n] : !s to !g
  }
  gpu.return
}

// A turn is a barrier of the group that takes it and of the one before; the last
// group gives the first turn away. Whom a group passes it to is known outside.
// CHECK:         %[[WARP:.*]] = nvvm.shfl.sync idx
// CHECK:         %[[GROUP:.*]] = arith.shrui %[[WARP]], %c2_i32
// CHECK:         %[[LAST:.*]] = arith.cmpi eq, %[[GROUP]], %c2_i32
// CHECK-NEXT:    %[[NEXT:.*]] = arith.addi %[[GROUP]], %c6_i32
// CHECK-NEXT:    %[[ID:.*]] = arith.select %[[LAST]], %c5_i32, %[[NEXT]]
// CHECK:         } else {
// CHECK-NEXT:      scf.if %[[LAST]] {
// CHECK-NEXT:        nvvm.barrier.arrive id = %c5_i32 number_of_threads = %c256_i32
// CHECK:           %[[MINE:.*]] = arith.addi %[[GROUP]], %c5_i32
// CHECK-NEXT:      nvvm.barrier id = %[[MINE]] number_of_threads = %c256_i32
// CHECK-NEXT:      nvvm.barrier.arrive id = %[[ID]] number_of_threads = %c256_i32
gpu.func @turns() kernel attributes {known_block_size = array<i32: 512, 1, 1>} {
  tile.warp_specialize consumers 3 registers [0, 0] produce {
  } consume {
    tile.start_turns 3
    tile.take_turn 3
    tile.pass_turn 3
  }
  gpu.return
}

// Lane 0's value; a thread that is alone has no other.
// CHECK-LABEL: gpu.func @uniform(
// CHECK-SAME:    %{{[^ ]+}}: memref<?xf32>, %[[N:[^ ]+]]: i32
// CHECK:           nvvm.elect.sync
// CHECK-NOT:       nvvm.shfl
// CHECK:         } else {
// CHECK:           nvvm.shfl.sync idx %c-1_i32, %[[N]], %c0_i32, %c31_i32
gpu.func @uniform(%l: memref<?xf32>, %n: i32, %m: !tile.tensor_map) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
  %s = tile.alloc {offset = 1024 : i64} : !s
  %p = tile.create_pipeline producers 1 consumers 4 {offset = 0 : i64} : !tile.pipeline<1>
  tile.warp_specialize consumers 1 registers [0, 0] elected produce {
    %0 = tile.uniform %n
    tile.pipeline_acquire %p[%0] : !tile.pipeline<1>
  } consume {
    %0 = tile.uniform %n
    tile.pipeline_release %p[%0] : !tile.pipeline<1>
  }
  gpu.return
}
}

// -----

// Of the thread's elements, then of the warp's lanes.
gpu.module @m {
// CHECK-LABEL: gpu.func @any(
// CHECK-COUNT-2: arith.cmpf
// CHECK:         %[[EITHER:.*]] = arith.ori
// CHECK-NEXT:    nvvm.vote.sync any %c-1_i32, %[[EITHER]] -> i1
gpu.func @any(%g: memref<?xf32>, %i: i32) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  %f = arith.constant 0.0 : f32
  %z = tile.broadcast %f : f32 to tensor<64xf32, #tile.rows<warps = 4>>
  %n = tile.index %i : tensor<64xi32, #tile.rows<warps = 4>>
  %x = tile.gather %g[%n] : memref<?xf32>, tensor<64xi32, #tile.rows<warps = 4>> to tensor<64xf32, #tile.rows<warps = 4>>
  %c = arith.cmpf ogt, %x, %z : tensor<64xf32, #tile.rows<warps = 4>>
  %b = tile.any %c : tensor<64xi1, #tile.rows<warps = 4>>
  scf.if %b {
    tile.store_rows %z to %g[%i] : tensor<64xf32, #tile.rows<warps = 4>> to memref<?xf32>
  }
  gpu.return
}
}

// -----

// What the lanes of a warp have written is published by each of them.
gpu.module @m {
// CHECK-LABEL: gpu.func @fence(
// CHECK:         nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
// CHECK-NEXT:    nvvm.bar.warp.sync %c-1_i32
gpu.func @fence() kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
  tile.fence_async
  gpu.return
}
}
