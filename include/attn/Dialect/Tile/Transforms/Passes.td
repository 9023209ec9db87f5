//===- Passes.td - passes on the tile dialect ---------------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_TILE_TRANSFORMS_PASSES
#define ATTN_DIALECT_TILE_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def TileSplitLoopsPass : Pass<"tile-split-loops", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Split loops where a condition on the iteration changes its value";
  let description = [{
    A loop whose body asks `scf.if` or a select on a comparison of the iteration
    number with a bound is cut at that bound, so that each part knows the answer.
    Full tiles get a loop body without a mask.

    ```mlir
    scf.for %t = %c0 to %end step %c1 : i32 {
      %partial = arith.cmpi slt, %t, %first : i32
      %s = scf.if %partial -> ... { masked } else { plain }
    }
    ==>
    scf.for %t = %c0 to %cut step %c1 : i32 { masked }
    scf.for %t = %cut to %end step %c1 : i32 { plain }    // %cut = clamp(%first)
    ```
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect"];
}

def TilePipelineLoadsPass : Pass<"tile-pipeline-loads", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Turn copies of a loop into asynchronous copies issued ahead";
  let description = [{
    With one stage the order is FlashAttention-2's: each buffer is refilled as soon as
    its last reader is done, under the computation that does not need it.

    ```mlir
    for %t { copy K(t) -> %ks;  dot(%ks);  copy V(t) -> %vs;  dot(%vs) }
    ==> (stages = 1)
    copy_async K(0); commit
    for %t {
      async_wait 0                        // K(t) is here, V(t-1) has been read
      copy_async V(t); commit;  dot(%ks)
      async_wait 0                        // V(t) is here, K(t) has been read
      copy_async K(t+1); commit;  dot(%vs)
    }
    ```
    With more stages the buffers become rings and both copies of iteration
    t + stages - 1 are issued at the top of iteration t, after one barrier.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::tile::TileDialect"];
}

def TileUseTensorMapsPass : Pass<"tile-use-tensor-maps", "::mlir::ModuleOp"> {
  let summary = "Copy whole tiles by the tensor copy engine";
  let description = [{
    For kernels whose schedule has roles. The host encodes a tensor map for each
    argument and tile shape; the kernel names rows of it.

    ```mlir
    %slice = memref.subview %key[%batch, %head, 0, 0] ...
    tile.copy %slice[%row] to %ks
    ...
    tile.copy_out %os to %out[%row]
    ==>
    tile.copy_tensor %map[%batch, %head, %row] to %ks
    ...
    tile.copy_out_tensor %os to %out_map[%batch, %head, %row]
    tile.copy_out_wait                             // at the end of the block
    ```
    Rows that only this kernel must not see (a slice that ends before the tensor) are
    cleared after the copy, in the one tile that has some. Copies that a map cannot
    describe stay with the threads; a remark says why.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::tile::TileDialect"];
}

def TileWalkBlocksPass : Pass<"tile-walk-blocks", "::mlir::ModuleOp"> {
  let summary = "Order the blocks of a grid, or let a few walk over all";
  let description = [{
    For schedules that are `persistent`, `longest_first` or have a `cluster`. The grid
    becomes one-dimensional: sections of heads whose streamed operands fit the L2 cache,
    in each the blocks with the most work first, neighbours sharing keys. A persistent
    kernel is launched with one block for each multiprocessor of the device.

    ```mlir
    gpu.func @f() { %m = gpu.block_id x; %h = gpu.block_id y;  body }
    ==>
    gpu.func @f(.., %blocks: i32, %heads: i32, ..) {
      scf.for %tile = %block to %blocks * %heads * .. step %launched {
        %m, %h = position(%tile);  body
      }
    }
    ```
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::tile::TileDialect"];
}

def TileStageWeightsPass : Pass<"tile-stage-weights", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Bring the first operand of a product to shared memory";
  let description = [{
    Where scores, weights and output together do not fit the registers.

    ```mlir
    %a = tile.convert %p
    tile.dot %a, %vs, %o
    ==>
    %as = tile.alloc                       // once, at the top of the kernel
    tile.store %p to %as
    tile.fence_async
    tile.dot %as, %vs, %o
    ```
    Groups of warps that share the columns (`split = columns`) read each other's: they
    meet before the product, and before the store unless something else has made them
    meet since the product before (`tile.combine`).
  }];
  let dependentDialects = ["::mlir::tile::TileDialect"];
}

def TileConditionalRescalePass
    : Pass<"tile-conditional-rescale", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Skip the rescaling of an output that would not change";
  let description = [{
    With a `threshold` in the schedule the factor is exactly 1 for most tiles.

    ```mlir
    %1 = arith.mulf %o, %factor
    ==>
    %change = tile.any (%factor != 1)      // of any row of the warp
    %1 = scf.if %change { arith.mulf %o, %factor } else { %o }
    ```
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::tile::TileDialect"];
}

def TileMulticastPass : Pass<"tile-multicast", "::mlir::ModuleOp"> {
  let summary = "Let the blocks of a cluster copy each streamed tile once";
  let description = [{
    For schedules with a `cluster`, whose blocks walk over the same keys. Each block
    copies its part of the rows of a tile into all; a slot is empty when the consumers
    of all have released it.

    ```mlir
    %p = tile.create_pipeline producers 1 consumers 8
    tile.copy_tensor %map[..] to %ks fills %p[%t]
    tile.pipeline_release %p[%t]
    ==>
    %p = tile.create_pipeline producers 1 consumers 16
    tile.copy_tensor %map[..] to %ks fills %p[%t] multicast    // box of half the rows
    tile.pipeline_release %p[%t] multicast
    tile.barrier                                               // before the end
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tile::TileDialect"];
}

def TileAssignWarpRolesPass : Pass<"tile-assign-warp-roles", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Split a kernel into a producer that copies and consumers that compute";
  let description = [{
    Every buffer that is copied into becomes a ring with full and empty barriers:
    `stages` slots where the copy is in an innermost loop, else one. A buffer that is
    first written when a ring without further slots has been read takes its place.

    ```mlir
    tile.copy_tensor %q[..] to %qs
    scf.for %t {
      tile.copy_tensor %k[..] to %ks
      dot(%qs, %ks) ...
    }
    ==>
    tile.warp_specialize consumers 2 registers [24, 240] elected produce {
      tile.pipeline_acquire %qp[0];  tile.copy_tensor %q[..] to %qs fills %qp[0]
      scf.for %t {
        tile.pipeline_acquire %kp[%t]
        tile.copy_tensor %k[..] to %ks[%t mod 2] fills %kp[%t]
      }
    } consume {
      tile.pipeline_wait %qp[0]
      scf.for %t {
        tile.pipeline_wait %kp[%t];  dot(%qs, %ks[%t mod 2]);  tile.pipeline_release %kp[%t]
        ...
      }
      tile.pipeline_release %qp[0]
    }
    ```
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::tile::TileDialect"];
}

def TileOverlapSoftmaxPass : Pass<"tile-overlap-softmax", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Issue the first product of a tile with the second of the one before";
  let description = [{
    Rotates a loop of two chained products, so that the elementwise work between them
    runs while the second one is in flight (FlashAttention-3, arXiv 2407.08608). The
    output is rescaled after that product, or before it under the first one; one that is
    not rescaled is carried as it is.

    ```mlir
    scf.for %t = 0 {                    // of a consumer
      wait K(t);  %s = dot(Q, K(t));  release K(t)
      wait V(t);  %p = softmax(%s)
      %o = dot(%p, V(t), %o * %r);  release V(t)
    }
    ==>
    wait K(0);  %s = dot_wait 0 (dot_async(Q, K(0)));  release K(0)
    %p = softmax(%s);  wait V(0)
    scf.for %t = 1 {
      wait K(t);  %s = dot_async(Q, K(t));  %o = dot_async(%p, V(t-1), %o)
      dot_wait 1 (%s);  release K(t)
      %p' = softmax(%s);  wait V(t)
      dot_wait 0 (%o);  release V(t-1);  %o * %r
    }
    %o = dot_wait 0 (dot_async(%p, V(last), %o));  release V(last)
    ```
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::tile::TileDialect"];
}

def TilePingPongPass : Pass<"tile-ping-pong", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Let warp groups issue their matrix products in turns";
  let description = [{
    One warp group's softmax then runs under the products of the others
    (FlashAttention-3, arXiv 2407.08608).

    ```mlir
    scf.for { dot_async; dot_async; dot_wait 1; ... }
    ==>
    tile.start_turns 2
    scf.for { tile.take_turn 2;  dot_async; dot_async;  tile.pass_turn 2;  dot_wait 1; ... }
    ```
  }];
  let dependentDialects = ["::mlir::tile::TileDialect"];
}

def TileAllocateSmemPass : Pass<"tile-allocate-smem", "::mlir::ModuleOp"> {
  let summary = "Give every shared buffer its place";
  let description = [{
    Buffers that are live at the same time lie side by side; a buffer first used after
    another was last used may take its place, behind a barrier.

    ```mlir
    %q = tile.alloc : memref<128x64xf16, #tile.swizzle<128>, ...>
    ==>
    %q = tile.alloc {offset = 0 : i64} : memref<128x64xf16, #tile.swizzle<128>, ...>
    ```
    The sum goes to the launches of the kernel and to its `tile.shared_bytes`.
  }];
  let dependentDialects = ["::mlir::tile::TileDialect"];
}

def TileCheckResourcesPass : Pass<"tile-check-resources", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Refuse kernels that do not fit the chip";
  let description = [{
    Shared memory, threads and the registers that fragments need at least are compared
    with the chip's limits; both numbers are quoted.

    ```
    error: schedule needs 196608 bytes of shared memory, but sm_80 has 166912 per block
    ```
  }];
  let options = [Option<"chip", "chip", "std::string", "\"sm_80\"", "target chip">];
}

#endif
