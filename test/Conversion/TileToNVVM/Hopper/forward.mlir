// RUN: attn-opt %s --attn-kernel-pipeline="chip=sm_90a" \
// RUN:   | attn-opt - --attn-compile="chip=sm_90a" --emit=ptx -o %t.ptx
// RUN: FileCheck %s --input-file=%t.ptx
// RUN: FileCheck %s --input-file=%t.ptx --check-prefix=OUT
// RUN: FileCheck %s --input-file=%t.ptx --check-prefix=NOT --implicit-check-not=.func \
// RUN:   --implicit-check-not=call --implicit-check-not=__local_depot --implicit-check-not=.local

// A whole attention kernel with roles, as far as PTX: a producer that fills rings
// by tensor copies, and two consumers that keep two products in flight.

!q = memref<128x128xbf16, #tile.swizzle<128>>
!kv = memref<128x128xbf16, #tile.swizzle<128>>
!acc = tensor<128x128xf32, #tile.accumulator<warps = 8>>
!p = tensor<128x128xbf16, #tile.operand_a<warps = 8>>
!rows = tensor<128xf32, #tile.rows<warps = 8>>
!part = tensor<128xf32, #tile.rows<warps = 8, partial = true>>
!one = !tile.pipeline<1>
!ring = !tile.pipeline<2>

// Maps are used where they are. The entry has the bounds that setmaxnreg needs.
// CHECK:      .target sm_90a
// CHECK:      .visible .entry forward(
// CHECK:        .param .align 64 .b8 forward_param_0[128]
// CHECK:      .reqntid 384
// CHECK:      .minnctapersm 1
// CHECK:      cvta.param.u64
// CHECK:      shfl.sync.idx.b32
// CHECK:      mbarrier.init.shared::cta.b64
// CHECK:      fence.mbarrier_init.release.cluster;
// CHECK:      bar.sync 0;
// CHECK:      setmaxnreg.dec.sync.aligned.u32 24;
// CHECK:      elect.sync
// CHECK:      mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r{{[0-9]+}}], 32768;
// CHECK-NEXT: cp.async.bulk.tensor.3d.shared::cta.global.tile.mbarrier::complete_tx::bytes [
// CHECK-NEXT: cp.async.bulk.tensor.3d.shared::cta.global.tile.mbarrier::complete_tx::bytes [
// CHECK:      mbarrier.try_wait.parity
// CHECK:      setmaxnreg.inc.sync.aligned.u32 240;

// The main loop: both products are issued before the first is waited for; a wait for
// a barrier lies between the exponentials and the wait for the second.
// CHECK:      $L__BB0_{{[0-9]+}}:
// CHECK:        wgmma.fence.sync.aligned;
// CHECK-COUNT-8: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {{.*}}, a, b, {{[01]}}, 1, 1, 0, 0;
// CHECK:        wgmma.commit_group.sync.aligned;
// CHECK:        wgmma.fence.sync.aligned;
// CHECK-COUNT-8: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {{.*}}, b, 1, 1, 1, 1;
// CHECK-NEXT:   wgmma.commit_group.sync.aligned;
// CHECK:        wgmma.wait_group.sync.aligned 1;
// CHECK:        mbarrier.arrive.shared::cta.b64
// CHECK-COUNT-66: ex2.approx.ftz.f32
// CHECK-NOT:    wgmma.wait_group
// CHECK:        mbarrier.try_wait.parity
// CHECK-NOT:    ex2.approx
// CHECK:        wgmma.wait_group.sync.aligned 0;
// CHECK-COUNT-32: cvt.rn.bf16x2.f32
// CHECK:        bra

// The epilogue, wherever LLVM puts it.
// OUT:      bar.sync 1, 256;
// OUT:      stmatrix.sync.aligned.m8n8.x4.shared.b16
// OUT:      fence.proxy.async.shared::cta;
// OUT:      bar.sync %r{{[0-9]+}}, 128;
// OUT:      cp.async.bulk.tensor.3d.global.shared::cta.tile.bulk_group
// OUT:      cp.async.bulk.commit_group;
// OUT:      cp.async.bulk.wait_group.read 0;
// NOT:        .entry
gpu.module @m {
gpu.func @forward(%qm: !tile.tensor_map, %km: !tile.tensor_map, %vm: !tile.tensor_map,
                  %om: !tile.tensor_map, %sums: memref<?xf32>, %tiles: i32, %scale: f32)
    kernel attributes {known_block_size = array<i32: 384, 1, 1>} {
  %bx = gpu.block_id x
  %by = gpu.block_id y
  %x = arith.index_cast %bx : index to i32
  %h = arith.index_cast %by : index to i32
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c2 = arith.constant 2 : i32
  %c128 = arith.constant 128 : i32
  %m0 = arith.muli %x, %c128 : i32
  %last = arith.subi %tiles, %c1 : i32
  %qs = tile.alloc {offset = 0 : i64} : !q
  %ks = tile.alloc {offset = 32768 : i64, slots = 2 : i64} : !kv
  %vs = tile.alloc {offset = 98304 : i64, slots = 2 : i64} : !kv
  %qp = tile.create_pipeline producers 1 consumers 8 {offset = 163840 : i64} : !one
  %kp = tile.create_pipeline producers 1 consumers 8 {offset = 163856 : i64} : !ring
  %vp = tile.create_pipeline producers 1 consumers 8 {offset = 163888 : i64} : !ring
  tile.barrier
  tile.warp_specialize consumers 2 registers [24, 240] elected
  produce {
    tile.copy_tensor %qm[%h, %m0] to %qs fills %qp[%c0] : !q, !one
    scf.for %t = %c0 to %tiles step %c1 : i32 {
      %j0 = arith.muli %t, %c128 : i32
      %slot = arith.remui %t, %c2 : i32
      %k = tile.slot %ks[%slot] : !kv
      %v = tile.slot %vs[%slot] : !kv
      tile.pipeline_acquire %kp[%t] : !ring
      tile.copy_tensor %km[%h, %j0] to %k fills %kp[%t] : !kv, !ring
      tile.pipeline_acquire %vp[%t] : !ring
      tile.copy_tensor %vm[%h, %j0] to %v fills %vp[%t] : !kv, !ring
    }
  } consume {
    %ninf = arith.constant 0xFF800000 : f32
    %f0 = arith.constant 0.0 : f32
    %f1 = arith.constant 1.0 : f32
    %none = tile.broadcast %ninf : f32 to !rows
    %zeros = tile.broadcast %f0 : f32 to !part
    %o0 = tile.broadcast %f0 : f32 to !acc
    %scales = tile.broadcast %scale : f32 to !acc
    %scale_rows = tile.broadcast %scale : f32 to !rows

    // The first tile has no weights of one before.
    tile.pipeline_wait %qp[%c0] : !one
    tile.pipeline_wait %kp[%c0] : !ring
    %s0 = tile.dot_async %qs, %ks transposed : !q, !kv to !acc
    %s = tile.dot_wait 0, %s0 : !acc to !acc
    tile.pipeline_release %kp[%c0] : !ring
    %max0 = tile.reduce max %s, %none : !acc, !rows
    %base0 = arith.mulf %max0, %scale_rows fastmath<contract> : !rows
    %bases0 = tile.broadcast %base0 : !rows to !acc
    %scaled0 = arith.mulf %s, %scales fastmath<contract> : !acc
    %difference0 = arith.subf %scaled0, %bases0 fastmath<contract> : !acc
    %e0 = math.exp2 %difference0 : !acc
    %sum0 = tile.reduce add %e0, %zeros : !acc, !part
    %p0 = tile.convert %e0 : !acc to !p

    %o, %p, %max, %sum = scf.for %t = %c1 to %tiles step %c1
        iter_args(%oi = %o0, %pi = %p0, %max_before = %max0, %sum_before = %sum0)
        -> (!acc, !p, !rows, !part) : i32 {
      %before = arith.subi %t, %c1 : i32
      %k_slot = arith.remui %t, %c2 : i32
      %v_slot = arith.remui %before, %c2 : i32
      %k = tile.slot %ks[%k_slot] : !kv
      %v = tile.slot %vs[%v_slot] : !kv
      tile.pipeline_wait %kp[%t] : !ring
      %sa = tile.dot_async %qs, %k transposed : !q, !kv to !acc
      tile.pipeline_wait %vp[%before] : !ring
      %oa = tile.dot_async %pi, %v onto %oi : !acc : !p, !kv to !acc
      %si = tile.dot_wait 1, %sa : !acc to !acc
      tile.pipeline_release %kp[%t] : !ring
      %max_now = tile.reduce max %si, %max_before : !acc, !rows
      %fall = arith.subf %max_before, %max_now fastmath<contract> : !rows
      %exponent = arith.mulf %fall, %scale_rows fastmath<contract> : !rows
      %rescale = math.exp2 %exponent : !rows
      %base = arith.mulf %max_now, %scale_rows fastmath<contract> : !rows
      %bases = tile.broadcast %base : !rows to !acc
      %scaled = arith.mulf %si, %scales fastmath<contract> : !acc
      %difference = arith.subf %scaled, %bases fastmath<contract> : !acc
      %e = math.exp2 %difference : !acc
      %rescale_sum = tile.broadcast %rescale : !rows to !part
      %rescaled_sum = arith.mulf %sum_before, %rescale_sum : !part
      %sum_now = tile.reduce add %e, %rescaled_sum : !acc, !part
      tile.pipeline_wait %vp[%t] : !ring
      %ow = tile.dot_wait 0, %oa : !acc to !acc
      tile.pipeline_release %vp[%before] : !ring
      %pn = tile.convert %e : !acc to !p
      %rescales = tile.broadcast %rescale : !rows to !acc
      %on = arith.mulf %ow, %rescales : !acc
      scf.yield %on, %pn, %max_now, %sum_now : !acc, !p, !rows, !part
    }

    %v_slot = arith.remui %last, %c2 : i32
    %v = tile.slot %vs[%v_slot] : !kv
    tile.pipeline_wait %vp[%last] : !ring
    %oa = tile.dot_async %p, %v onto %o : !acc : !p, !kv to !acc
    %ow = tile.dot_wait 0, %oa : !acc to !acc
    tile.pipeline_release %vp[%last] : !ring
    %total = tile.total %sum : !part to !rows
    %ones = tile.broadcast %f1 : f32 to !rows
    %inverse = arith.divf %ones, %total : !rows
    %inverses = tile.broadcast %inverse : !rows to !acc
    %result = arith.mulf %ow, %inverses : !acc
    tile.barrier
    tile.store %result to %qs : !acc to !q
    tile.copy_out_tensor %qs to %om[%h, %m0] : !q
    tile.store_rows %total to %sums[%m0] : !rows to memref<?xf32>
    tile.copy_out_wait
  }
  gpu.return
}
}
