//===- IntegerOps.h - integer arithmetic in one line each ------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_SUPPORT_INTEGEROPS_H
#define ATTN_SUPPORT_INTEGEROPS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::arith {

/// Ops on integers of any one type, made where `b` stands. Classes that emit
/// many of them derive from it.
struct IntegerOps {
  ImplicitLocOpBuilder b;

  Value index(int64_t value) { return ConstantIndexOp::create(b, value); }
  Value i32(int64_t value) {
    return ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  Value toI32(Value index) {
    return IndexCastOp::create(b, b.getI32Type(), index);
  }
  Value toIndex(Value integer) {
    return IndexCastOp::create(b, b.getIndexType(), integer);
  }

  Value add(Value x, Value y) { return AddIOp::create(b, x, y); }
  Value sub(Value x, Value y) { return SubIOp::create(b, x, y); }
  Value mul(Value x, Value y) { return MulIOp::create(b, x, y); }
  Value min(Value x, Value y) { return MinSIOp::create(b, x, y); }
  Value max(Value x, Value y) { return MaxSIOp::create(b, x, y); }
  Value floorDiv(Value x, Value y) { return FloorDivSIOp::create(b, x, y); }

  // Of sizes, which are not negative.
  Value minOfSizes(Value x, Value y) { return MinUIOp::create(b, x, y); }
  Value maxOfSizes(Value x, Value y) { return MaxUIOp::create(b, x, y); }
  Value div(Value x, Value y) { return DivUIOp::create(b, x, y); }
  Value rem(Value x, Value y) { return RemUIOp::create(b, x, y); }
  Value ceilDiv(Value x, Value y) { return CeilDivUIOp::create(b, x, y); }

  Value compare(CmpIPredicate predicate, Value x, Value y) {
    return CmpIOp::create(b, predicate, x, y);
  }
  Value both(Value x, Value y) { return AndIOp::create(b, x, y); }
  Value select(Value condition, Value x, Value y) {
    return SelectOp::create(b, condition, x, y);
  }
};

} // namespace mlir::arith

#endif
