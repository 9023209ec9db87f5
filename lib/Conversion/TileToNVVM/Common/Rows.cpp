//===- Rows.cpp - row reductions over quads -------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Integers.h"
#include "Patterns.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::tile;

static Value combine(ImplicitLocOpBuilder &b, ReduceKind kind, Value x,
                     Value y) {
  if (kind == ReduceKind::Max)
    return arith::MaxNumFOp::create(b, x, y);
  return arith::AddFOp::create(b, x, y);
}

/// The combination of the four lanes that share a row, in all four.
static Value reduceQuad(ImplicitLocOpBuilder &b, ReduceKind kind, Value x) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  };
  for (int64_t distance : {1, 2}) {
    Value other = NVVM::ShflOp::create(b, x.getType(), constant(-1), x,
                                       constant(distance), constant(31),
                                       NVVM::ShflKind::bfly, UnitAttr());
    x = combine(b, kind, x, other);
  }
  return x;
}

namespace {
struct ReduceLowering : OpConversionPattern<ReduceOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ReduceOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto source = cast<RankedTensorType>(op.getSource().getType());
    auto layout = cast<RowsAttr>(
        cast<RankedTensorType>(op.getInit().getType()).getEncoding());
    int64_t blocksN = source.getDimSize(1) / 8;
    SmallVector<Value> results(adaptor.getInit());
    for (auto [row, result] : llvm::enumerate(results)) {
      // Two chains: neither LLVM nor ptxas reassociates one.
      Value chains[2] = {result, Value()};
      for (int64_t n = 0; n < blocksN; ++n)
        for (int64_t column = 0; column < 2; ++column) {
          Value element = adaptor.getSource()[((row / 2) * blocksN + n) * 4 +
                                              row % 2 * 2 + column];
          Value &chain = chains[column];
          chain = chain ? combine(b, op.getKind(), chain, element) : element;
        }
      result = combine(b, op.getKind(), chains[0], chains[1]);
      if (!layout.getPartial())
        result = reduceQuad(b, op.getKind(), result);
    }
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }
};

struct TotalLowering : OpConversionPattern<TotalOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(TotalOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> results;
    for (Value share : adaptor.getSource())
      results.push_back(reduceQuad(b, ReduceKind::Add, share));
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }
};
} // namespace

void tile::populateRowPatterns(TypeConverter &converter,
                               RewritePatternSet &patterns) {
  patterns.add<ReduceLowering, TotalLowering>(converter, patterns.getContext());
}
