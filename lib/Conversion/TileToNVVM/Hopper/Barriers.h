//===- Barriers.h - addresses of a pipeline's barriers -----------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_TILETONVVM_HOPPER_BARRIERS_H
#define ATTN_LIB_CONVERSION_TILETONVVM_HOPPER_BARRIERS_H

#include "Common/Integers.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"

namespace mlir::tile {

/// The barriers of fill `fill` of a ring: full[stages], then empty[stages], 8
/// bytes each. Fill n uses slot n % stages for the (n / stages)-th time.
struct FillBarriers {
  /// `base` is the converted `pipeline`.
  FillBarriers(Integers &e, Value pipeline, Value base, Value fill);

  Value full, empty; // shared addresses, i32
  Value parity;      // of the full barrier's phase for this fill
};

} // namespace mlir::tile

#endif
