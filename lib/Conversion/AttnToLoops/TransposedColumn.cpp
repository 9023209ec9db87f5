//===- TransposedColumn.cpp - order of rows in transposed blocks ----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TransposedColumn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::attn;

Value attn::emitTransposedColumn(ImplicitLocOpBuilder &b, Value r) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, value);
  };
  auto bits = [&](Value value, int64_t from, int64_t count) -> Value {
    return arith::AndIOp::create(
        b, arith::ShRUIOp::create(b, value, constant(from)),
        constant((1 << count) - 1));
  };
  auto shifted = [&](Value value, int64_t by) -> Value {
    return arith::ShLIOp::create(b, value, constant(by));
  };
  Value sixteens = arith::SubIOp::create(b, r, bits(r, 0, 4));
  Value pair = arith::AddIOp::create(b, shifted(bits(r, 1, 2), 2),
                                     shifted(bits(r, 3, 1), 1));
  return arith::AddIOp::create(b, sixteens,
                               arith::AddIOp::create(b, pair, bits(r, 0, 1)));
}
