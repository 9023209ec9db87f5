// RUN: attn-opt %s -verify-diagnostics -split-input-file

func.func @alloc_slots() {
  // expected-error @below {{expected at least one slot, but got 0}}
  %0 = tile.alloc {slots = 0 : i64} : memref<16x16xf16, #tile.swizzle<32>>
  return
}

// -----

func.func @alloc_offset_unit() {
  // expected-error @below {{expected an offset that is a multiple of 128 bytes, but got 64}}
  %0 = tile.alloc {offset = 64 : i64} : memref<16x16xf16, #tile.swizzle<32>>
  return
}

// -----

func.func @alloc_negative_offset() {
  // expected-error @below {{expected an offset of at least 0, but got -128}}
  %0 = tile.alloc {offset = -128 : i64} : memref<16x16xf16, #tile.swizzle<32>>
  return
}

// -----

func.func @alloc_rank() {
  // expected-error @below {{expected result to be a static rank 2 buffer with a swizzle, but got 'memref<f16>'}}
  %0 = tile.alloc : memref<f16>
  return
}

// -----

func.func @alloc_unranked() {
  // expected-error @below {{invalid kind of type specified: expected builtin.memref, but found 'memref<*xf16>'}}
  %0 = tile.alloc : memref<*xf16>
  return
}

// -----

func.func @alloc_swizzle() {
  // expected-error @below {{expected result to be a static rank 2 buffer with a swizzle, but got 'memref<16x16xf16>'}}
  %0 = tile.alloc : memref<16x16xf16>
  return
}

// -----

func.func @alloc_dynamic() {
  // expected-error @below {{expected result to be a static rank 2 buffer with a swizzle}}
  %0 = tile.alloc : memref<?x16xf16, #tile.swizzle<32>>
  return
}

// -----

func.func @alloc_empty() {
  // expected-error @below {{expected result to be a static rank 2 buffer with a swizzle}}
  %0 = tile.alloc : memref<0x16xf16, #tile.swizzle<32>>
  return
}

// -----

func.func @alloc_element() {
  // expected-error @below {{expected result to be a static rank 2 buffer with a swizzle}}
  %0 = tile.alloc : memref<16x16xindex, #tile.swizzle<32>>
  return
}

// -----

func.func @alloc_page() {
  // expected-error @below {{expected rows of result to be whole pages of 64 bytes, but got 'memref<16x16xf16, #tile.swizzle<64>>'}}
  %0 = tile.alloc : memref<16x16xf16, #tile.swizzle<64>>
  return
}

// -----

!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @copy_rank(%g: memref<f16>, %r: i32, %s: !s) {
  // expected-error @below {{expected a source of rank 2, not wider than the target, but got 'memref<f16>' to}}
  tile.copy %g[%r] to %s : memref<f16> to !s
  return
}

// -----

!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @copy_width(%g: memref<?x24xf16>, %r: i32, %s: !s) {
  // expected-error @below {{expected a source of rank 2, not wider than the target, but got}}
  tile.copy %g[%r] to %s : memref<?x24xf16> to !s
  return
}

// -----

!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @copy_dynamic_width(%g: memref<?x?xf16>, %r: i32, %s: !s) {
  // expected-error @below {{expected a source of rank 2, not wider than the target, but got}}
  tile.copy_async %g[%r] to %s : memref<?x?xf16> to !s
  return
}

// -----

!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @copy_element(%g: memref<?x16xbf16>, %r: i32, %s: !s) {
  // expected-error @below {{expected a source of rank 2, not wider than the target, but got}}
  tile.copy_async %g[%r] to %s : memref<?x16xbf16> to !s
  return
}

// -----

func.func @copy_target(%g: memref<?x16xf16>, %r: i32, %s: memref<16x16xf16>) {
  // expected-error @below {{expected target to be a static rank 2 buffer with a swizzle, but got 'memref<16x16xf16>'}}
  tile.copy %g[%r] to %s : memref<?x16xf16> to memref<16x16xf16>
  return
}

// -----

!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @copy_alignment(%g: memref<?x16xf16>, %r: i32, %s: !s) {
  // expected-error @below {{expected an alignment of 2, 4, 8 or 16 bytes, but got 3}}
  tile.copy %g[%r] to %s {alignment = 3 : i64} : memref<?x16xf16> to !s
  return
}

// -----

!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @copy_innermost_stride(%g: memref<?x16xf16, strided<[?, ?]>>, %r: i32, %s: !s) {
  // expected-error @below {{expected a source with innermost stride 1, but got}}
  tile.copy %g[%r] to %s : memref<?x16xf16, strided<[?, ?]>> to !s
  return
}

// -----

!s = memref<16x16xf16, #tile.swizzle<32>>

// The last chunk of a row would bring the next row's elements.
func.func @copy_chunks(%g: memref<?x12xf16>, %r: i32, %s: !s) {
  // expected-error @below {{expected rows of the source to be whole chunks of 16 bytes, but got 'memref<?x12xf16>'}}
  tile.copy %g[%r] to %s {alignment = 8 : i64} : memref<?x12xf16> to !s
  return
}

// -----

func.func @copy_out_source(%g: memref<?x16xf16>, %r: i32, %s: memref<16x16xf16>) {
  // expected-error @below {{expected source to be a static rank 2 buffer with a swizzle, but got 'memref<16x16xf16>'}}
  tile.copy_out %s to %g[%r] : memref<16x16xf16> to memref<?x16xf16>
  return
}

// -----

!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @copy_out_width(%g: memref<?x32xf16>, %r: i32, %s: !s) {
  // expected-error @below {{expected a target of rank 2, not wider than the source, but got}}
  tile.copy_out %s to %g[%r] : !s to memref<?x32xf16>
  return
}

// -----

!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @copy_out_chunks(%g: memref<?x12xf16>, %r: i32, %s: !s) {
  // expected-error @below {{expected rows of the target to be whole chunks of 16 bytes, but got}}
  tile.copy_out %s to %g[%r] : !s to memref<?x12xf16>
  return
}

// -----

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>
!s = memref<32x16xf16, #tile.swizzle<32>>

func.func @store_shape(%t: !acc, %s: !s) {
  // expected-error @below {{expected an accumulator of the target's shape, or with more rows, but got}}
  tile.store %t to %s : !acc to !s
  return
}

// -----

!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @store_without_layout(%t: tensor<16x16xf32>, %s: !s) {
  // expected-error @below {{expected an accumulator of the target's shape, or with more rows, but got 'tensor<16x16xf32>' to}}
  tile.store %t to %s : tensor<16x16xf32> to !s
  return
}

// -----

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>

func.func @store_target(%t: !acc, %s: memref<16x16xf16>) {
  // expected-error @below {{expected target to be a static rank 2 buffer with a swizzle, but got 'memref<16x16xf16>'}}
  tile.store %t to %s : !acc to memref<16x16xf16>
  return
}

// -----

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>
!s = memref<16x16xf32, #tile.swizzle<64>>

func.func @store_element(%t: !acc, %s: !s) {
  // expected-error @below {{expected f32 to f16 or bf16, but got 'f32' to 'f32'}}
  tile.store %t to %s : !acc to !s
  return
}

// -----

func.func @slot_ring(%ring: memref<16x16xf16>, %i: i32) {
  // expected-error @below {{expected ring to be a static rank 2 buffer with a swizzle}}
  %0 = tile.slot %ring[%i] : memref<16x16xf16>
  return
}

// -----

func.func @store_rows_partial(%r: tensor<16xf32, #tile.rows<warps = 1, partial = true>>,
                              %g: memref<?xf32>, %i: i32) {
  // expected-error @below {{expected complete rows to a target of rank 1 and the same element type}}
  tile.store_rows %r to %g[%i] : tensor<16xf32, #tile.rows<warps = 1, partial = true>> to memref<?xf32>
  return
}

// -----

func.func @gather_layout(%g: memref<?xf32>, %i: tensor<16xi32, #tile.rows<warps = 1>>) {
  // expected-error @below {{expected indices in the result's layout}}
  %0 = tile.gather %g[%i] : memref<?xf32>, tensor<16xi32, #tile.rows<warps = 1>> to tensor<16xf32, #tile.columns<warps = 1>>
  return
}

// -----

func.func @gather_rank(%g: memref<?x?xf32>, %i: tensor<16xi32, #tile.rows<warps = 1>>) {
  // expected-error @below {{expected 2 indices, but got 1}}
  %0 = tile.gather %g[%i] : memref<?x?xf32>, tensor<16xi32, #tile.rows<warps = 1>> to tensor<16xf32, #tile.rows<warps = 1>>
  return
}

// -----

func.func @gather_element(%g: memref<?xf16>, %i: tensor<16xi32, #tile.rows<warps = 1>>) {
  // expected-error @below {{expected elements of type 'f16'}}
  %0 = tile.gather %g[%i] : memref<?xf16>, tensor<16xi32, #tile.rows<warps = 1>> to tensor<16xf32, #tile.rows<warps = 1>>
  return
}

// -----

func.func @values_count(%g: memref<?xf16>, %i: i32) {
  // expected-error @below {{expected a power of two of values, but got 3}}
  %0:3 = tile.load_values %g[%i] : memref<?xf16> to f16, f16, f16
  return
}

// -----

func.func @values_element(%g: memref<?xf16>, %i: i32) {
  // expected-error @below {{expected values of type 'f16', but got 'f32'}}
  %0 = tile.load_values %g[%i] : memref<?xf16> to f32
  return
}

// -----

func.func @values_mixed(%g: memref<?xf16>, %i: i32, %x: f16, %y: f32) {
  // expected-error @below {{expected values of type 'f16' or all of f32, but got 'f32'}}
  tile.store_values %x, %y to %g[%i] : f16, f32 to memref<?xf16>
  return
}

// -----

func.func @values_rank(%g: memref<?x?xf16>, %i: i32) {
  // expected-error @below {{expected 2 indices, but got 1}}
  %0 = tile.load_values %g[%i] : memref<?x?xf16> to f16
  return
}

// -----

func.func @values_stride(%g: memref<?xf16, strided<[?]>>, %i: i32) {
  // expected-error @below {{expected a tensor with innermost stride 1, but got}}
  %0 = tile.load_values %g[%i] : memref<?xf16, strided<[?]>> to f16
  return
}

// -----

func.func @values_alignment(%g: memref<?xf32>, %i: i32, %x: f32) {
  // expected-error @below {{expected an alignment that is a power of two from 4 bytes on, but got 2}}
  tile.store_values %x to %g[%i] {alignment = 2} : f32 to memref<?xf32>
  return
}

// -----

!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @copy_second_width(%g: memref<?x16xf16>, %h: memref<?x8xf16>, %r: i32, %s: !s) {
  // expected-error @below {{expected a second source of the first one's columns and a target whose halves are multiples of 8 rows, but got}}
  tile.copy %g[%r] and %h to %s : memref<?x16xf16> and memref<?x8xf16> to !s
  return
}

// -----

!s = memref<24x16xf16, #tile.swizzle<32>>

func.func @copy_odd_halves(%g: memref<?x16xf16>, %r: i32, %s: !s) {
  // expected-error @below {{expected a second source of the first one's columns and a target whose halves are multiples of 8 rows, but got}}
  tile.copy %g[%r] and %g to %s : memref<?x16xf16> and memref<?x16xf16> to !s
  return
}

// -----

func.func @store_part_of_a_warp(%t: tensor<32x16xf32, #tile.accumulator<warps = 1>>,
                                %s: memref<16x16xf16, #tile.swizzle<32>>) {
  // expected-error @below {{expected a target with the rows of whole warps, but got}}
  tile.store %t to %s : tensor<32x16xf32, #tile.accumulator<warps = 1>> to memref<16x16xf16, #tile.swizzle<32>>
  return
}

// -----

func.func @rotate_plain(%t: memref<64x64xf16>, %f: memref<1x32xf32>, %i: i32) {
  // expected-error @below {{expected target to be a static rank 2 buffer with a swizzle}}
  tile.rotate_rows %t rows(%i to %i) by %f[%i] {width = 64 : i64} : memref<64x64xf16> by memref<1x32xf32>
  return
}

// -----

func.func @rotate_element(%t: memref<64x32xf32, #tile.swizzle<128>>, %f: memref<1x16xf32>, %i: i32) {
  // expected-error @below {{expected a target of f16 or bf16, but got}}
  tile.rotate_rows %t rows(%i to %i) by %f[%i] {width = 32 : i64} : memref<64x32xf32, #tile.swizzle<128>> by memref<1x16xf32>
  return
}

// -----

func.func @rotate_width(%t: memref<64x64xf16, #tile.swizzle<128>>, %f: memref<1x33xf32>, %i: i32) {
  // expected-error @below {{expected a width that is even, from 2 to the 64 columns of the target, but got 66}}
  tile.rotate_rows %t rows(%i to %i) by %f[%i] {width = 66 : i64} : memref<64x64xf16, #tile.swizzle<128>> by memref<1x33xf32>
  return
}

// -----

func.func @rotate_odd(%t: memref<64x64xf16, #tile.swizzle<128>>, %f: memref<1x33xf32>, %i: i32) {
  // expected-error @below {{expected a width that is even, from 2 to the 64 columns of the target, but got 33}}
  tile.rotate_rows %t rows(%i to %i) by %f[%i] {width = 33 : i64} : memref<64x64xf16, #tile.swizzle<128>> by memref<1x33xf32>
  return
}

// -----

func.func @rotate_alignment(%t: memref<64x64xf16, #tile.swizzle<128>>, %f: memref<1x32xf32>, %i: i32) {
  // expected-error @below {{expected an alignment of 2, 4, 8 or 16 bytes, but got 3}}
  tile.rotate_rows %t rows(%i to %i) by %f[%i] {width = 64 : i64, alignment = 3 : i64} : memref<64x64xf16, #tile.swizzle<128>> by memref<1x32xf32>
  return
}

// -----

func.func @rotate_pairs(%t: memref<64x64xf16, #tile.swizzle<128>>, %f: memref<1x64xf32>, %i: i32) {
  // expected-error @below {{expected a table of rank 2 with 32 floats in a row, one for each pair, but got}}
  tile.rotate_rows %t rows(%i to %i) by %f[%i] {width = 64 : i64} : memref<64x64xf16, #tile.swizzle<128>> by memref<1x64xf32>
  return
}

// -----

func.func @rotate_row(%t: memref<64x64xf16, #tile.swizzle<128>>, %f: memref<1x32xf32>, %i: i32) {
  // expected-error @below {{expected either a row of the table, which has frequencies, or sines beside it, but got neither}}
  tile.rotate_rows %t rows(%i to %i) by %f {width = 64 : i64} : memref<64x64xf16, #tile.swizzle<128>> by memref<1x32xf32>
  return
}

// -----

func.func @rotate_frequency(%t: memref<64x64xf16, #tile.swizzle<128>>, %f: memref<1x32xf16>, %i: i32) {
  // expected-error @below {{expected frequencies of f32, but got}}
  tile.rotate_rows %t rows(%i to %i) by %f[%i] {width = 64 : i64} : memref<64x64xf16, #tile.swizzle<128>> by memref<1x32xf16>
  return
}

// -----

func.func @rotate_both(%t: memref<64x64xf16, #tile.swizzle<128>>, %f: memref<1x32xf32>, %i: i32) {
  // expected-error @below {{expected either a row of the table, which has frequencies, or sines beside it, but got both}}
  tile.rotate_rows %t rows(%i to %i) by %f[%i] and %f {width = 64 : i64} : memref<64x64xf16, #tile.swizzle<128>> by memref<1x32xf32> and memref<1x32xf32>
  return
}

// -----

func.func @rotate_sines(%t: memref<64x64xf16, #tile.swizzle<128>>, %f: memref<1x32xf32>, %s: memref<1x31xf32>, %i: i32) {
  // expected-error @below {{expected sines of rank 2 with 32 floats in a row, one for each pair, but got}}
  tile.rotate_rows %t rows(%i to %i) by %f and %s {width = 64 : i64} : memref<64x64xf16, #tile.swizzle<128>> by memref<1x32xf32> and memref<1x31xf32>
  return
}

// -----

func.func @rotate_places(%t: memref<64x64xf16, #tile.swizzle<128>>, %f: memref<1x32xf32>, %p: memref<?xi32>, %i: i32) {
  // expected-error @below {{expected an offset or positions, but got both}}
  tile.rotate_rows %t rows(%i to %i) by %f[%i] offset %i positions %p {width = 64 : i64}
    : memref<64x64xf16, #tile.swizzle<128>> by memref<1x32xf32> positions memref<?xi32>
  return
}

// -----

func.func @rotate_positions(%t: memref<64x64xf16, #tile.swizzle<128>>, %f: memref<1x32xf32>, %p: memref<?x?xi32>, %i: i32) {
  // expected-error @below {{expected positions of rank 1, i32 or i64, but got}}
  tile.rotate_rows %t rows(%i to %i) by %f[%i] positions %p {width = 64 : i64}
    : memref<64x64xf16, #tile.swizzle<128>> by memref<1x32xf32> positions memref<?x?xi32>
  return
}
