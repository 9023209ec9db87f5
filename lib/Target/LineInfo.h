//===- LineInfo.h - source lines in PTX --------------------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_TARGET_LINEINFO_H
#define ATTN_LIB_TARGET_LINEINFO_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace attn {

/// Gives every kernel of the module a subprogram, so that the locations of its
/// ops become `.loc` directives and messages of ptxas or of the simulator can
/// name the line of the `.mlir` file. (Upstream's pass for this runs on builtin
/// modules only.)
void attachLineInfo(mlir::gpu::GPUModuleOp module);

} // namespace attn

#endif
