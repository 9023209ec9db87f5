// RUN: attn-opt %s | attn-opt | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s

!acc = tensor<64x16xf32, #tile.accumulator<warps = 4>>
!mask = tensor<64x16xi1, #tile.accumulator<warps = 4>>
!rows = tensor<64xi32, #tile.rows<warps = 4>>
!a = tensor<64x16xf16, #tile.operand_a<warps = 4>>
!q = memref<64x16xf16, #tile.swizzle<32>>
!b = memref<16x16xf16, #tile.swizzle<32>>
!g = memref<?x?x16xf16, strided<[?, ?, 1], offset: ?>>

// CHECK-LABEL: func.func @schedule()
// CHECK-SAME:    #tile.schedule<m = 128, n = 176, warps = 8, stages = 2, consumers = 2, producer_registers = 24, consumer_registers = 240, weights = shared, overlap = true, ping_pong = true, rescale = before, threshold = 8, persistent = true, longest_first = true, cluster = 2>
func.func @schedule() attributes {tile.schedule = #tile.schedule<m = 128, n = 176,
    warps = 8, stages = 2, consumers = 2, producer_registers = 24, consumer_registers = 240,
    weights = shared, overlap = true, ping_pong = true, rescale = before, threshold = 8,
    persistent = true, longest_first = true, cluster = 2>} {
  return
}

// CHECK-LABEL: func.func @tensor_maps(
func.func @tensor_maps(%g: !g, %row: i32) {
  // CHECK: %[[M:.*]] = tile.encode_tensor_map %{{.*}} named "key" box[16, 16] swizzle 32 : memref<?x?x16xf16
  %m = tile.encode_tensor_map %g named "key" box [16, 16] swizzle 32 : !g
  %s = tile.alloc : !b
  %p = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<2>
  // CHECK: tile.copy_tensor %[[M]][%{{.*}}, %{{.*}}] to %{{.*}} : memref<16x16xf16
  tile.copy_tensor %m[%row, %row] to %s : !b
  // CHECK: tile.copy_tensor %[[M]][%{{.*}}] and %[[M]] to %{{.*}} : memref<16x16xf16
  tile.copy_tensor %m[%row] and %m to %s : !b
  // CHECK: tile.copy_tensor %[[M]][%{{.*}}] to %{{.*}} fills %{{.*}}[%{{.*}}] multicast evict "last" : memref<16x16xf16, #tile.swizzle<32>>, !tile.pipeline<2>
  tile.copy_tensor %m[%row] to %s fills %p[%row] multicast evict "last" : !b, !tile.pipeline<2>
  // CHECK: tile.copy_out_tensor %{{.*}} to %[[M]][%{{.*}}] : memref<16x16xf16
  tile.copy_out_tensor %s to %m[%row] : !b
  // CHECK: tile.copy_out_wait
  tile.copy_out_wait
  return
}

// CHECK-LABEL: func.func @pipeline(
func.func @pipeline(%n: i32) {
  // CHECK: %[[P:.*]] = tile.create_pipeline producers 128 consumers 8 {offset = 64 : i64} : <3>
  %p = tile.create_pipeline producers 128 consumers 8 {offset = 64 : i64} : !tile.pipeline<3>
  // CHECK: tile.pipeline_acquire %[[P]][%{{.*}}] : <3>
  tile.pipeline_acquire %p[%n] : !tile.pipeline<3>
  // CHECK: tile.pipeline_commit %[[P]][%{{.*}}] : <3>
  tile.pipeline_commit %p[%n] : !tile.pipeline<3>
  // CHECK: tile.pipeline_wait %[[P]][%{{.*}}] : <3>
  tile.pipeline_wait %p[%n] : !tile.pipeline<3>
  // CHECK: tile.pipeline_release %[[P]][%{{.*}}] : <3>
  tile.pipeline_release %p[%n] : !tile.pipeline<3>
  // CHECK: tile.pipeline_release %[[P]][%{{.*}}] multicast : <3>
  tile.pipeline_release %p[%n] multicast : !tile.pipeline<3>
  return
}

// CHECK-LABEL: func.func @products(
func.func @products(%q: !q, %b: !b, %a: !a) {
  // CHECK: %[[S:.*]] = tile.dot_async %{{.*}}, %{{.*}} transposed : memref<64x16xf16, {{.*}}>, memref<16x16xf16, {{.*}}> to tensor<64x16xf32
  %s = tile.dot_async %q, %b transposed : !q, !b to !acc
  // CHECK: %[[T:.*]] = tile.dot_async %{{.*}}, %{{.*}} onto %[[S]] : tensor<64x16xf32, {{.*}}> : tensor<64x16xf16
  %t = tile.dot_async %a, %b onto %s : !acc : !a, !b to !acc
  // CHECK: tile.dot_wait 1, %[[S]], %[[T]] : tensor<64x16xf32
  %w:2 = tile.dot_wait 1, %s, %t : !acc, !acc to !acc, !acc
  return
}

// CHECK-LABEL: func.func @roles(
func.func @roles(%n: i32, %s: !q, %limit: !rows) {
  // CHECK: tile.warp_specialize consumers 2 registers[24, 240] elected produce {
  tile.warp_specialize consumers 2 registers [24, 240] elected produce {
  // CHECK-NEXT: } consume {
  } consume {
    // CHECK-NEXT: tile.start_turns 2
    tile.start_turns 2
    // CHECK-NEXT: tile.take_turn 2
    tile.take_turn 2
    // CHECK-NEXT: tile.pass_turn 2
    tile.pass_turn 2
    // CHECK-NEXT: tile.uniform %{{.*}}
    %u = tile.uniform %n
    // CHECK-NEXT: tile.fence_async
    tile.fence_async
    // CHECK-NEXT: tile.zero_rows %{{.*}}[%{{.*}}] : memref<64x16xf16
    tile.zero_rows %s[%n] : !q
    // CHECK-NEXT: tile.alias %{{.*}} : memref<64x16xf16, {{.*}}> to memref<64x16xf16
    %v = tile.alias %s : !q to !q
    // CHECK-NEXT: %[[C:.*]] = tile.compare_columns at_most %{{.*}} : tensor<64xi32, {{.*}}> to tensor<64x16xi1
    %c = tile.compare_columns at_most %limit : !rows to !mask
    // CHECK-NEXT: tile.compare_columns at_least %{{.*}} : i32 to tensor<64x16xi1
    %d = tile.compare_columns at_least %n : i32 to !mask
    // CHECK-NEXT: tile.any %[[C]] : tensor<64x16xi1
    %e = tile.any %c : !mask
  }
  return
}
