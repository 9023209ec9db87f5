// RUN: attn-opt %s --allow-unregistered-dialect -split-input-file \
// RUN:   --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-overlap-softmax,canonicalize,cse)))" | FileCheck %s

!q = memref<64x16xf16, #tile.swizzle<32>>
!k = memref<16x16xf16, #tile.swizzle<32>>
!acc = tensor<64x16xf32, #tile.accumulator<warps = 4>>
!p = tensor<64x16xf16, #tile.operand_a<warps = 4>>
!rows = tensor<64xf32, #tile.rows<warps = 4>>

// The second product of a tile is issued behind the first of the next one; what its
// weights are made of waits for the product before.
gpu.module @kernels {
// CHECK-LABEL: gpu.func @after(
// CHECK:         tile.pipeline_wait %[[KP:.*]][%c0_i32]
// CHECK:         %[[S:.*]] = tile.dot_async %{{.*}} transposed
// CHECK-NEXT:    %[[W:.*]] = tile.dot_wait 0, %[[S]]
// CHECK-NEXT:    tile.pipeline_release %[[KP]][%c0_i32]
// CHECK-NEXT:    %[[SOFT:.*]]:2 = "test.softmax"(%[[W]])
// CHECK-NEXT:    tile.pipeline_wait %[[VP:.*]][%c0_i32]
// CHECK-NEXT:    %[[P0:.*]] = tile.convert %[[SOFT]]#0
// CHECK:         %[[R:.*]]:2 = scf.for %[[T:.*]] = %c1_i32 to {{.*}} iter_args(%[[O:.*]] = %{{.*}}, %[[P:.*]] = %[[P0]])
// CHECK-NEXT:      %[[LAST:.*]] = arith.subi %[[T]], %c1_i32
// CHECK-NEXT:      tile.pipeline_wait %[[KP]][%[[T]]]
// CHECK:           %[[S:.*]] = tile.dot_async %{{.*}} transposed
// CHECK:           %[[D:.*]] = tile.dot_async %[[P]], %{{.*}} onto %[[O]]
// CHECK-NEXT:      %[[W:.*]] = tile.dot_wait 1, %[[S]]
// CHECK-NEXT:      tile.pipeline_release %[[KP]][%[[T]]]
// CHECK-NEXT:      %[[SOFT:.*]]:2 = "test.softmax"(%[[W]])
// CHECK-NEXT:      tile.pipeline_wait %[[VP]][%[[T]]]
// CHECK-NEXT:      %[[E:.*]] = tile.dot_wait 0, %[[D]]
// CHECK-NEXT:      tile.pipeline_release %[[VP]][%[[LAST]]]
// CHECK-NEXT:      %[[NEXT:.*]] = tile.convert %[[SOFT]]#0
// CHECK-NEXT:      %[[F:.*]] = tile.broadcast %[[SOFT]]#1
// CHECK-NEXT:      %[[G:.*]] = arith.mulf %[[E]], %[[F]]
// CHECK-NEXT:      scf.yield %[[G]], %[[NEXT]]
// CHECK:         %[[D:.*]] = tile.dot_async %[[R]]#1, %{{.*}} onto %[[R]]#0
// CHECK-NEXT:    %[[E:.*]] = tile.dot_wait 0, %[[D]]
// CHECK-NEXT:    tile.pipeline_release %[[VP]]
// CHECK-NEXT:    "test.result"(%[[E]])
gpu.func @after(%n: i32, %zero: !acc) kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 16, warps = 4, stages = 2, consumers = 1, overlap = true>} {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c2 = arith.constant 2 : i32
  %q = tile.alloc : !q
  %ks = tile.alloc {slots = 2 : i64} : !k
  %vs = tile.alloc {slots = 2 : i64} : !k
  %kp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<2>
  %vp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<2>
  %end = arith.maxsi %n, %c1 : i32
  %r = scf.for %t = %c0 to %end step %c1 iter_args(%o = %zero) -> !acc : i32 {
    tile.pipeline_wait %kp[%t] : !tile.pipeline<2>
    %i = arith.remui %t, %c2 : i32
    %k = tile.slot %ks[%i] : !k
    %s = tile.dot %q, %k transposed, %zero : !q, !k, !acc
    tile.pipeline_release %kp[%t] : !tile.pipeline<2>
    tile.pipeline_wait %vp[%t] : !tile.pipeline<2>
    %v = tile.slot %vs[%i] : !k
    %w, %factor = "test.softmax"(%s) : (!acc) -> (!acc, !rows)
    %f = tile.broadcast %factor : !rows to !acc
    %scaled = arith.mulf %o, %f : !acc
    %p = tile.convert %w : !acc to !p
    %d = tile.dot %p, %v, %scaled : !p, !k, !acc
    tile.pipeline_release %vp[%t] : !tile.pipeline<2>
    scf.yield %d : !acc
  }
  "test.result"(%r) : (!acc) -> ()
  gpu.return
}

// CHECK-LABEL: gpu.func @before(
// CHECK:         %[[R:.*]]:3 = scf.for {{.*}} iter_args(%[[O:.*]] = %{{.*}}, %[[P:.*]] = %{{.*}}, %[[F:.*]] = %{{.*}}#1)
// CHECK:           tile.dot_async %{{.*}} transposed
// CHECK-NEXT:      %[[B:.*]] = tile.broadcast %[[F]]
// CHECK-NEXT:      %[[M:.*]] = arith.mulf %[[O]], %[[B]]
// CHECK:           tile.dot_async %[[P]], %{{.*}} onto %[[M]]
// CHECK:         %[[B:.*]] = tile.broadcast %[[R]]#2
// CHECK-NEXT:    arith.mulf %[[R]]#0, %[[B]]
gpu.func @before(%n: i32, %zero: !acc) kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 16, warps = 4, stages = 2, consumers = 1, overlap = true, rescale = before>} {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %q = tile.alloc : !q
  %k = tile.alloc : !k
  %v = tile.alloc : !k
  %kp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<1>
  %vp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<1>
  %end = arith.maxsi %n, %c1 : i32
  %r = scf.for %t = %c0 to %end step %c1 iter_args(%o = %zero) -> !acc : i32 {
    tile.pipeline_wait %kp[%t] : !tile.pipeline<1>
    %s = tile.dot %q, %k transposed, %zero : !q, !k, !acc
    tile.pipeline_release %kp[%t] : !tile.pipeline<1>
    tile.pipeline_wait %vp[%t] : !tile.pipeline<1>
    %w, %factor = "test.softmax"(%s) : (!acc) -> (!acc, !rows)
    %f = tile.broadcast %factor : !rows to !acc
    %scaled = arith.mulf %o, %f : !acc
    %p = tile.convert %w : !acc to !p
    %d = tile.dot %p, %v, %scaled : !p, !k, !acc
    tile.pipeline_release %vp[%t] : !tile.pipeline<1>
    scf.yield %d : !acc
  }
  "test.result"(%r) : (!acc) -> ()
  gpu.return
}

// Weights that depend on nothing before them: the output is carried as it is, whatever
// the schedule says of rescaling.
// CHECK-LABEL: gpu.func @no_rescale(
// CHECK:         %[[R:.*]]:2 = scf.for {{.*}} iter_args(%[[O:.*]] = %{{.*}}, %[[P:.*]] = %{{.*}}) ->
// CHECK:           tile.dot_async %{{.*}} transposed
// CHECK:           %[[D:.*]] = tile.dot_async %[[P]], %{{.*}} onto %[[O]]
// CHECK:           %[[W:.*]] = "test.sigmoid"
// CHECK-NEXT:      tile.pipeline_wait
// CHECK-NEXT:      %[[E:.*]] = tile.dot_wait 0, %[[D]]
// CHECK-NEXT:      tile.pipeline_release
// CHECK-NEXT:      %[[NEXT:.*]] = tile.convert %[[W]]
// CHECK-NEXT:      scf.yield %[[E]], %[[NEXT]]
// CHECK:         tile.dot_async %[[R]]#1, %{{.*}} onto %[[R]]#0
gpu.func @no_rescale(%n: i32, %zero: !acc) kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 16, warps = 4, stages = 2, consumers = 1, overlap = true, rescale = before>} {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %q = tile.alloc : !q
  %k = tile.alloc : !k
  %v = tile.alloc : !k
  %kp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<1>
  %vp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<1>
  %end = arith.maxsi %n, %c1 : i32
  %r = scf.for %t = %c0 to %end step %c1 iter_args(%o = %zero) -> !acc : i32 {
    tile.pipeline_wait %kp[%t] : !tile.pipeline<1>
    %s = tile.dot %q, %k transposed, %zero : !q, !k, !acc
    tile.pipeline_release %kp[%t] : !tile.pipeline<1>
    tile.pipeline_wait %vp[%t] : !tile.pipeline<1>
    %w = "test.sigmoid"(%s) : (!acc) -> !acc
    %p = tile.convert %w : !acc to !p
    %d = tile.dot %p, %v, %o : !p, !k, !acc
    tile.pipeline_release %vp[%t] : !tile.pipeline<1>
    scf.yield %d : !acc
  }
  "test.result"(%r) : (!acc) -> ()
  gpu.return
}
}

// -----

!q = memref<64x16xf16, #tile.swizzle<32>>
!k = memref<16x16xf16, #tile.swizzle<32>>
!acc = tensor<64x16xf32, #tile.accumulator<warps = 4>>
!p = tensor<64x16xf16, #tile.operand_a<warps = 4>>

// One buffer for both products: it has arrived before the first of an iteration, is kept
// until the second in the next one, and the wait that ends the exponentials is for it again.
gpu.module @kernels {
// CHECK-LABEL: gpu.func @one_buffer(
// CHECK:         tile.pipeline_wait %[[KP:.*]][%c0_i32]
// CHECK:         tile.dot_async
// CHECK-NOT:     tile.pipeline_release
// CHECK:         scf.for %[[T:.*]] = %c1_i32
// CHECK-NEXT:      %[[LAST:.*]] = arith.subi %[[T]], %c1_i32
// CHECK-NEXT:      tile.pipeline_wait %[[KP]][%[[T]]]
// CHECK:           tile.dot_async {{.*}} transposed
// CHECK:           %[[D:.*]] = tile.dot_async
// CHECK-NEXT:      %[[W:.*]] = tile.dot_wait 1
// CHECK-NEXT:      "test.softmax"(%[[W]])
// CHECK-NEXT:      tile.pipeline_wait %[[KP]][%[[T]]]
// CHECK-NEXT:      tile.dot_wait 0, %[[D]]
// CHECK-NEXT:      tile.pipeline_release %[[KP]][%[[LAST]]]
// CHECK:         tile.dot_async
// CHECK-NEXT:    tile.dot_wait 0
// CHECK-NEXT:    tile.pipeline_release %[[KP]]
gpu.func @one_buffer(%n: i32, %zero: !acc) kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 16, warps = 4, stages = 3, consumers = 1, overlap = true>} {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c3 = arith.constant 3 : i32
  %q = tile.alloc : !q
  %ks = tile.alloc {slots = 3 : i64} : !k
  %kp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<3>
  %end = arith.maxsi %n, %c1 : i32
  %r = scf.for %t = %c0 to %end step %c1 iter_args(%o = %zero) -> !acc : i32 {
    tile.pipeline_wait %kp[%t] : !tile.pipeline<3>
    %i = arith.remui %t, %c3 : i32
    %k = tile.slot %ks[%i] : !k
    %s = tile.dot %q, %k transposed, %zero : !q, !k, !acc
    %w = "test.softmax"(%s) : (!acc) -> !acc
    %p = tile.convert %w : !acc to !p
    %d = tile.dot %p, %k, %o : !p, !k, !acc
    tile.pipeline_release %kp[%t] : !tile.pipeline<3>
    scf.yield %d : !acc
  }
  "test.result"(%r) : (!acc) -> ()
  gpu.return
}
}

// -----

!q = memref<64x32xf8E4M3FN, #tile.swizzle<32>>
!k = memref<32x32xf8E4M3FN, #tile.swizzle<32>>
!acc = tensor<64x32xf32, #tile.accumulator<warps = 4>>
!p = tensor<64x32xf8E4M3FN, #tile.operand_a<warps = 4>>
!rows = tensor<64xf32, #tile.rows<warps = 4>>

// A product that starts from zero is added where it has arrived, together with the
// factor of its own tile, which is carried.
gpu.module @kernels {
// CHECK-LABEL: gpu.func @promote(
// CHECK:         %[[SOFT:.*]]:2 = "test.softmax"
// CHECK:         %[[R:.*]]:3 = scf.for {{.*}} iter_args(%[[O:.*]] = %{{.*}}, %[[P:.*]] = %{{.*}}, %[[F:.*]] = %[[SOFT]]#1)
// CHECK:           %[[D:.*]] = tile.dot_async %[[P]], %{{[^ ]*}} transposed :
// CHECK:           %[[SOFT:.*]]:2 = "test.softmax"
// CHECK:           %[[E:.*]] = tile.dot_wait 0, %[[D]]
// CHECK-NEXT:      %[[B:.*]] = tile.broadcast %[[F]]
// CHECK-NEXT:      %[[S:.*]] = arith.mulf %[[O]], %[[B]]
// CHECK-NEXT:      %[[A:.*]] = arith.addf %[[S]], %[[E]]
// CHECK:           scf.yield %[[A]], %{{.*}}, %[[SOFT]]#1
// CHECK:         %[[D:.*]] = tile.dot_async %[[R]]#1, %{{[^ ]*}} transposed :
// CHECK-NEXT:    %[[E:.*]] = tile.dot_wait 0, %[[D]]
// CHECK-NEXT:    %[[B:.*]] = tile.broadcast %[[R]]#2
// CHECK-NEXT:    %[[S:.*]] = arith.mulf %[[R]]#0, %[[B]]
// CHECK-NEXT:    %[[A:.*]] = arith.addf %[[S]], %[[E]]
// CHECK:         "test.result"(%[[A]])
gpu.func @promote(%n: i32, %zero: !acc) kernel attributes {tile.schedule =
    #tile.schedule<m = 64, n = 32, warps = 4, stages = 2, consumers = 1, overlap = true, promote = true>} {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c2 = arith.constant 2 : i32
  %q = tile.alloc : !q
  %ks = tile.alloc {slots = 2 : i64} : !k
  %vs = tile.alloc {slots = 2 : i64} : !k
  %kp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<2>
  %vp = tile.create_pipeline producers 1 consumers 4 : !tile.pipeline<2>
  %end = arith.maxsi %n, %c1 : i32
  %r = scf.for %t = %c0 to %end step %c1 iter_args(%o = %zero) -> !acc : i32 {
    tile.pipeline_wait %kp[%t] : !tile.pipeline<2>
    %i = arith.remui %t, %c2 : i32
    %k = tile.slot %ks[%i] : !k
    %s = tile.dot %q, %k transposed, %zero : !q, !k, !acc
    tile.pipeline_release %kp[%t] : !tile.pipeline<2>
    tile.pipeline_wait %vp[%t] : !tile.pipeline<2>
    %v = tile.slot %vs[%i] : !k
    %w, %factor = "test.softmax"(%s) : (!acc) -> (!acc, !rows)
    %f = tile.broadcast %factor : !rows to !acc
    %scaled = arith.mulf %o, %f : !acc
    %p = tile.convert %w : !acc to !p
    %d = tile.dot %p, %v transposed, %zero : !p, !k, !acc
    %a = arith.addf %scaled, %d : !acc
    tile.pipeline_release %vp[%t] : !tile.pipeline<2>
    scf.yield %a : !acc
  }
  "test.result"(%r) : (!acc) -> ()
  gpu.return
}
}
