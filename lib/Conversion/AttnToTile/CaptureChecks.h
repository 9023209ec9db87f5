//===- CaptureChecks.h - that regions read inside of captures -----*- C++ -*-=//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_CAPTURECHECKS_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_CAPTURECHECKS_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"

namespace mlir::attn {

/// Emits checks before `op` that what its regions load is inside of the
/// captures, for indices that are sums of positions and captured scalars [L2].
/// Those of static sizes, which the verifier has seen to, fold away.
void buildCaptureChecks(AttentionOpInterface op);

} // namespace mlir::attn

#endif
