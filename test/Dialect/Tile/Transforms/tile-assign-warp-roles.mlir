// RUN: attn-opt %s --allow-unregistered-dialect -split-input-file \
// RUN:   --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-assign-warp-roles,canonicalize,cse)))" | FileCheck %s

!q = memref<64x64xf16, #tile.swizzle<128>>
!k = memref<32x64xf16, #tile.swizzle<128>>
#h = #tile.schedule<m = 64, n = 32, warps = 4, stages = 2, consumers = 1, producer_registers = 56, consumer_registers = 256>

// Both roles count the same fills; the streamed buffer has two slots, the other
// one is released after its last reader and gives its place to the result.
gpu.module @kernels {
// CHECK-LABEL: gpu.func @roles(
// CHECK:         %[[QS:.*]] = tile.alloc : memref<64x64
// CHECK:         %[[KS:.*]] = tile.alloc {slots = 2 : i64} : memref<32x64
// CHECK:         %[[QP:.*]] = tile.create_pipeline producers 1 consumers 4 : <1>
// CHECK-NEXT:    %[[KP:.*]] = tile.create_pipeline producers 1 consumers 4 : <2>
// CHECK-NEXT:    tile.barrier
// CHECK-NEXT:    tile.warp_specialize consumers 1 registers[56, 256] elected produce {
// CHECK-NEXT:      tile.pipeline_acquire %[[QP]][%c0_i32]
// CHECK-NEXT:      tile.copy_tensor %{{.*}} to %[[QS]] fills %[[QP]][%c0_i32]
// CHECK-NEXT:      scf.for %[[T:[^ ]+]] =
// CHECK-NEXT:        %[[ROW:.*]] = arith.muli %[[T]],
// CHECK-NEXT:        tile.pipeline_acquire %[[KP]][%[[T]]]
// CHECK-NEXT:        %[[I:.*]] = arith.remui %[[T]], %c2_i32
// CHECK-NEXT:        %[[SLOT:.*]] = tile.slot %[[KS]][%[[I]]]
// CHECK-NEXT:        tile.copy_tensor %{{.*}}[%[[ROW]]] to %[[SLOT]] fills %[[KP]][%[[T]]]
// CHECK:         } consume {
// CHECK-NEXT:      tile.pipeline_wait %[[QP]][%c0_i32]
// CHECK-NEXT:      scf.for %[[T:[^ ]+]] =
// CHECK-NEXT:        tile.pipeline_wait %[[KP]][%[[T]]]
// CHECK:             %[[SLOT:.*]] = tile.slot
// CHECK-NEXT:        "test.use"(%[[QS]], %[[SLOT]])
// CHECK-NEXT:        tile.pipeline_release %[[KP]][%[[T]]]
// CHECK:           %[[OS:.*]] = tile.alias %[[QS]]
// CHECK-NEXT:      "test.write"(%[[OS]])
// CHECK-NEXT:      tile.copy_out_tensor %[[OS]]
// CHECK-NEXT:      tile.copy_out_wait
// CHECK-NEXT:      tile.pipeline_release %[[QP]][%c0_i32]
gpu.func @roles(%q: !tile.tensor_map, %k: !tile.tensor_map, %o: !tile.tensor_map, %n: i32) kernel
    attributes {tile.schedule = #h} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %width = arith.constant 32 : i32
  %qs = tile.alloc : !q
  %ks = tile.alloc : !k
  %os = tile.alloc : !q
  tile.copy_tensor %q[%zero] to %qs : !q
  scf.for %t = %zero to %n step %one : i32 {
    %row = arith.muli %t, %width : i32
    tile.copy_tensor %k[%row] to %ks : !k
    "test.use"(%qs, %ks) : (!q, !k) -> ()
  }
  "test.write"(%os) : (!q) -> ()
  tile.copy_out_tensor %os to %o[%zero] : !q
  tile.copy_out_wait
  gpu.return
}
}

// -----

!g = memref<?x64xf16, strided<[?, 1], offset: ?>>
!q = memref<64x64xf16, #tile.swizzle<128>>
!k = memref<32x64xf16, #tile.swizzle<128>>
#h = #tile.schedule<m = 128, n = 32, warps = 8, stages = 2, consumers = 2, producer_registers = 24, consumer_registers = 240>

// Copies by threads: all 128 commit, one copy later, and they need more registers.
// Around an outer loop the numbers of the fills are carried.
gpu.module @kernels {
// CHECK-LABEL: gpu.func @threads(
// CHECK:         tile.create_pipeline producers 128 consumers 8 : <2>
// CHECK:         tile.warp_specialize consumers 2 registers[40, 232] produce {
// CHECK-NEXT:      scf.for {{.*}} iter_args(%[[C:.*]] = %c0_i32) -> (i32)
// CHECK-NEXT:        %[[N:.*]] = tile.uniform %[[C]]
// CHECK-NEXT:        scf.for %[[T:[^ ]+]] =
// CHECK-NEXT:          %[[F:.*]] = arith.addi %[[N]], %[[T]]
// CHECK-NEXT:          tile.pipeline_acquire %[[P:.*]][%[[F]]]
// CHECK:               tile.copy_async
// CHECK-NEXT:          tile.async_commit
// CHECK:               scf.if
// CHECK-NEXT:            %[[BEFORE:.*]] = arith.subi %[[F]], %c1_i32
// CHECK-NEXT:            tile.pipeline_commit %[[P]][%[[BEFORE]]] {pending = 1 : i64}
// CHECK:             %[[TRIPS:.*]] = arith.maxsi
// CHECK-NEXT:        %[[NEXT:.*]] = arith.addi %[[N]], %[[TRIPS]]
// CHECK:             scf.if
// CHECK:               tile.pipeline_commit %[[P]][%{{[^]]*}}] : <2>
// CHECK:             scf.yield %[[NEXT]]
// CHECK:         } consume {
// CHECK-NEXT:      scf.for {{.*}} iter_args(
gpu.func @threads(%k: !g, %n: i32) kernel attributes {tile.schedule = #h} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %ks = tile.alloc : !k
  scf.for %u = %zero to %n step %one : i32 {
    scf.for %t = %zero to %n step %one : i32 {
      tile.copy %k[%t] to %ks : !g to !k
      "test.use"(%ks) : (!k) -> ()
    }
  }
  gpu.return
}
}
