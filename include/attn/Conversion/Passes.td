//===- Passes.td - conversions between dialects -------------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_PASSES
#define ATTN_CONVERSION_PASSES

include "mlir/Pass/PassBase.td"

def AttnToLoopsPass : Pass<"attn-to-loops", "::mlir::ModuleOp"> {
  let summary = "The semantics of the attn dialect as naive loops in float64";
  let description = [{
    For reading and for truth, not for speed: every op becomes the loops of its
    definition over memrefs, with float64 accumulation. Runs after
    `attn-bufferize` and `attn-expand-score-ops`.

    ```mlir
    attn.attention query(%q : memref<...>) ... outs(%o : memref<...>)
      mask { ... attn.yield %m : i1 }
    ==>
    scf.for %b ... scf.for %h ... scf.for %i {
      %state:2 = scf.for %j ... iter_args(%max = -inf, %sum = 0.0) {
        %m = ...                       // the mask region at b, h, i, j
        scf.if %m -> (f64, f64) {
          // dot product, score region, one step of the normalizer,
          // row = row * rescale + weight * value[b, h / g, j, :]
        }
      }
      // out[b, h, i, :] = row * factor
    }
    ```

    A position that the mask drops is not read, so a NaN there stays there. The
    regions compute in float64 too: their f32 values are promoted, other types
    are what the region asks for. A region that looks at the bits of an f32
    (`arith.bitcast`) is evaluated in f32 as written.
  }];
  let options = [
    Option<"precision", "precision", "::mlir::attn::ReferencePrecision",
           "::mlir::attn::ReferencePrecision::Element",
           "What is rounded; float64 and same turn the outs into f64 memrefs.",
           [{::llvm::cl::values(
               clEnumValN(::mlir::attn::ReferencePrecision::Element, "element",
                          "float64, the result rounded once to its type"),
               clEnumValN(::mlir::attn::ReferencePrecision::Float64, "float64",
                          "float64, nothing rounded: the truth"),
               clEnumValN(::mlir::attn::ReferencePrecision::Same, "same",
                          "as an unfused program in the element type"))}]>
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"];
}

def AttnChooseSchedulePass : Pass<"attn-choose-schedule"> {
  let summary = "Attach a schedule to every attention op";
  let description = [{
    The row of the schedule table for the op's head dims, or the one that is given. (A
    value that is the first columns of its key adds a stage to the row's.) A
    schedule that the IR has already is kept unless one is given.

    ```mlir
    attn.attention query(%q : memref<?x8x?x128xf16, ...>) ...
    ==>
    attn.attention query(%q : memref<?x8x?x128xf16, ...>) ...
        {tile.schedule = #tile.schedule<m = 128, n = 64, warps = 4, stages = 1>}
    ```
  }];
  let options = [
    Option<"chip", "chip", "std::string", "\"sm_80\"", "target chip">,
    Option<"schedule", "schedule", "std::string", "\"\"",
           "`<m = .., n = .., warps = .., stages = ..>`: this one instead of the table's">
  ];
  let dependentDialects = ["::mlir::tile::TileDialect"];
}

def AttnToTilePass : Pass<"attn-to-tile", "::mlir::ModuleOp"> {
  let summary = "Attention ops to kernels over tiles, in their plain form";
  let description = [{
    One kernel for each attention op: a block computes `m` rows of one head and
    walks the key tiles from the last to the first. With two maps half of the rows are
    those of each map, for the same queries, and the halves are combined at the end. Key tiles on which the mask keeps
    nothing are not visited, tiles on which it keeps everything do not evaluate it:
    both are derived from the mask region, as closed bounds or as lists of tiles that
    small kernels make before (`f_0_rows`, `f_0_keys`, `f_0_tiles`). Copies are
    synchronous and the loop is one; the tile transforms turn it into the expert's
    kernel. A value that is the first columns of
    its key is a `tile.alias` of the key's tile.

    ```mlir
    attn.attention query(%q : ...) ... outs(%o : ...) {tile.schedule = ...}
    ==>
    attn.require ...                                  // sizes and strides
    gpu.launch_func @f_kernels::@f_0 blocks in (...) threads in (...) args(...)

    gpu.module @f_kernels {
      gpu.func @f_0(...) kernel {
        tile.copy %query[%m0] to %qs
        scf.for %t = ... {
          tile.copy %key[%j0] to %ks
          %s = tile.dot %qs, %ks transposed, %zero
          ...
    ```

    `attn.rotary` becomes an elementwise kernel; those that follow one another and do
    not need one another share one. Launches come after all checks.

    ```mlir
    attn.rotary input(%q : ...) outs(%r : ...)
    ==>
    gpu.func @f_0(...) kernel {
      %x:8 = tile.load_values %q[%b, %h, %i, %low] ...
      %y:8 = tile.load_values %q[%b, %h, %i, %high] ...
      %f:8 = tile.load_values %frequencies[%c0, %low] ...
      %s, %c = math.sincos ...
      tile.store_values ... to %r[%b, %h, %i, %low] ...
    ```

    Where attention alone reads the result, its kernel can rotate the tile itself, which
    saves the trip through memory; `rotary` says when.

    ```mlir
    attn.rotary input(%q : ...) outs(%r : ...)
    attn.attention query(%r : ...) ...
    ==>
    gpu.func @f_0(%q : ...) kernel {
      tile.copy %q[%m0] to %qs
      tile.rotate_rows %qs rows(%m0 to %length) by %frequencies[%c0] ...
      tile.barrier
    ```

    `attn.quantize` becomes a kernel that holds a block of rows in registers. Where scales
    are those of heads or of the tensor, a kernel before it (`f_0_maxima`) writes the
    largest magnitude of each block to the workspace.

    ```mlir
    attn.quantize input(%k : ...) outs(%k8, %scales : ...) {block = 128 : i64}
    ==>
    gpu.func @f_0(...) kernel {
      %x:8 = tile.load_values %k[%b, %h, %i, %d] ...     // of each row that is a thread's
      %m = tile.reduce_threads largest ...               // bits of the largest magnitude
      tile.store_values ... to %scales[%b, %h, %block] ...
      tile.store_values ... to %k8[%b, %h, %i, %d] ...   // rounds
    ```
  }];
  let options = [
    Option<"chip", "chip", "std::string", "\"sm_80\"", "target chip">,
    Option<"alignment", "alignment", "int64_t", "16",
           "bytes that the rows of query, key, value and out are aligned to: 16, or "
           "2, 4, 8 for odd strides and slower copies">,
    Option<"rotary", "rotary", "std::string", "\"auto\"",
           "`attn.rotary` of a query or key: `before` attention, `fused` into its kernel "
           "where it can be, or what costs less (`auto`)">
  ];
  let dependentDialects = ["::mlir::tile::TileDialect", "::mlir::gpu::GPUDialect",
    "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect"];
}

def TileToNVVMPass : Pass<"tile-to-nvvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Kernels over tiles to the NVVM and LLVM dialects";
  let description = [{
    A fragment becomes the values that one thread holds of it, a shared buffer an
    address. Patterns are grouped by instruction family.

    ```mlir
    %s = tile.dot %qs, %ks transposed, %zero : ...
    ==>
    nvvm.ldmatrix ...; nvvm.mma.sync ...
    ```
  }];
  let options = [Option<"chip", "chip", "std::string", "\"sm_80\"", "target chip">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect"];
}

def KernelToLLVMPass : Pass<"attn-kernel-to-llvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Kernels without tiles and structured control flow to the LLVM dialect";
  let description = [{
    Like upstream's `convert-gpu-to-nvvm`, but no call of a device library is made:
    exponentials, logarithms and divisions become approximate instructions that flush
    denormals; sine and cosine become polynomials of an argument that is reduced first. The entry takes its memrefs as the fields of their descriptors.

    ```mlir
    gpu.func @f(%q: memref<?x?xf16, strided<[?, 1], offset: ?>>) kernel { ... math.exp2 }
    ==>
    llvm.func @f(!llvm.ptr, !llvm.ptr, i64, i64, ...) attributes {nvvm.kernel} {
      ... llvm.intr.exp2 }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::vector::VectorDialect"];
}

def AttnHostToLLVMPass : Pass<"attn-host-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Host functions to the LLVM dialect, launches to runtime calls";
  let description = [{
    A function that launches kernels takes the stream as its last argument and returns
    a status; checks that fail and launches that are refused end it.

    ```mlir
    func.func @f(%q: memref<...>) {
      attn.require %ok, "...", %a, %b
      gpu.launch_func @f_kernels::@f_0 ...
      return
    }
    ==>
    llvm.func @f(..., %stream: !llvm.ptr) -> i32 {
      llvm.cond_br ...                  // attn_rt_fail(...)
      %s = llvm.call @attn_rt_launch(%stream, @f_kernels_image, ...)
      llvm.return %s
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::cf::ControlFlowDialect"];
}

#endif
