// RUN: attn-opt %s -verify-diagnostics -split-input-file

// expected-error @below {{expected consumers for a schedule with roles, but got consumers = 0}}
#s = #tile.schedule<m = 64, n = 64, warps = 4, stages = 2, overlap = true>

// -----

// expected-error @below {{expected 1 to 3 consumers, but got 4}}
#s = #tile.schedule<m = 256, n = 64, warps = 16, stages = 2, consumers = 4>

// -----

// expected-error @below {{expected 4 warps for each consumer and 64 rows for each, that is warps = 8 and m = 128, but got warps = 4 and m = 64}}
#s = #tile.schedule<m = 64, n = 64, warps = 4, stages = 2, consumers = 2>

// -----

// expected-error @below {{expected 4 warps for each consumer and 64 rows for all of them, that is warps = 8 and m = 64, but got warps = 8 and m = 32}}
#s = #tile.schedule<m = 32, n = 64, warps = 8, stages = 2, consumers = 2, weights = shared, split = columns>

// -----

// expected-error @below {{expected split = columns to have 16 rows a warp and 2 groups of warps or more, that is m = 16 * warps / 2 or an even smaller part, but got warps = 8 and m = 128}}
#s = #tile.schedule<m = 128, n = 64, warps = 8, stages = 2, consumers = 2, weights = shared, split = columns>

// -----

// expected-error @below {{expected weights = shared for split = columns: each group multiplies the weights of all}}
#s = #tile.schedule<m = 64, n = 64, warps = 8, stages = 2, consumers = 2, split = columns>

// -----

// expected-error @below {{expected split = rows for overlap: the weights of a tile are written when all have read those before}}
#s = #tile.schedule<m = 64, n = 64, warps = 8, stages = 2, consumers = 2, weights = shared, overlap = true, split = columns>

// -----

// expected-error @below {{expected n to be a multiple of 16 for each group that shares the keys, that is of 32, but got 48}}
#s = #tile.schedule<m = 64, n = 48, warps = 8, stages = 2, consumers = 2, weights = shared, split = columns>

// -----

// expected-error @below {{expected n of at most 256, but got 272}}
#s = #tile.schedule<m = 64, n = 272, warps = 4, stages = 2, consumers = 1>

// -----

// expected-error @below {{expected consumer_registers to be 0 or a multiple of 8 from 24 to 256, but got 250}}
#s = #tile.schedule<m = 64, n = 64, warps = 4, stages = 2, consumers = 1, producer_registers = 24, consumer_registers = 250>

// -----

// expected-error @below {{expected producer_registers and consumer_registers together, but got 24 and 0}}
#s = #tile.schedule<m = 64, n = 64, warps = 4, stages = 2, consumers = 1, producer_registers = 24>

// -----

// expected-error @below {{expected at least 2 stages for overlap: a tile is still read when the next one is needed}}
#s = #tile.schedule<m = 64, n = 64, warps = 4, stages = 1, consumers = 1, overlap = true>

// -----

// expected-error @below {{expected overlap and 2 or 3 consumers for ping_pong, but got 1 consumers}}
#s = #tile.schedule<m = 64, n = 64, warps = 4, stages = 2, consumers = 1, overlap = true, ping_pong = true>

// -----

// expected-error @below {{expected overlap for rescale = before}}
#s = #tile.schedule<m = 64, n = 64, warps = 4, stages = 2, consumers = 1, rescale = before>

// -----

// expected-error @below {{expected a threshold of 0 to 16, but got 17}}
#s = #tile.schedule<m = 64, n = 64, warps = 4, stages = 2, consumers = 1, threshold = 17>

// -----

// expected-error @below {{expected a cluster of 1 or 2 blocks, but got 4}}
#s = #tile.schedule<m = 64, n = 64, warps = 4, stages = 2, consumers = 1, cluster = 4>

// -----

// expected-error @below {{expected 1 to 8 stages, but got 9}}
func.func @stages(%p: !tile.pipeline<9>) {
  return
}

// -----

func.func @arrivals() {
  // expected-error @below {{expected at least one arrival of consumers, but got 0}}
  %p = tile.create_pipeline producers 1 consumers 0 : !tile.pipeline<2>
  return
}

// -----

func.func @box(%g: memref<?x64xf16, strided<[?, 1]>>) {
  // expected-error @below {{expected rows of the box to be pages of 64 bytes, but got 128 bytes}}
  %m = tile.encode_tensor_map %g named "g" box [64, 64] swizzle 64 : memref<?x64xf16, strided<[?, 1]>>
  return
}

// -----

func.func @tall_box(%g: memref<?x64xf16, strided<[?, 1]>>) {
  // expected-error @below {{expected a box of 1 to 256 rows and columns, but got 512 and 64}}
  %m = tile.encode_tensor_map %g named "g" box [512, 64] swizzle 128 : memref<?x64xf16, strided<[?, 1]>>
  return
}

// -----

func.func @no_pipeline(%m: !tile.tensor_map, %i: i32, %s: memref<16x16xf16, #tile.swizzle<32>>) {
  // expected-error @below {{expected a pipeline for a multicast copy}}
  tile.copy_tensor %m[%i] to %s multicast : memref<16x16xf16, #tile.swizzle<32>>
  return
}

// -----

func.func @evict(%m: !tile.tensor_map, %i: i32, %s: memref<16x16xf16, #tile.swizzle<32>>) {
  // expected-error @below {{expected evict "first" or "last", but got "never"}}
  tile.copy_tensor %m[%i] to %s evict "never" : memref<16x16xf16, #tile.swizzle<32>>
  return
}

// -----

!acc = tensor<64x16xf32, #tile.accumulator<warps = 4>>

func.func @pending(%s: !acc) {
  // expected-error @below {{expected 0 to 7 pending products, but got 8}}
  %0 = tile.dot_wait 8, %s : !acc to !acc
  return
}

// -----

!acc = tensor<64x16xf32, #tile.accumulator<warps = 4>>
!other = tensor<64x32xf32, #tile.accumulator<warps = 4>>
!q = memref<64x16xf16, #tile.swizzle<32>>
!b = memref<16x16xf16, #tile.swizzle<32>>

func.func @accumulator(%q: !q, %b: !b, %c: !other) {
  // expected-error @below {{expected an accumulator of the result's type, but got}}
  %0 = tile.dot_async %q, %b onto %c : !other : !q, !b to !acc
  return
}

// -----

func.func @roles() {
  // expected-error @below {{expected registers to be 0 or a multiple of 8 from 24 to 256, but got 20}}
  tile.warp_specialize consumers 1 registers [20, 240] produce {
  } consume {
  }
  return
}

// -----

func.func @alias(%s: memref<64x16xf16, #tile.swizzle<32>>) {
  // expected-error @below {{expected a view of the same rows and swizzle, not wider than the buffer, but got}}
  %v = tile.alias %s : memref<64x16xf16, #tile.swizzle<32>> to memref<64x32xf16, #tile.swizzle<32>>
  return
}

// -----

func.func @columns(%limit: tensor<32xi32, #tile.rows<warps = 2>>) {
  // expected-error @below {{expected a scalar or complete rows to an accumulator of the same warps, but got}}
  %c = tile.compare_columns at_most %limit : tensor<32xi32, #tile.rows<warps = 2>> to tensor<64x16xi1, #tile.accumulator<warps = 4>>
  return
}
