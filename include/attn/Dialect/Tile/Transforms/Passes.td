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
