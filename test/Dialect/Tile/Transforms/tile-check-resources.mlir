// RUN: attn-opt %s --allow-unregistered-dialect \
// RUN:   --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-check-resources)))" | FileCheck %s

#limit = #tile.schedule<m = 512, n = 16, warps = 32, stages = 1>

gpu.module @kernels {
// All of the chip's shared memory, all threads of a block.
// CHECK-LABEL: gpu.func @at_the_limits(
gpu.func @at_the_limits() kernel attributes {tile.schedule = #limit, tile.shared_bytes = 166912 : i64} {
  gpu.return
}

// Someone else's kernel is not judged.
// CHECK-LABEL: gpu.func @no_schedule(
gpu.func @no_schedule() kernel attributes {tile.shared_bytes = 1000000 : i64} {
  gpu.return
}
}
