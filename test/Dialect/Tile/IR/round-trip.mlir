// RUN: attn-opt %s | attn-opt | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s
// RUN: attn-opt %s --emit-bytecode | attn-opt | FileCheck %s

!acc = tensor<32x16xf32, #tile.accumulator<warps = 2>>
!rows = tensor<32xf32, #tile.rows<warps = 2>>
!partial = tensor<32xf32, #tile.rows<warps = 2, partial = true>>
!columns = tensor<16xf32, #tile.columns<warps = 2>>
!a = tensor<32x16xf16, #tile.operand_a<warps = 2>>
!smem = memref<32x16xf16, #tile.swizzle<32>, #gpu.address_space<workgroup>>
!b = memref<16x16xf16, #tile.swizzle<32>, #gpu.address_space<workgroup>>
!global = memref<?x16xf16, strided<[?, 1], offset: ?>>

// A default is not printed: partial = false, order = source.
// CHECK-LABEL: func.func @attributes(
// CHECK-SAME:    tensor<32xf32, #tile.rows<warps = 2>>
// CHECK-SAME:    #tile.schedule<m = 128, n = 64, warps = 4, stages = 1>
// CHECK-SAME:    #tile.schedule<m = 64, n = 32, warps = 2, stages = 3, order = pressure>
func.func @attributes(%r: tensor<32xf32, #tile.rows<warps = 2, partial = false>>) attributes {
    tile.a = #tile.schedule<m = 128, n = 64, warps = 4, stages = 1, order = source>,
    tile.b = #tile.schedule<m = 64, n = 32, warps = 2, stages = 3, order = pressure>} {
  return
}

// CHECK-LABEL: func.func @dot(
func.func @dot(%a: !a, %sa: !smem, %b: !b, %c: !acc) {
  // CHECK: tile.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<32x16xf16, #tile.operand_a<warps = 2>>, memref<16x16xf16, #tile.swizzle<32>, #gpu.address_space<workgroup>>, tensor<32x16xf32, #tile.accumulator<warps = 2>>
  %0 = tile.dot %a, %b, %c : !a, !b, !acc
  // CHECK: tile.dot %{{.*}}, %{{.*}} transposed, %{{.*}} : memref<32x16xf16,
  %1 = tile.dot %sa, %b transposed, %0 : !smem, !b, !acc
  return
}

!both = memref<32x16xf16, #tile.swizzle<32>, #gpu.address_space<workgroup>>

// Two products in one op, sums of halves, and where a warp's rows are.
// CHECK-LABEL: func.func @halves(
func.func @halves(%sa: !smem, %b: !both, %c: !acc) -> i32 {
  // CHECK: tile.dot %{{.*}}, %{{.*}} transposed, %[[C:.*]] {batches = 2 : i64} : memref<32x16xf16,
  %0 = tile.dot %sa, %b transposed, %c {batches = 2} : !smem, !both, !acc
  // CHECK: tile.sum_halves %{{.*}} through %{{.*}} : tensor<32x16xf32, #tile.accumulator<warps = 2>>, memref<32x16xf16,
  %1 = tile.sum_halves %0 through %sa : !acc, !smem
  // CHECK: tile.row_group 2
  %2 = tile.row_group 2
  return %2 : i32
}

// CHECK-LABEL: func.func @rows_and_columns(
func.func @rows_and_columns(%t: !acc, %r: !rows, %p: !partial, %c: !columns, %x: f32, %i: i32,
                            %g: tensor<32xf32, #tile.rows<warps = 2, groups = 2>>,
                            %buffer: memref<2x32xf32, #tile.swizzle<128>>) {
  // CHECK: tile.reduce max %{{.*}}, %{{.*}} : tensor<32x16xf32, #tile.accumulator<warps = 2>>, tensor<32xf32, #tile.rows<warps = 2>>
  %0 = tile.reduce max %t, %r : !acc, !rows
  // CHECK: tile.reduce add %{{.*}}, %{{.*}} : {{.*}}, tensor<32xf32, #tile.rows<warps = 2, partial = true>>
  %1 = tile.reduce add %t, %p : !acc, !partial
  // CHECK: tile.scan %{{.*}}, %{{.*}} : tensor<32x16xf32, #tile.accumulator<warps = 2>>, tensor<32xf32, #tile.rows<warps = 2>>
  %s, %all = tile.scan %t, %r : !acc, !rows
  // CHECK: tile.total %{{.*}} : tensor<32xf32, #tile.rows<warps = 2, partial = true>> to tensor<32xf32, #tile.rows<warps = 2>>
  %2 = tile.total %p : !partial to !rows
  // CHECK: tile.combine add %{{.*}} through %{{.*}} : tensor<32xf32, #tile.rows<warps = 2, groups = 2>>, memref<2x32xf32, #tile.swizzle<128>>
  %both = tile.combine add %g through %buffer : tensor<32xf32, #tile.rows<warps = 2, groups = 2>>, memref<2x32xf32, #tile.swizzle<128>>
  // CHECK: tile.broadcast %{{.*}} : f32 to tensor<32x16xf32, #tile.accumulator<warps = 2>>
  %3 = tile.broadcast %x : f32 to !acc
  // CHECK: tile.broadcast %{{.*}} : tensor<32xf32, #tile.rows<warps = 2>> to tensor<32x16xf32
  %4 = tile.broadcast %r : !rows to !acc
  // CHECK: tile.broadcast %{{.*}} : tensor<32xf32, #tile.rows<warps = 2>> to tensor<32xf32, #tile.rows<warps = 2, partial = true>>
  %5 = tile.broadcast %r : !rows to !partial
  // CHECK: tile.broadcast %{{.*}} : tensor<16xf32, #tile.columns<warps = 2>> to tensor<32x16xf32
  %6 = tile.broadcast %c : !columns to !acc
  // CHECK: tile.index %{{.*}} : tensor<32xi32, #tile.rows<warps = 2>>
  %7 = tile.index %i : tensor<32xi32, #tile.rows<warps = 2>>
  // CHECK: tile.index %{{.*}} : tensor<16xi32, #tile.columns<warps = 2>>
  %8 = tile.index %i : tensor<16xi32, #tile.columns<warps = 2>>
  // CHECK: tile.convert %{{.*}} : tensor<32x16xf32, #tile.accumulator<warps = 2>> to tensor<32x16xf16, #tile.operand_a<warps = 2>>
  %9 = tile.convert %t : !acc to !a
  return
}

// CHECK-LABEL: func.func @shared(
func.func @shared(%t: !acc, %i: i32) {
  // CHECK: tile.alloc : memref<32x16xf16, #tile.swizzle<32>, #gpu.address_space<workgroup>>
  %0 = tile.alloc : !smem
  // CHECK: %[[RING:.*]] = tile.alloc {offset = 1024 : i64, slots = 3 : i64} : memref
  %1 = tile.alloc {offset = 1024 : i64, slots = 3 : i64} : !smem
  // CHECK: tile.slot %[[RING]][%{{.*}}] : memref
  %2 = tile.slot %1[%i] : !smem
  // CHECK: tile.store %{{.*}} to %{{.*}} : tensor<32x16xf32, #tile.accumulator<warps = 2>> to memref<32x16xf16,
  tile.store %t to %2 : !acc to !smem
  return
}

// CHECK-LABEL: func.func @global(
func.func @global(%g: !global, %l: memref<?xf32>, %s: !smem, %r: !rows, %row: i32, %c: i1) {
  // CHECK: tile.copy %{{.*}}[%{{.*}}] to %{{.*}} : memref<?x16xf16, strided<[?, 1], offset: ?>> to memref<32x16xf16,
  tile.copy %g[%row] to %s : !global to !smem
  // CHECK: tile.copy %{{.*}}[%{{.*}}] to %{{.*}} in_bounds %{{.*}} {alignment = 4 : i64} :
  tile.copy %g[%row] to %s in_bounds %c {alignment = 4 : i64} : !global to !smem
  // CHECK: tile.copy_async %{{.*}}[%{{.*}}] to %{{.*}} in_bounds %{{.*}} :
  tile.copy_async %g[%row] to %s in_bounds %c : !global to !smem
  // CHECK: tile.copy %{{.*}}[%{{.*}}] and %{{.*}} to %{{.*}} : memref<?x16xf16, {{.*}}> and memref<?x16xf16, {{.*}}> to memref<32x16xf16,
  tile.copy %g[%row] and %g to %s : !global and !global to !smem
  // CHECK: tile.copy_async %{{.*}}[%{{.*}}] and %{{.*}} to %{{.*}} in_bounds %{{.*}} :
  tile.copy_async %g[%row] and %g to %s in_bounds %c : !global and !global to !smem
  // CHECK: tile.copy_out %{{.*}} to %{{.*}}[%{{.*}}] : memref<32x16xf16, {{.*}}> to memref<?x16xf16, strided<[?, 1], offset: ?>>
  tile.copy_out %s to %g[%row] : !smem to !global
  // CHECK: tile.store_rows %{{.*}} to %{{.*}}[%{{.*}}] : tensor<32xf32, #tile.rows<warps = 2>> to memref<?xf32>
  tile.store_rows %r to %l[%row] : !rows to memref<?xf32>
  return
}

// CHECK-LABEL: func.func @gather(
func.func @gather(%v: memref<?x?xf32>, %row: i32) {
  %i = tile.index %row : tensor<32xi32, #tile.rows<warps = 2>>
  // CHECK: tile.gather %{{.*}}[%{{.*}}, %{{.*}}] : memref<?x?xf32>, i32, tensor<32xi32, #tile.rows<warps = 2>> to tensor<32xf32, #tile.rows<warps = 2>>
  %0 = tile.gather %v[%row, %i] : memref<?x?xf32>, i32, tensor<32xi32, #tile.rows<warps = 2>> to !rows
  return
}

// CHECK-LABEL: func.func @synchronization()
func.func @synchronization() {
  // CHECK-NEXT: tile.async_commit
  tile.async_commit
  // CHECK-NEXT: tile.async_wait 2
  tile.async_wait 2
  // CHECK-NEXT: tile.barrier
  tile.barrier
  return
}

!wide = memref<?x8x?x64xbf16, strided<[?, ?, ?, 1], offset: ?>>

// CHECK-LABEL: func.func @values(
func.func @values(%g: !wide, %i: i32) {
  // CHECK: %[[V:.*]]:4 = tile.load_values %{{.*}}[%{{.*}}] {alignment = 8 : i64} : memref<{{.*}}> to bf16, bf16, bf16, bf16
  %v:4 = tile.load_values %g[%i, %i, %i, %i] {alignment = 8} : !wide to bf16, bf16, bf16, bf16
  // CHECK: tile.store_values %[[V]]#0, %[[V]]#1 to %{{.*}}[%{{.*}}] : bf16, bf16 to memref
  tile.store_values %v#0, %v#1 to %g[%i, %i, %i, %i] : bf16, bf16 to !wide
  %x = arith.extf %v#0 : bf16 to f32
  // CHECK: tile.store_values %{{.*}} to %{{.*}}[%{{.*}}] : f32 to memref
  tile.store_values %x to %g[%i, %i, %i, %i] : f32 to !wide
  return
}

// CHECK-LABEL: func.func @rotate_rows(
func.func @rotate_rows(%t: memref<64x64xf16, #tile.swizzle<128>>, %f: memref<2x32xf32, 1>,
                       %c: memref<?x16xbf16, strided<[?, 1], offset: ?>>,
                       %p: memref<?xi64, strided<[?], offset: ?>>, %i: i32, %n: i32) {
  // CHECK: tile.rotate_rows %{{.*}} rows(%[[I:.*]] to %[[N:.*]]) by %{{.*}}[%[[I]]] offset %[[N]] {magnitude = 1.250000e+00 : f32, width = 64 : i64} : memref<64x64xf16, #tile.swizzle<128>> by memref<2x32xf32, 1>
  tile.rotate_rows %t rows(%i to %n) by %f[%i] offset %n
    {width = 64 : i64, magnitude = 1.25 : f32}
    : memref<64x64xf16, #tile.swizzle<128>> by memref<2x32xf32, 1>
  // CHECK: tile.rotate_rows %{{.*}} rows(%[[I]] to %[[N]]) by %[[C:.*]] and %[[C]] positions %{{.*}} interleaved {alignment = 4 : i64, width = 32 : i64} : memref<64x64xf16, #tile.swizzle<128>> by memref<?x16xbf16, {{.*}}> and memref<?x16xbf16, {{.*}}> positions memref<?xi64, {{.*}}>
  tile.rotate_rows %t rows(%i to %n) by %c and %c positions %p interleaved
    {width = 32 : i64, alignment = 4 : i64}
    : memref<64x64xf16, #tile.swizzle<128>> by memref<?x16xbf16, strided<[?, 1], offset: ?>>
      and memref<?x16xbf16, strided<[?, 1], offset: ?>> positions memref<?xi64, strided<[?], offset: ?>>
  return
}
