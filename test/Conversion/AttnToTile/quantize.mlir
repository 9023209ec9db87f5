// RUN: attn-opt %s --attn-to-tile --canonicalize --cse -split-input-file -verify-diagnostics | FileCheck %s

!x = memref<?x8x?x128xbf16, strided<[?, ?, ?, 1], offset: ?>>
!q = memref<?x8x?x128xf8E4M3FN, strided<[?, ?, ?, 1], offset: ?>>
!s = memref<?x8x?xf32, strided<[?, ?, 1], offset: ?>>

// 256 threads hold 16 rows at a time, 16 threads a row. Eight loads come first, then the
// transform: three steps in a thread, four between lanes.
// CHECK:       gpu.func @blocks_0(%[[X:[^:]+]]: memref{{.*}}, %[[Q:[^:]+]]: memref{{.*}}, %[[S:[^:]+]]: memref{{.*}}) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
// CHECK-COUNT-8: tile.load_values %[[X]][{{.*}} to bf16, bf16, bf16, bf16, bf16, bf16, bf16, bf16
// CHECK-NOT:     tile.load_values
// CHECK:         arith.xori
// CHECK-COUNT-64: tile.exchange_lanes %{{.*}}, 1
// CHECK-COUNT-64: tile.exchange_lanes %{{.*}}, 2
// CHECK-COUNT-64: tile.exchange_lanes %{{.*}}, 4
// CHECK-COUNT-64: tile.exchange_lanes %{{.*}}, 8
// CHECK-NOT:     tile.exchange_lanes
// CHECK:         %[[BITS:.*]] = tile.reduce_threads largest
// CHECK:         arith.bitcast %[[BITS]] : i32 to f32
// CHECK:         scf.if
// CHECK-NEXT:      tile.store_values %{{.*}} to %[[S]]
// CHECK-COUNT-8: tile.store_values %{{.*}} to %[[Q]][{{.*}} {alignment = 8 : i64}
// CHECK:         gpu.return
// CHECK-LABEL: func.func @blocks(
// CHECK:         attn.require {{.*}} "blocks in scales of attn.quantize"
// CHECK:         gpu.launch_func @blocks_kernels::@blocks_0 blocks in (%{{.*}}, %c1, %c1) threads in (%c256, %c1, %c1)
func.func @blocks(%x: !x, %q: !q, %s: !s) {
  attn.quantize input(%x : !x) outs(%q, %s : !q, !s)
      {block = 128 : i64, hadamard_seed = 1 : i64}
  return
}

// -----

!x = memref<1x1x?x256xf16, strided<[?, ?, ?, 1], offset: ?>>
!q = memref<1x1x?x256xf8E4M3FN, strided<[?, ?, ?, 1], offset: ?>>
!s = memref<1x1x?xf32, strided<[?, ?, 1], offset: ?>>

func.func @too_large(%x: !x, %q: !q, %s: !s) {
  // expected-error @below {{expected a smaller block or head_dim: a kernel holds at most 131072 elements of a block in its registers, but got 1024 rows of 256}}
  attn.quantize input(%x : !x) outs(%q, %s : !q, !s) {block = 1024 : i64}
  return
}

// -----

!x = memref<?x8x?x64xf16, strided<[?, ?, ?, 1], offset: ?>>
!q = memref<?x8x?x64xf8E5M2, strided<[?, ?, ?, 1], offset: ?>>
!s = memref<?x8xf32, strided<[?, 1], offset: ?>>

// The first pass leaves a number for each block of 64 rows, the second one reads those of
// its head.
// CHECK:       gpu.func @head_0_maxima(%{{.*}}: memref<?x8x?x64xf16, {{.*}}>, %[[M:[^:]+]]: memref<?xi32>)
// CHECK:         tile.reduce_threads largest
// CHECK:         memref.store %{{.*}}, %[[M]][%{{.*}}] : memref<?xi32>
// CHECK:       gpu.func @head_0(%{{.*}}: memref<?x8x?x64xf16, {{.*}}>, %{{.*}}: memref<?x8x?x64xf8E5M2, {{.*}}>, %[[S:[^:]+]]: memref<?x8xf32, {{.*}}>, %[[M:[^:]+]]: memref<?xi32>)
// CHECK:         scf.for
// CHECK:           tile.load_constant %[[M]]
// CHECK:           arith.maxsi
// CHECK:         tile.reduce_threads largest
// CHECK:         tile.store_values %{{.*}} to %[[S]][%{{.*}}, %{{.*}}]
// CHECK-LABEL: func.func @head(
// CHECK:         attn.workspace
// CHECK:         gpu.launch_func @head_kernels::@head_0_maxima
// CHECK:         gpu.launch_func @head_kernels::@head_0 blocks
func.func @head(%x: !x, %q: !q, %s: !s) {
  attn.quantize input(%x : !x) outs(%q, %s : !q, !s)
  return
}

// -----

!x = memref<?x8x?x128xbf16, strided<[?, ?, ?, 1], offset: ?>>
!q = memref<?x8x?x128x64xf8E4M3FN, strided<[?, ?, ?, ?, 1], offset: ?>>
!s = memref<?x8x?xf32, strided<[?, ?, 1], offset: ?>>

// In transposed blocks a thread has four rows at a time, the first two and the two eight
// further on, and stores a word of each of its columns.
// CHECK-LABEL: gpu.func @transposed_0(
// CHECK-SAME:    %[[X:[^:]+]]: memref{{.*}}, %[[Q:[^:]+]]: memref{{.*}}, %[[S:[^:]+]]: memref{{.*}}) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
// CHECK:         tile.load_values %[[X]][%{{[^,]*}}, %{{[^,]*}}, %[[ROW:.*]], %
// CHECK:         %[[ROW1:.*]] = arith.addi %[[ROW]], %c1_i32
// CHECK:         tile.load_values %[[X]][%{{[^,]*}}, %{{[^,]*}}, %[[ROW1]], %
// CHECK:         %[[ROW8:.*]] = arith.addi %[[ROW]], %c8_i32
// CHECK:         tile.load_values %[[X]][%{{[^,]*}}, %{{[^,]*}}, %[[ROW8]], %
// CHECK:         arith.addi %[[ROW]], %c9_i32
// CHECK-COUNT-5: tile.load_values %[[X]]
// CHECK-NOT:     tile.load_values
// CHECK:         tile.reduce_threads largest
// CHECK-COUNT-16: tile.store_values %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} to %[[Q]][{{.*}} {alignment = 4 : i64}
// CHECK-NOT:     tile.store_values
// CHECK-LABEL: func.func @transposed(
// CHECK:         attn.require {{.*}} "transposed blocks in out of attn.quantize"
// CHECK:         attn.require {{.*}} "blocks in scales of attn.quantize"
func.func @transposed(%x: !x, %q: !q, %s: !s) {
  attn.quantize input(%x : !x) outs(%q, %s : !q, !s) {block = 128 : i64}
  return
}

// -----

!x = memref<?x8x?x128xbf16, strided<[?, ?, ?, 1], offset: ?>>
!q = memref<?x8x?x128x64xf8E4M3FN, strided<[?, ?, ?, ?, 1], offset: ?>>
!s = memref<?x8x?xf32, strided<[?, ?, 1], offset: ?>>

func.func @across_groups(%x: !x, %q: !q, %s: !s) {
  // expected-error @below {{expected a block that is a multiple of 16 rows with an out in transposed blocks, but got 40}}
  attn.quantize input(%x : !x) outs(%q, %s : !q, !s) {block = 40 : i64}
  return
}
