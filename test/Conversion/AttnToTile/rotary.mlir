// RUN: attn-opt %s --attn-to-tile --canonicalize --cse -split-input-file | FileCheck %s

!t = memref<?x8x?x128xf16, strided<[?, ?, ?, 1], offset: ?>>

// Halves of 64 elements are 8 pieces of 16 bytes. Loads of four heads come first, then
// the angles, which all of them share, then the stores.
// CHECK:       gpu.module @halves_kernels {
// CHECK:         memref.global "private" constant @rotary_frequencies : memref<1x64xf32, 1>
// CHECK:         gpu.func @halves_0(%[[X:[^:]+]]: memref{{.*}}, %[[O:[^:]+]]: memref{{.*}}, %[[PAST:[^:]+]]: index) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
// CHECK:           %[[ROW:.*]] = arith.divui %[[NUMBER:.*]], %c8_i32
// CHECK:           %[[PIECE:.*]] = arith.remui %[[NUMBER]], %c8_i32
// CHECK:           scf.if
// CHECK:             %[[LOW:.*]] = arith.muli %[[PIECE]], %c8_i32
// CHECK:             %[[HIGH:.*]] = arith.addi %[[LOW]], %c64_i32
// CHECK:             tile.load_values %[[X]][%[[B:.*]], %[[H:.*]], %[[ROW]], %[[LOW]]] {{.*}} to f16, f16, f16, f16, f16, f16, f16, f16
// CHECK:             tile.load_values %[[X]][%[[B]], %[[H]], %[[ROW]], %[[HIGH]]]
// CHECK-COUNT-6:     tile.load_values %[[X]]
// CHECK-NOT:         tile.load_values %[[X]]
// CHECK:             tile.load_values %{{.*}}[%c0_i32, %[[LOW]]] : memref<1x64xf32, 1> to f32,
// CHECK-COUNT-8:     math.sincos
// CHECK-NOT:         math.sincos
// CHECK-COUNT-8:     tile.store_values
// CHECK:           gpu.return
// CHECK-LABEL: func.func @halves(
// CHECK:         attn.require {{.*}} "largest length of attn.rotary"
// CHECK:         gpu.launch_func @halves_kernels::@halves_0 blocks in (%{{.*}}, %c1, %c1) threads in (%c128, %c1, %c1)
func.func @halves(%x: !t, %o: !t, %past: index) {
  attn.rotary input(%x : !t) offset(%past) outs(%o : !t)
  return
}

// -----

!t = memref<2x?x16x40xbf16, strided<[?, ?, ?, 1], offset: ?>>

// Three pieces of pairs of neighbours, two that are copied; a head may not exist.
// CHECK:         gpu.func @neighbours_0(
// CHECK:           arith.divui %{{.*}}, %c5_i32
// CHECK:           %[[ROTATED:.*]] = arith.cmpi slt, %{{.*}}, %c3_i32
// CHECK:           scf.if %[[ROTATED]] {
// CHECK:             scf.if %{{.*}} -> (bf16, bf16, bf16, bf16, bf16, bf16, bf16, bf16) {
// CHECK:             memref.load %{{.*}}[%{{.*}}, %{{.*}}] : memref<2x16xi32
// CHECK:             tile.load_values %{{.*}} {alignment = 8 : i64} : memref<64x12xbf16, {{.*}}> to bf16, bf16, bf16, bf16
// CHECK-NOT:         math.sincos
// CHECK:           } else {
// CHECK:             arith.addi %{{.*}}, %c24_i32
// CHECK-LABEL: func.func @neighbours(
// CHECK:         attn.require {{.*}} "innermost stride of positions"
// CHECK:         attn.require {{.*}} "stride of dimension 0 of cos modulo 4 elements
func.func @neighbours(%x: !t, %o: !t, %p: memref<2x16xi32, strided<[?, ?]>>,
                      %c: memref<64x12xbf16, strided<[?, ?]>>) {
  attn.rotary input(%x : !t) positions(%p : memref<2x16xi32, strided<[?, ?]>>)
    cos(%c : memref<64x12xbf16, strided<[?, ?]>>) sin(%c : memref<64x12xbf16, strided<[?, ?]>>)
    outs(%o : !t) interleaved {rotary_dim = 24}
  return
}

// -----

!t = memref<1x4x16x64xf16, strided<[?, ?, ?, 1], offset: ?>>
#schedule = #tile.schedule<m = 64, n = 64, warps = 4, stages = 1>

// Query and key are rotated in one launch: its blocks are those of the query, then those
// of the key, which has the same frequencies. All checks come before the first launch.
// CHECK:         memref.global "private" constant @rotary_frequencies :
// CHECK-NOT:     memref.global
// CHECK:         gpu.func @before_attention_0(
// CHECK:           %[[MINE:.*]] = arith.cmpi slt, %[[NUMBER:.*]], %c1_i32
// CHECK:           scf.if %[[MINE]] {
// CHECK:           } else {
// CHECK:             arith.subi %[[NUMBER]], %c1_i32
// CHECK-LABEL: func.func @before_attention(
// CHECK:         attn.require {{.*}}of input
// CHECK:         attn.require {{.*}}of key
// CHECK:         gpu.launch_func @before_attention_kernels::@before_attention_0
// CHECK-NOT:     attn.require
// CHECK:         gpu.launch_func @before_attention_kernels::@before_attention_1
// CHECK-NEXT:    return
func.func @before_attention(%q: !t, %r: !t, %k: !t, %s: !t, %o: !t) {
  attn.rotary input(%q : !t) outs(%r : !t)
  attn.rotary input(%k : !t) outs(%s : !t)
  attn.attention query(%r : !t) key(%s : !t) value(%k : !t) outs(%o : !t)
    {tile.schedule = #schedule}
  return
}

// -----

!t = memref<1x4x16x64xf16, strided<[?, ?, ?, 1], offset: ?>>

// The second rotation reads what the first one writes, the third one writes what the
// second one reads.
// CHECK-LABEL: func.func @one_after_the_other(
// CHECK:         gpu.launch_func @one_after_the_other_kernels::@one_after_the_other_0
// CHECK:         gpu.launch_func @one_after_the_other_kernels::@one_after_the_other_1
// CHECK:         gpu.launch_func @one_after_the_other_kernels::@one_after_the_other_2
func.func @one_after_the_other(%x: !t, %y: !t, %z: !t) {
  attn.rotary input(%x : !t) outs(%y : !t)
  %c = memref.cast %y : !t to memref<?x4x16x64xf16, strided<[?, ?, ?, 1], offset: ?>>
  %d = memref.cast %c : memref<?x4x16x64xf16, strided<[?, ?, ?, 1], offset: ?>> to !t
  attn.rotary input(%d : !t) outs(%z : !t)
  attn.rotary input(%x : !t) outs(%y : !t)
  return
}
