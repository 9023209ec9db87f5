//===- GlobalValues.cpp - vectors of one thread in global memory ----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "GlobalTile.h"
#include "Patterns.h"
#include "RoundFloat8.h"
#include "RoundPair.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace mlir::tile;

namespace {
struct LoadValuesLowering : OpConversionPattern<LoadValuesOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(LoadValuesOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    GlobalTensor source(e, adaptor.getSource());
    int64_t count = op.getValues().size();
    auto vector = VectorType::get({count}, op.getValues()[0].getType());
    Value loaded = LLVM::LoadOp::create(
        e.b, vector, source.pointer(adaptor.getIndices()), op.getAlignment());
    SmallVector<Value> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(
          LLVM::ExtractElementOp::create(e.b, loaded, e.constant(i)));
    rewriter.replaceOp(op, values);
    return success();
  }
};

struct StoreValuesLowering : OpConversionPattern<StoreValuesOp> {
  StoreValuesLowering(TypeConverter &converter, MLIRContext *context,
                      bool hasFp8)
      : OpConversionPattern(converter, context), hasFp8(hasFp8) {}
  LogicalResult
  matchAndRewrite(StoreValuesOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    GlobalTensor target(e, adaptor.getTarget());
    Type element = cast<MemRefType>(op.getTarget().getType()).getElementType();
    Value data = isFloat8(element)
                     ? gatherFloat8(e, adaptor.getValues(), element)
                     : gather(e, adaptor.getValues(), element);
    LLVM::StoreOp::create(e.b, data, target.pointer(adaptor.getIndices()),
                          op.getAlignment());
    rewriter.eraseOp(op);
    return success();
  }

private:
  /// A vector of the values, rounded in pairs where they are wider.
  static Value gather(Integers &e, ValueRange values, Type element) {
    bool rounds = values[0].getType() != element;
    int64_t count = values.size(), step = rounds && count > 1 ? 2 : 1;
    Value data = LLVM::UndefOp::create(e.b, VectorType::get({count}, element));
    auto insert = [&](Value value, int64_t i) {
      data = LLVM::InsertElementOp::create(e.b, data, value, e.constant(i));
    };
    for (int64_t i = 0; i < count; i += step) {
      if (!rounds) {
        insert(values[i], i);
      } else if (step == 1) {
        insert(LLVM::FPTruncOp::create(e.b, element, values[i]), i);
      } else {
        Value pair = roundPair(e, values[i], values[i + 1], element);
        for (int64_t j : {0, 1})
          insert(LLVM::ExtractElementOp::create(e.b, pair, e.constant(j)),
                 i + j);
      }
    }
    return data;
  }

  /// The same for 8-bit floats, which LLVM has no type for.
  Value gatherFloat8(Integers &e, ValueRange values, Type float8) const {
    auto round = [&](Value low, Value high) {
      return roundPairToFloat8(e, low, high, float8, hasFp8);
    };
    int64_t count = values.size();
    if (count == 1)
      return arith::TruncIOp::create(e.b, e.b.getI8Type(),
                                     round(values[0], values[0]));
    // Of whole pairs, so that no byte of a register is ever undefined.
    Value data = LLVM::UndefOp::create(
        e.b, VectorType::get({count / 2}, e.b.getI16Type()));
    for (int64_t i = 0; i < count; i += 2)
      data = LLVM::InsertElementOp::create(
          e.b, data, round(values[i], values[i + 1]), e.constant(i / 2));
    return data;
  }

  bool hasFp8;
};
} // namespace

void tile::populateGlobalValuesPatterns(TypeConverter &converter,
                                        RewritePatternSet &patterns,
                                        bool hasFp8) {
  patterns.add<LoadValuesLowering>(converter, patterns.getContext());
  patterns.add<StoreValuesLowering>(converter, patterns.getContext(), hasFp8);
}
