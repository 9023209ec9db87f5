// RUN: attn-opt %s --attn-to-tile=rotary=fused --canonicalize --cse -split-input-file | FileCheck %s
// RUN: not attn-opt %s --attn-to-tile=rotary=late -split-input-file 2>&1 | FileCheck %s --check-prefix=RULE
// RULE: expected rotary=auto, before or fused, but got late

!t = memref<?x4x?x64xf16, strided<[?, ?, ?, 1], offset: ?>>
!d = memref<?x4x?x64xf16>
#schedule = #tile.schedule<m = 64, n = 64, warps = 4, stages = 1>

// Each tile is rotated where it has arrived: the query last of all before the walk, so that the
// first keys are under way. Nothing is left of the workspace.
// CHECK:       memref.global "private" constant @rotary_frequencies : memref<1x32xf32, 1>
// CHECK-NOT:   memref.global
// CHECK:       gpu.func @both_0(%[[Q:[^:]+]]: memref{{.*}}, %[[PAST:[^ ]+]]: index)
// CHECK-DAG:     %[[P:.*]] = arith.index_cast %[[PAST]] : index to i32
// CHECK:         tile.copy %{{.*}}[%[[ROW:[0-9a-z_]+]]] to %[[QS:.*]] :
// CHECK:         tile.rotate_rows %[[QS]] rows(%[[ROW]] to %{{.*}}) by %{{.*}}[%c0_i32] offset %[[P]] {width = 64 : i64}
// CHECK-NEXT:    tile.barrier
// CHECK-NEXT:    scf.for
// CHECK:           tile.copy %{{.*}}[%[[KEY:[0-9a-z_]+]]] to %[[KS:.*]] in_bounds
// CHECK-NEXT:      tile.rotate_rows %[[KS]] rows(%[[KEY]] to %{{.*}}) by %{{.*}}[%c0_i32] interleaved {width = 64 : i64}
// CHECK-NEXT:      tile.barrier
// CHECK-NEXT:      tile.dot %[[QS]], %[[KS]] transposed
// CHECK-LABEL: func.func @both(
// CHECK-NOT:     attn.workspace
// CHECK-NOT:     "num_heads in input and out of attn.rotary"
// CHECK:         gpu.launch_func @both_kernels::@both_0
// CHECK-NOT:     gpu.launch_func
// CHECK:         return
func.func @both(%q: !t, %k: !t, %v: !t, %o: !t, %past: index, %b: index, %n: index) {
  %c0 = arith.constant 0 : index
  %wq = attn.workspace %n : memref<?xi8>
  %wk = attn.workspace %n : memref<?xi8>
  %r = memref.view %wq[%c0][%b, %n] : memref<?xi8> to !d
  %s = memref.view %wk[%c0][%b, %n] : memref<?xi8> to !d
  attn.rotary input(%q : !t) offset(%past) outs(%r : !d)
  attn.rotary input(%k : !t) outs(%s : !d) interleaved
  attn.attention query(%r : !d) key(%s : !d) value(%v : !t) outs(%o : !t)
    {tile.schedule = #schedule}
  return
}

// -----

!t = memref<2x4x16x64xbf16, strided<[?, ?, ?, 1], offset: ?>>
!d = memref<2x4x16x64xbf16>
!p = memref<2x16xi64, strided<[?, ?]>>
!c = memref<64x12xf32, strided<[?, ?]>>
#schedule = #tile.schedule<m = 64, n = 64, warps = 4, stages = 1>

// Positions of the block's batch, and tables. They are checked as for a kernel before.
// CHECK:       gpu.func @tables_0(
// CHECK:         %[[P:.*]] = memref.subview %{{.*}}[%{{.*}}, 0] [1, 16] [1, 1] : memref<2x16xi64, {{.*}}> to memref<16xi64,
// CHECK:         tile.rotate_rows %{{.*}} rows({{.*}}) by %{{.*}} and %{{.*}} positions %[[P]] {width = 24 : i64}
// CHECK-LABEL: func.func @tables(
// CHECK:         attn.require {{.*}} "innermost stride of positions"
// CHECK:         attn.require {{.*}} of cos
func.func @tables(%q: !t, %k: !t, %v: !t, %o: !t, %p: !p, %c: !c, %n: index) {
  %c0 = arith.constant 0 : index
  %w = attn.workspace %n : memref<?xi8>
  %r = memref.view %w[%c0][] : memref<?xi8> to !d
  attn.rotary input(%q : !t) positions(%p : !p) cos(%c : !c) sin(%c : !c) outs(%r : !d)
    {rotary_dim = 24}
  attn.attention query(%r : !d) key(%k : !t) value(%v : !t) outs(%o : !t)
    {tile.schedule = #schedule}
  return
}

// -----

!t = memref<1x4x16x64xf16, strided<[?, ?, ?, 1], offset: ?>>
!d = memref<1x4x16x64xf16>
#schedule = #tile.schedule<m = 64, n = 64, warps = 4, stages = 1>

// A part of what is rotated, what another op needs, what the caller gets, what is written before attention reads it, and a
// key whose value is what is rotated: a kernel before.
// CHECK-LABEL: func.func @part(
// CHECK-COUNT-2: gpu.launch_func
// CHECK-LABEL: func.func @shared(
// CHECK-COUNT-3: gpu.launch_func
// CHECK-LABEL: func.func @returned(
// CHECK-COUNT-2: gpu.launch_func
// CHECK-LABEL: func.func @overwritten(
// CHECK-COUNT-3: gpu.launch_func
// CHECK-LABEL: func.func @in_place(
// CHECK-COUNT-2: gpu.launch_func
// CHECK-LABEL: func.func @value(
// CHECK-COUNT-2: gpu.launch_func
func.func @part(%q: memref<1x8x16x64xf16, strided<[?, ?, ?, 1], offset: ?>>, %k: !t, %o: !t,
                %n: index) {
  %c0 = arith.constant 0 : index
  %w = attn.workspace %n : memref<?xi8>
  %r = memref.view %w[%c0][] : memref<?xi8> to memref<1x8x16x64xf16>
  attn.rotary input(%q : memref<1x8x16x64xf16, strided<[?, ?, ?, 1], offset: ?>>)
    outs(%r : memref<1x8x16x64xf16>)
  %p = memref.subview %r[0, 4, 0, 0] [1, 4, 16, 64] [1, 1, 1, 1] : memref<1x8x16x64xf16>
    to memref<1x4x16x64xf16, strided<[8192, 1024, 64, 1], offset: 4096>>
  attn.attention query(%p : memref<1x4x16x64xf16, strided<[8192, 1024, 64, 1], offset: 4096>>)
    key(%k : !t) value(%k : !t) outs(%o : !t) {tile.schedule = #schedule}
  return
}
func.func @shared(%q: !t, %k: !t, %o: !t, %u: !t, %n: index) {
  %c0 = arith.constant 0 : index
  %w = attn.workspace %n : memref<?xi8>
  %r = memref.view %w[%c0][] : memref<?xi8> to !d
  attn.rotary input(%q : !t) outs(%r : !d)
  attn.attention query(%r : !d) key(%k : !t) value(%k : !t) outs(%o : !t)
    {tile.schedule = #schedule}
  attn.attention query(%r : !d) key(%k : !t) value(%k : !t) outs(%u : !t)
    {tile.schedule = #schedule}
  return
}
func.func @returned(%q: !t, %r: !t, %k: !t, %o: !t) {
  attn.rotary input(%q : !t) outs(%r : !t)
  attn.attention query(%r : !t) key(%k : !t) value(%k : !t) outs(%o : !t)
    {tile.schedule = #schedule}
  return
}
func.func @overwritten(%q: !t, %k: !t, %o: !t, %n: index) {
  %c0 = arith.constant 0 : index
  %w = attn.workspace %n : memref<?xi8>
  %r = memref.view %w[%c0][] : memref<?xi8> to !d
  attn.rotary input(%q : !t) outs(%r : !d)
  attn.rotary input(%k : !t) outs(%q : !t)
  attn.attention query(%r : !d) key(%k : !t) value(%k : !t) outs(%o : !t)
    {tile.schedule = #schedule}
  return
}
func.func @in_place(%q: !t, %k: !t, %n: index) {
  %c0 = arith.constant 0 : index
  %w = attn.workspace %n : memref<?xi8>
  %r = memref.view %w[%c0][] : memref<?xi8> to !d
  attn.rotary input(%q : !t) outs(%r : !d)
  attn.attention query(%r : !d) key(%k : !t) value(%k : !t) outs(%q : !t)
    {tile.schedule = #schedule}
  return
}
func.func @value(%q: !t, %k: !t, %o: !t, %n: index) {
  %c0 = arith.constant 0 : index
  %w = attn.workspace %n : memref<?xi8>
  %s = memref.view %w[%c0][] : memref<?xi8> to !d
  attn.rotary input(%k : !t) outs(%s : !d)
  attn.attention query(%q : !t) key(%s : !d) value(%k : !t) outs(%o : !t)
    {tile.schedule = #schedule}
  return
}
