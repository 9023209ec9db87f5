//===- Integers.h - i32 arithmetic of a thread -------------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_TILETONVVM_COMMON_INTEGERS_H
#define ATTN_LIB_CONVERSION_TILETONVVM_COMMON_INTEGERS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::tile {

/// Integer ops in one line each; constants fold as they are made, so that
/// address arithmetic stays as small as if written by hand.
struct Integers {
  Integers(Location loc, OpBuilder &builder) : b(loc, builder) {}
  ImplicitLocOpBuilder b;

  Value constant(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  Value add(Value x, Value y) { return b.createOrFold<arith::AddIOp>(x, y); }
  Value add(Value x, int64_t y) { return y ? add(x, constant(y)) : x; }
  Value sub(Value x, Value y) { return b.createOrFold<arith::SubIOp>(x, y); }
  Value mul(Value x, Value y) { return b.createOrFold<arith::MulIOp>(x, y); }
  Value mul(Value x, int64_t y) {
    return b.createOrFold<arith::MulIOp>(x, constant(y));
  }
  Value div(Value x, int64_t y) {
    return b.createOrFold<arith::DivUIOp>(x, constant(y));
  }
  Value rem(Value x, int64_t y) {
    return b.createOrFold<arith::RemUIOp>(x, constant(y));
  }
  Value bitAnd(Value x, int64_t y) {
    return b.createOrFold<arith::AndIOp>(x, constant(y));
  }
  Value bitXor(Value x, Value y) { return b.createOrFold<arith::XOrIOp>(x, y); }
  Value bitXor(Value x, int64_t y) { return y ? bitXor(x, constant(y)) : x; }
  Value shiftLeft(Value x, int64_t y) {
    return b.createOrFold<arith::ShLIOp>(x, constant(y));
  }
  Value shiftRight(Value x, int64_t y) {
    return y ? b.createOrFold<arith::ShRUIOp>(x, constant(y)) : x;
  }
  Value less(Value x, Value y) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, x, y);
  }
  Value select(Value c, Value x, Value y) {
    return arith::SelectOp::create(b, c, x, y);
  }
};

/// Where a thread stands among those of its role. A block is one-dimensional.
struct ThreadIndex {
  explicit ThreadIndex(Integers &e);

  /// The warp's number among those that share the rows of a fragment, and the
  /// number of its group.
  Value rowWarp(Integers &e, RankedTensorType fragment) const;
  Value group(Integers &e, RankedTensorType fragment) const;

  Value thread;
  Value lane;
  Value warp;
};

} // namespace mlir::tile

#endif
