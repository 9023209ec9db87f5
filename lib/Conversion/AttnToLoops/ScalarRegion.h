//===- ScalarRegion.h - score and mask regions at one position -*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_ATTNTOLOOPS_SCALARREGION_H
#define ATTN_CONVERSION_ATTNTOLOOPS_SCALARREGION_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// A float in another float type. Between 16 and 64 bits it goes through f32:
/// hosts have no instruction for the direct way, and the run-time library that
/// would do it is not everywhere. Narrowing twice can differ from narrowing
/// once by a unit in the last place in one of 2^13 cases.
Value convertFloat(ImplicitLocOpBuilder &b, Value value, Type to);

/// Evaluates `region` for the given arguments and returns what it yields. With
/// real = f64 the region's f32 values are promoted; a region that cannot be
/// promoted is evaluated in f32 and its f32 result extended.
Value evaluateRegion(ImplicitLocOpBuilder &b, Region &region,
                     ValueRange arguments, Type real);

} // namespace mlir::attn

#endif
