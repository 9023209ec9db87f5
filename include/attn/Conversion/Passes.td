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
    definition over memrefs, with float64 accumulation.

    ```mlir
    attn.attention query(%q : memref<...>) ... outs(%o : memref<...>)
    ==>
    scf.for %b ... scf.for %h ... scf.for %i {
      // state of the normalizer and output row, updated key by key
      scf.for %j ... { ... }
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"];
}

#endif
