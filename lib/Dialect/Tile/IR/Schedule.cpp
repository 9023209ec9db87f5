//===- Schedule.cpp - constraints of a schedule by itself -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Tile/IR/TileDialect.h"

using namespace mlir;
using namespace mlir::tile;

LogicalResult
ScheduleAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                     int64_t m, int64_t n, int64_t warps, int64_t stages,
                     Order) {
  if (warps < 1 || warps > 32)
    return emitError() << "expected 1 to 32 warps, but got " << warps;
  if (m < 16 * warps || m % (16 * warps))
    return emitError()
           << "expected m to be a positive multiple of 16 * warps = "
           << 16 * warps << ", but got " << m;
  if (n < 16 || n % 16)
    return emitError() << "expected n to be a positive multiple of 16, but got "
                       << n;
  if (stages < 1 || stages > 8)
    return emitError() << "expected 1 to 8 stages, but got " << stages;
  return success();
}
