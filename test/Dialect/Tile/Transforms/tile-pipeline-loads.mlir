// RUN: attn-opt %s --allow-unregistered-dialect -split-input-file \
// RUN:   --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-pipeline-loads)))" | FileCheck %s

!g = memref<?x16xf16, strided<[?, 1], offset: ?>>
!s = memref<16x16xf16, #tile.swizzle<32>>

// One stage: what stands before the loop joins the first group, and each buffer is
// refilled where the wait for the other one shows that its readers are done.
gpu.module @kernels {
// CHECK-LABEL: gpu.func @one_stage(
// CHECK-SAME:    %[[Q:[^:]+]]: memref{{[^%]*}}%[[K:[^:]+]]: memref{{[^%]*}}%[[V:[^:]+]]: memref
// CHECK:         tile.copy_async %[[Q]]
// CHECK:         %[[SOME:.*]] = arith.cmpi slt, %[[ZERO:.*]], %[[N:.*]] : i32
// CHECK:         scf.if %[[SOME]] {
// CHECK:           tile.copy_async %[[K]]
// CHECK:         }
// CHECK-NEXT:    tile.async_commit
// CHECK-NEXT:    scf.for %[[T:[^ ]+]] =
// CHECK:           tile.async_wait 0
// CHECK:           tile.copy_async %[[V]]
// CHECK-NEXT:      tile.async_commit
// CHECK-NEXT:      "test.use_key"
// CHECK-NEXT:      tile.async_wait 0
// CHECK:           %[[NEXT:.*]] = arith.addi %[[T]], %{{.*}} overflow<nsw>
// CHECK:           %[[EXISTS:.*]] = arith.cmpi slt, %[[NEXT]], %[[N]]
// CHECK:           scf.if %[[EXISTS]] {
// CHECK:             %[[ROW:.*]] = arith.muli %[[NEXT]],
// CHECK:             tile.copy_async %[[K]][%[[ROW]]]
// CHECK:           }
// CHECK-NEXT:      tile.async_commit
// CHECK-NEXT:      "test.use_value"
// CHECK-NEXT:    }
// CHECK-NEXT:    tile.async_wait 0
gpu.func @one_stage(%q: !g, %k: !g, %v: !g, %n: i32) kernel
    attributes {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 1>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %width = arith.constant 16 : i32
  %qs = tile.alloc : !s
  %ks = tile.alloc : !s
  %vs = tile.alloc : !s
  tile.copy %q[%zero] to %qs : !g to !s
  scf.for %t = %zero to %n step %one : i32 {
    %row = arith.muli %t, %width : i32
    tile.copy %k[%row] to %ks : !g to !s
    "test.use_key"(%qs, %ks) : (!s, !s) -> ()
    tile.copy %v[%row] to %vs : !g to !s
    "test.use_value"(%vs) : (!s) -> ()
  }
  gpu.return
}
}

// -----

!g = memref<?x16xf16, strided<[?, 1], offset: ?>>
!s = memref<16x16xf16, #tile.swizzle<32>>

// Two stages: rings of two, one group ahead, all of it waited for. The condition is
// computed again for the later iteration, the alignment stays.
gpu.module @kernels {
// CHECK-LABEL: gpu.func @two_stages(
// CHECK-SAME:    %[[K:[^:]+]]: memref{{[^%]*}}%[[V:[^:]+]]: memref
// CHECK:         %[[KS:.*]] = tile.alloc {slots = 2 : i64}
// CHECK:         %[[VS:.*]] = tile.alloc {slots = 2 : i64}
// CHECK:         tile.copy_async %[[K]]
// CHECK:         tile.copy_async %[[V]]
// CHECK:         tile.async_commit
// CHECK-NOT:     tile.async_commit
// CHECK:         scf.for %[[T:[^ ]+]] =
// CHECK:           %[[TURN:.*]] = arith.subi %[[T]],
// CHECK:           %[[SLOT:.*]] = arith.remui %[[TURN]],
// CHECK:           %[[KEY:.*]] = tile.slot %[[KS]][%[[SLOT]]]
// CHECK:           %[[VALUE:.*]] = tile.slot %[[VS]][%[[SLOT]]]
// CHECK:           tile.async_wait 0
// CHECK:           scf.if
// CHECK:             %[[INSIDE:.*]] = arith.cmpi sgt
// CHECK:             tile.copy_async %[[K]][%{{.*}}] to %{{.*}} in_bounds %[[INSIDE]] {alignment = 8 : i64}
// CHECK:             tile.copy_async %[[V]]
// CHECK:           tile.async_commit
// CHECK:           "test.use_key"(%[[KEY]])
// CHECK:           "test.use_value"(%[[VALUE]])
gpu.func @two_stages(%k: !g, %v: !g, %n: i32) kernel
    attributes {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 2>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %width = arith.constant 16 : i32
  %ks = tile.alloc : !s
  %vs = tile.alloc : !s
  scf.for %t = %zero to %n step %one : i32 {
    %row = arith.muli %t, %width : i32
    %inside = arith.cmpi sgt, %t, %zero : i32
    tile.copy %k[%row] to %ks in_bounds %inside {alignment = 8 : i64} : !g to !s
    "test.use_key"(%ks) : (!s) -> ()
    tile.copy %v[%row] to %vs in_bounds %inside : !g to !s
    "test.use_value"(%vs) : (!s) -> ()
  }
  gpu.return
}
}

// -----

!g = memref<?x16xf16, strided<[?, 1], offset: ?>>
!s = memref<16x16xf16, #tile.swizzle<32>>

// Three stages: two groups ahead, of which one may be unfinished.
gpu.module @kernels {
// CHECK-LABEL: gpu.func @three_stages(
// CHECK:         tile.alloc {slots = 3 : i64}
// CHECK-COUNT-2: tile.async_commit
// CHECK:         scf.for
// CHECK:           tile.async_wait 1
// CHECK:           tile.async_commit
// CHECK:         tile.async_wait 0
gpu.func @three_stages(%k: !g, %n: i32) kernel
    attributes {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 3>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %ks = tile.alloc : !s
  scf.for %t = %zero to %n step %one : i32 {
    tile.copy %k[%t] to %ks : !g to !s
    "test.use_key"(%ks) : (!s) -> ()
  }
  gpu.return
}

// Without a schedule, or without copies in the loop, nothing is to be done.
// CHECK-LABEL: gpu.func @no_schedule(
// CHECK:         scf.for
// CHECK-NEXT:      tile.copy %
gpu.func @no_schedule(%k: !g, %n: i32) kernel {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %ks = tile.alloc : !s
  scf.for %t = %zero to %n step %one : i32 {
    tile.copy %k[%t] to %ks : !g to !s
    "test.use_key"(%ks) : (!s) -> ()
  }
  gpu.return
}

// With one stage, a single buffer is never free ahead of time.
// CHECK-LABEL: gpu.func @single_buffer(
// CHECK:         scf.for
// CHECK-NEXT:      tile.copy %
// CHECK-NOT:     tile.async
// CHECK:         gpu.return
gpu.func @single_buffer(%k: !g, %n: i32) kernel
    attributes {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 1>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %ks = tile.alloc : !s
  scf.for %t = %zero to %n step %one : i32 {
    tile.copy %k[%t] to %ks : !g to !s
    "test.use_key"(%ks) : (!s) -> ()
  }
  gpu.return
}

// CHECK-LABEL: gpu.func @no_copies(
// CHECK-NOT:     tile.async
gpu.func @no_copies(%n: i32) kernel
    attributes {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 2>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  scf.for %t = %zero to %n step %one : i32 {
    "test.work"() : () -> ()
  }
  gpu.return
}
}

// -----

!g = memref<?x16xf16, strided<[?, 1], offset: ?>>
!s = memref<16x16xf16, #tile.swizzle<32>>

// What is read before the loop is waited for there, under the first copies of the loop.
gpu.module @kernels {
// CHECK-LABEL: gpu.func @read_early(
// CHECK-SAME:    %[[Q:[^:]+]]: memref{{[^%]*}}%[[K:[^:]+]]: memref{{[^%]*}}%[[V:[^:]+]]: memref
// CHECK:         tile.copy_async %[[Q]]
// CHECK-NEXT:    tile.async_commit
// CHECK:         scf.if
// CHECK:           tile.copy_async %[[K]]
// CHECK:         }
// CHECK-NEXT:    tile.async_commit
// CHECK-NEXT:    tile.async_wait 1
// CHECK-NEXT:    tile.rotate_rows
// CHECK-NEXT:    tile.barrier
// CHECK-NEXT:    scf.for
// CHECK-LABEL: gpu.func @read_early_of_stages(
// CHECK-COUNT-3: tile.async_commit
// CHECK-NEXT:    tile.async_wait 2
// CHECK-NEXT:    tile.rotate_rows
gpu.func @read_early(%q: !g, %k: !g, %v: !g, %f: memref<1x8xf32>, %n: i32) kernel
    attributes {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 1>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %qs = tile.alloc : !s
  %ks = tile.alloc : !s
  %vs = tile.alloc : !s
  tile.copy %q[%zero] to %qs : !g to !s
  tile.rotate_rows %qs rows(%zero to %n) by %f[%zero] {width = 16 : i64} : !s by memref<1x8xf32>
  tile.barrier
  scf.for %t = %zero to %n step %one : i32 {
    tile.copy %k[%t] to %ks : !g to !s
    "test.use_key"(%qs, %ks) : (!s, !s) -> ()
    tile.copy %v[%t] to %vs : !g to !s
    "test.use_value"(%vs) : (!s) -> ()
  }
  gpu.return
}
gpu.func @read_early_of_stages(%q: !g, %k: !g, %f: memref<1x8xf32>, %n: i32) kernel
    attributes {tile.schedule = #tile.schedule<m = 16, n = 16, warps = 1, stages = 3>} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %qs = tile.alloc : !s
  %ks = tile.alloc : !s
  tile.copy %q[%zero] to %qs : !g to !s
  tile.rotate_rows %qs rows(%zero to %n) by %f[%zero] {width = 16 : i64} : !s by memref<1x8xf32>
  tile.barrier
  scf.for %t = %zero to %n step %one : i32 {
    tile.copy %k[%t] to %ks : !g to !s
    "test.use_key"(%qs, %ks) : (!s, !s) -> ()
  }
  gpu.return
}
}
