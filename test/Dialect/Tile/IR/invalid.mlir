// RUN: attn-opt %s -verify-diagnostics -split-input-file

// Layouts and schedules by themselves are in invalid-layouts.mlir.

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>
!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @dot_no_accumulator(%s: !s, %c: tensor<16x16xf32>) {
  // expected-error @below {{expected an f32 accumulator, but got 'tensor<16x16xf32>'}}
  %0 = tile.dot %s, %s, %c : !s, !s, tensor<16x16xf32>
  return
}

// -----

!acc = tensor<16x16xf16, #tile.accumulator<warps = 1>>
!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @dot_f16_accumulator(%s: !s, %c: !acc) {
  // expected-error @below {{expected an f32 accumulator, but got}}
  %0 = tile.dot %s, %s, %c : !s, !s, !acc
  return
}

// -----

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>
!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @dot_a_without_layout(%a: tensor<16x16xf16>, %s: !s, %c: !acc) {
  // expected-error @below {{expected operand a in operand_a layout of 1 warps, but got 'tensor<16x16xf16>'}}
  %0 = tile.dot %a, %s, %c : tensor<16x16xf16>, !s, !acc
  return
}

// -----

!acc = tensor<32x16xf32, #tile.accumulator<warps = 2>>
!a = tensor<32x16xf16, #tile.operand_a<warps = 1>>
!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @dot_a_of_other_warps(%a: !a, %s: !s, %c: !acc) {
  // expected-error @below {{expected operand a in operand_a layout of 2 warps, but got}}
  %0 = tile.dot %a, %s, %c : !a, !s, !acc
  return
}

// -----

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>
!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @dot_a_without_swizzle(%a: memref<16x16xf16>, %s: !s, %c: !acc) {
  // expected-error @below {{expected operand a to be a static rank 2 buffer with a swizzle, but got 'memref<16x16xf16>'}}
  %0 = tile.dot %a, %s, %c : memref<16x16xf16>, !s, !acc
  return
}

// -----

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>
!s = memref<16x16xf16, #tile.swizzle<32>>

func.func @dot_b_rank(%s: !s, %b: memref<f16>, %c: !acc) {
  // expected-error @below {{expected operand b to be a static rank 2 buffer with a swizzle, but got 'memref<f16>'}}
  %0 = tile.dot %s, %b, %c : !s, memref<f16>, !acc
  return
}

// -----

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>
!s = memref<16x16xf16, #tile.swizzle<32>>
!b = memref<16x16xbf16, #tile.swizzle<32>>

func.func @dot_element_types(%s: !s, %b: !b, %c: !acc) {
  // expected-error @below {{expected operands of one element type, but got 'f16' and 'bf16'}}
  %0 = tile.dot %s, %b, %c : !s, !b, !acc
  return
}

// -----

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>
!s = memref<16x16xf32, #tile.swizzle<64>>

func.func @dot_f32(%s: !s, %c: !acc) {
  // expected-error @below {{expected f16, bf16, f8E4M3FN or f8E5M2 operands, but got 'f32'}}
  %0 = tile.dot %s, %s, %c : !s, !s, !acc
  return
}

// -----

!acc = tensor<16x32xf32, #tile.accumulator<warps = 1>>
!s = memref<16x16xf16, #tile.swizzle<32>>
!b = memref<16x32xf16, #tile.swizzle<64>>

func.func @dot_shapes(%s: !s, %b: !b, %c: !acc) {
  %0 = tile.dot %s, %b, %c : !s, !b, !acc
  // expected-error @below {{expected M x K times K x N, but got 'memref<16x16xf16, #tile.swizzle<32>>' times 'memref<16x32xf16, #tile.swizzle<64>>' transposed for}}
  %1 = tile.dot %s, %b transposed, %0 : !s, !b, !acc
  return
}

// -----

!acc = tensor<16x24xf32, #tile.accumulator<warps = 1>>
!s = memref<16x16xf16, #tile.swizzle<32>>
!b = memref<24x16xf16, #tile.swizzle<32>>

func.func @dot_multiples(%s: !s, %b: !b, %c: !acc) {
  // expected-error @below {{expected K and N to be multiples of 16 and 16, but got 16 and 24}}
  %0 = tile.dot %s, %b transposed, %c : !s, !b, !acc
  return
}

// -----

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>

func.func @reduce_to_columns(%a: !acc, %i: tensor<16xf32, #tile.columns<warps = 1>>) {
  // expected-error @below {{expected an accumulator and rows of the same warps, but got}}
  %0 = tile.reduce add %a, %i : !acc, tensor<16xf32, #tile.columns<warps = 1>>
  return
}

// -----

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>
!partial = tensor<16xf32, #tile.rows<warps = 1, partial = true>>

func.func @scan_from_partial_rows(%a: !acc, %i: !partial) {
  // expected-error @below {{expected complete rows, but got 'tensor<16xf32, #tile.rows<warps = 1, partial = true>>'}}
  %0, %1 = tile.scan %a, %i : !acc, !partial
  return
}

// -----

!acc = tensor<16x16xf32, #tile.accumulator<warps = 1>>
!rows = tensor<32xf32, #tile.rows<warps = 2>>

func.func @scan_of_other_warps(%a: !acc, %i: !rows) {
  // expected-error @below {{expected an accumulator and rows of the same warps, but got}}
  %0, %1 = tile.scan %a, %i : !acc, !rows
  return
}

// -----

func.func @reduce_without_layout(%a: tensor<16x16xf32>, %i: tensor<f32>) {
  // expected-error @below {{expected an accumulator and rows of the same warps, but got 'tensor<16x16xf32>' and 'tensor<f32>'}}
  %0 = tile.reduce add %a, %i : tensor<16x16xf32>, tensor<f32>
  return
}

// -----

!acc = tensor<32x16xf32, #tile.accumulator<warps = 1>>
!rows = tensor<16xf32, #tile.rows<warps = 1>>

func.func @reduce_row_counts(%a: !acc, %i: !rows) {
  // expected-error @below {{expected an accumulator and rows of the same warps, but got}}
  %0 = tile.reduce max %a, %i : !acc, !rows
  return
}

// -----

!acc = tensor<16x16xi32, #tile.accumulator<warps = 1>>
!rows = tensor<16xf32, #tile.rows<warps = 1>>

func.func @reduce_element(%a: !acc, %i: !rows) {
  // expected-error @below {{expected f32 elements, but got 'tensor<16x16xi32, #tile.accumulator<warps = 1>>'}}
  %0 = tile.reduce add %a, %i : !acc, !rows
  return
}

// -----

!rows = tensor<16xf32, #tile.rows<warps = 1>>

func.func @total_of_complete_rows(%a: !rows) {
  // expected-error @below {{expected partial f32 rows to the same rows complete, but got}}
  %0 = tile.total %a : !rows to !rows
  return
}

// -----

!rows = tensor<32xf32, #tile.rows<warps = 2, partial = true, groups = 2>>

func.func @combine_partial_rows(%a: !rows, %x: memref<2x32xf32, #tile.swizzle<128>>) {
  // expected-error @below {{expected complete f32 rows, but got}}
  %0 = tile.combine add %a through %x : !rows, memref<2x32xf32, #tile.swizzle<128>>
  return
}

// -----

!rows = tensor<32xf32, #tile.rows<warps = 2, groups = 3>>

func.func @combine_through_small_buffer(%a: !rows, %x: memref<2x32xf32, #tile.swizzle<128>>) {
  // expected-error @below {{expected a buffer of 3 x 32 x 'f32', but got}}
  %0 = tile.combine add %a through %x : !rows, memref<2x32xf32, #tile.swizzle<128>>
  return
}

// -----

!acc = tensor<32x32xf32, #tile.accumulator<warps = 2, groups = 2>>
!rows = tensor<32xf32, #tile.rows<warps = 2, groups = 2>>

func.func @scan_across_groups(%a: !acc, %b: !rows) {
  // expected-error @below {{expected all columns of a row in one group, but got}}
  %0, %1 = tile.scan %a, %b : !acc, !rows
  return
}

// -----

!acc = tensor<32x32xf32, #tile.accumulator<warps = 2, groups = 2>>
!rows = tensor<32xf32, #tile.rows<warps = 2>>

func.func @reduce_to_other_groups(%a: !acc, %b: !rows) {
  // expected-error @below {{expected an accumulator and rows of the same warps, but got}}
  %0 = tile.reduce max %a, %b : !acc, !rows
  return
}

// -----

!v = memref<16x64xf16, #tile.swizzle<128>>
!acc = tensor<32x64xf32, #tile.accumulator<warps = 2, groups = 2>>

func.func @part_of_a_page(%a: memref<32x16xf16, #tile.swizzle<32>>, %b: !v, %c: !acc) {
  // expected-error @below {{expected the columns of a group to be whole pages of 128 bytes, but got}}
  %0 = tile.dot %a, %b, %c : memref<32x16xf16, #tile.swizzle<32>>, !v, !acc
  return
}

// -----

!partial = tensor<32xf32, #tile.rows<warps = 1, partial = true>>
!rows = tensor<16xf32, #tile.rows<warps = 1>>

func.func @total_of_other_rows(%a: !partial) {
  // expected-error @below {{expected partial f32 rows to the same rows complete, but got}}
  %0 = tile.total %a : !partial to !rows
  return
}

// -----

func.func @broadcast_to_no_layout(%a: f32) {
  // expected-error @below {{cannot bring 'f32' to 'tensor<16xf32>'}}
  %0 = tile.broadcast %a : f32 to tensor<16xf32>
  return
}

// -----

func.func @broadcast_from_no_layout(%a: tensor<16xf32>) {
  // expected-error @below {{cannot bring 'tensor<16xf32>' to}}
  %0 = tile.broadcast %a : tensor<16xf32> to tensor<16x8xf32, #tile.accumulator<warps = 1>>
  return
}

// -----

func.func @broadcast_element(%a: f16) {
  // expected-error @below {{cannot bring 'f16' to}}
  %0 = tile.broadcast %a : f16 to tensor<16xf32, #tile.rows<warps = 1>>
  return
}

// -----

func.func @broadcast_to_operand(%a: f16) {
  // expected-error @below {{cannot bring 'f16' to 'tensor<16x16xf16, #tile.operand_a<warps = 1>>'}}
  %0 = tile.broadcast %a : f16 to tensor<16x16xf16, #tile.operand_a<warps = 1>>
  return
}

// -----

func.func @broadcast_of_other_warps(%a: tensor<32xf32, #tile.rows<warps = 2>>) {
  // expected-error @below {{cannot bring}}
  %0 = tile.broadcast %a : tensor<32xf32, #tile.rows<warps = 2>> to tensor<32x8xf32, #tile.accumulator<warps = 1>>
  return
}

// -----

// The value of the row is not there yet.
func.func @broadcast_of_partial_rows(%a: tensor<16xf32, #tile.rows<warps = 1, partial = true>>) {
  // expected-error @below {{cannot bring}}
  %0 = tile.broadcast %a : tensor<16xf32, #tile.rows<warps = 1, partial = true>> to tensor<16x8xf32, #tile.accumulator<warps = 1>>
  return
}

// -----

func.func @broadcast_rows_to_columns(%a: tensor<16xf32, #tile.rows<warps = 1>>) {
  // expected-error @below {{cannot bring}}
  %0 = tile.broadcast %a : tensor<16xf32, #tile.rows<warps = 1>> to tensor<16xf32, #tile.columns<warps = 1>>
  return
}

// -----

func.func @broadcast_column_count(%a: tensor<16xf32, #tile.columns<warps = 1>>) {
  // expected-error @below {{cannot bring}}
  %0 = tile.broadcast %a : tensor<16xf32, #tile.columns<warps = 1>> to tensor<16x8xf32, #tile.accumulator<warps = 1>>
  return
}

// -----

func.func @index_layout(%a: i32) {
  // expected-error @below {{expected rows or columns, but got 'tensor<16xi32>'}}
  %0 = tile.index %a : tensor<16xi32>
  return
}

// -----

func.func @index_tile(%a: i32) {
  // expected-error @below {{expected rows or columns, but got}}
  %0 = tile.index %a : tensor<16x8xi32, #tile.accumulator<warps = 1>>
  return
}

// -----

!acc = tensor<16x16xf16, #tile.accumulator<warps = 1>>
!a = tensor<16x16xf16, #tile.operand_a<warps = 1>>

func.func @convert_from_f16(%t: !acc) {
  // expected-error @below {{expected an f32 accumulator to operand_a, but got}}
  %0 = tile.convert %t : !acc to !a
  return
}

// -----

func.func @convert_without_layout(%t: tensor<f32>) {
  // expected-error @below {{expected an f32 accumulator to operand_a, but got 'tensor<f32>' to 'tensor<f16>'}}
  %0 = tile.convert %t : tensor<f32> to tensor<f16>
  return
}

// -----

!s = memref<32x16xf16, #tile.swizzle<32>>
!acc = tensor<32x16xf32, #tile.accumulator<warps = 2>>

func.func @batches_and_warps(%a: !s, %b: memref<48x16xf16, #tile.swizzle<32>>, %c: !acc) {
  // expected-error @below {{expected batches that divide the 2 warps, and 1 unless transposed and without groups, but got 3}}
  %0 = tile.dot %a, %b transposed, %c {batches = 3} : !s, memref<48x16xf16, #tile.swizzle<32>>, !acc
  return
}

// -----

!s = memref<32x16xf16, #tile.swizzle<32>>
!acc = tensor<32x16xf32, #tile.accumulator<warps = 2>>

func.func @batches_not_transposed(%a: !s, %b: memref<16x32xf16, #tile.swizzle<32>>, %c: !acc) {
  // expected-error @below {{expected batches that divide the 2 warps, and 1 unless transposed and without groups, but got 2}}
  %0 = tile.dot %a, %b, %c {batches = 2} : !s, memref<16x32xf16, #tile.swizzle<32>>, !acc
  return
}

// -----

!s = memref<32x16xf16, #tile.swizzle<32>>
!acc = tensor<32x16xf32, #tile.accumulator<warps = 2>>

func.func @batches_of_too_few_rows(%a: !s, %b: memref<16x16xf16, #tile.swizzle<32>>, %c: !acc) {
  // expected-error @below {{expected M x K times K x N, but got}}
  %0 = tile.dot %a, %b transposed, %c {batches = 2} : !s, memref<16x16xf16, #tile.swizzle<32>>, !acc
  return
}

// -----

!acc = tensor<48x16xf32, #tile.accumulator<warps = 3>>

func.func @halves_of_three_warps(%a: !acc, %s: memref<64x16xf16, #tile.swizzle<32>>) {
  // expected-error @below {{expected an f32 accumulator of an even number of warps and no groups, but got}}
  %0 = tile.sum_halves %a through %s : !acc, memref<64x16xf16, #tile.swizzle<32>>
  return
}

// -----

!acc = tensor<32x32xf32, #tile.accumulator<warps = 2, groups = 2>>

func.func @halves_in_groups(%a: !acc, %s: memref<64x16xf16, #tile.swizzle<32>>) {
  // expected-error @below {{expected an f32 accumulator of an even number of warps and no groups, but got}}
  %0 = tile.sum_halves %a through %s : !acc, memref<64x16xf16, #tile.swizzle<32>>
  return
}

// -----

!acc = tensor<32x16xf32, #tile.accumulator<warps = 2>>

func.func @halves_through_small_buffer(%a: !acc, %s: memref<8x16xf16, #tile.swizzle<32>>) {
  // expected-error @below {{expected a buffer of at least 512 bytes, but got}}
  %0 = tile.sum_halves %a through %s : !acc, memref<8x16xf16, #tile.swizzle<32>>
  return
}

// -----

func.func @row_group_of_none() {
  // expected-error @below {{expected at least one group, but got 0}}
  %0 = tile.row_group 0
  return
}

// -----

!acc = tensor<64x32xf32, #tile.accumulator<warps = 4>>
!s = memref<64x32xf8E4M3FN, #tile.swizzle<32>>
!b = memref<32x32xf8E4M3FN, #tile.swizzle<32>>

func.func @dot_float8_not_transposed(%s: !s, %b: !b, %c: !acc) {
  // expected-error @below {{expected operand b transposed: matrix instructions take 8-bit operands with the depth innermost}}
  %0 = tile.dot %s, %b, %c : !s, !b, !acc
  return
}

// -----

!acc = tensor<64x16xf32, #tile.accumulator<warps = 4>>
!s = memref<64x32xf8E4M3FN, #tile.swizzle<32>>
!b = memref<16x32xf16, #tile.swizzle<64>>

func.func @dot_float8_and_f16(%s: !s, %b: !b, %c: !acc) {
  // expected-error @below {{expected operands of one element type, but got 'f8E4M3FN' and 'f16'}}
  %0 = tile.dot %s, %b transposed, %c : !s, !b, !acc
  return
}
