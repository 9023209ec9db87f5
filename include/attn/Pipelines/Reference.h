//===- Reference.h - the reference as a pipeline ---------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_PIPELINES_REFERENCE_H
#define ATTN_PIPELINES_REFERENCE_H

#include "attn/Conversion/ReferencePrecision.h"

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace attn {

struct ReferenceOptions {
  mlir::attn::ReferencePrecision precision =
      mlir::attn::ReferencePrecision::Element;
};

/// From functions over tensors with attn ops to the LLVM dialect of the host.
/// Function NAME can then be called as `_mlir_ciface_NAME`: inputs first,
/// outputs (results of the function) after them, each as a strided memref
/// descriptor.
void buildReferencePipeline(mlir::OpPassManager &manager,
                            const ReferenceOptions &options);

/// From loops over scalars and memrefs, as the reference is made of, to the
/// LLVM dialect of the host.
void buildScalarHostPipeline(mlir::OpPassManager &manager);

/// Registers the pipeline as `attn-reference-pipeline`.
void registerReferencePipeline();

} // namespace attn

#endif
