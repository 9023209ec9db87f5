// RUN: attn-opt %s --allow-unregistered-dialect --tile-allocate-smem -split-input-file | FileCheck %s

!s = memref<16x16xf16, #tile.swizzle<32>, #gpu.address_space<workgroup>>
!big = memref<64x16xf16, #tile.swizzle<32>, #gpu.address_space<workgroup>>

gpu.module @kernels {
// Live at the same time: side by side, each at a multiple of 1024 bytes.
// CHECK-LABEL: gpu.func @side_by_side(
// CHECK-SAME:    tile.shared_bytes = 1536 : i64
// CHECK:         tile.alloc {offset = 0 : i64}
// CHECK:         tile.alloc {offset = 1024 : i64}
// CHECK-NOT:     tile.barrier
gpu.func @side_by_side() kernel {
  %a = tile.alloc : !s
  %b = tile.alloc : !s
  "test.use"(%a) : (!s) -> ()
  "test.use"(%a, %b) : (!s, !s) -> ()
  gpu.return
}

// The second lives when the first is dead: one place, and all threads must be done
// with the first before anyone writes the second.
// CHECK-LABEL: gpu.func @one_after_the_other(
// CHECK-SAME:    tile.shared_bytes = 512 : i64
// CHECK:         tile.alloc {offset = 0 : i64}
// CHECK:         tile.alloc {offset = 0 : i64}
// CHECK:         "test.first"
// CHECK-NEXT:    tile.barrier
// CHECK-NEXT:    "test.second"
gpu.func @one_after_the_other() kernel {
  %a = tile.alloc : !s
  %b = tile.alloc : !s
  "test.first"(%a) : (!s) -> ()
  "test.second"(%b) : (!s) -> ()
  gpu.return
}

// An async_wait is a barrier as well: no second one.
// CHECK-LABEL: gpu.func @barrier_is_there(
// CHECK:         "test.first"
// CHECK-NEXT:    tile.async_wait 0
// CHECK-NEXT:    "test.second"
gpu.func @barrier_is_there() kernel {
  %a = tile.alloc : !s
  %b = tile.alloc : !s
  "test.first"(%a) : (!s) -> ()
  tile.async_wait 0
  "test.second"(%b) : (!s) -> ()
  gpu.return
}

// Uses in a loop are uses where the loop stands: a buffer that is read in it lives
// through all of it.
// CHECK-LABEL: gpu.func @loop(
// CHECK-SAME:    tile.shared_bytes = 1536 : i64
// CHECK:         tile.alloc {offset = 0 : i64}
// CHECK:         tile.alloc {offset = 1024 : i64}
// CHECK:         tile.alloc {offset = 0 : i64}
gpu.func @loop(%n: i32) kernel {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %a = tile.alloc : !s
  %b = tile.alloc : !s
  %c = tile.alloc : !s
  scf.for %t = %zero to %n step %one : i32 {
    "test.use"(%a) : (!s) -> ()
    "test.use"(%b) : (!s) -> ()
  }
  "test.use"(%c) : (!s) -> ()
  gpu.return
}

// A ring is live as long as any of its slots, and has room for all.
// CHECK-LABEL: gpu.func @ring(
// CHECK-SAME:    tile.shared_bytes = 2560 : i64
// CHECK:         tile.alloc {offset = 0 : i64, slots = 3 : i64}
// CHECK:         tile.alloc {offset = 2048 : i64}
gpu.func @ring(%i: i32) kernel {
  %a = tile.alloc {slots = 3 : i64} : !s
  %b = tile.alloc : !s
  %slot = tile.slot %a[%i] : !s
  "test.use"(%b) : (!s) -> ()
  "test.use"(%slot) : (!s) -> ()
  gpu.return
}

// A larger buffer takes the place of a smaller one only where all of it is free.
// CHECK-LABEL: gpu.func @larger(
// CHECK-SAME:    tile.shared_bytes = 4096 : i64
// CHECK:         tile.alloc {offset = 0 : i64} : memref<16x16
// CHECK:         tile.alloc {offset = 1024 : i64} : memref<16x16
// CHECK:         tile.alloc {offset = 2048 : i64} : memref<64x16
gpu.func @larger() kernel {
  %a = tile.alloc : !s
  %b = tile.alloc : !s
  %c = tile.alloc : !big
  "test.use"(%a, %b) : (!s, !s) -> ()
  "test.use"(%b, %c) : (!s, !big) -> ()
  gpu.return
}

// CHECK-LABEL: gpu.func @unused(
// CHECK-SAME:    tile.shared_bytes = 0 : i64
// CHECK-NOT:     tile.alloc
gpu.func @unused() kernel {
  %a = tile.alloc : !s
  gpu.return
}

// CHECK-LABEL: gpu.func @nothing(
// CHECK-NOT:     tile.shared_bytes
// CHECK:         gpu.return
gpu.func @nothing() kernel {
  gpu.return
}
}

// -----

!s = memref<16x16xf16, #tile.swizzle<32>, #gpu.address_space<workgroup>>

// The sum reaches the launch.
module attributes {gpu.container_module} {
gpu.module @kernels {
  gpu.func @f() kernel {
    %a = tile.alloc : !s
    "test.use"(%a) : (!s) -> ()
    gpu.return
  }
}
// CHECK-LABEL: func.func @host(
// CHECK:         %[[BYTES:.*]] = arith.constant 512 : i32
// CHECK:         gpu.launch_func @kernels::@f {{.*}} dynamic_shared_memory_size %[[BYTES]]
func.func @host(%n: index) {
  gpu.launch_func @kernels::@f blocks in (%n, %n, %n) threads in (%n, %n, %n)
  return
}
}
