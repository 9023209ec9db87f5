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
/// Column 8n + 2q + c of block n against a limit is the constant 8n + c against
/// limit - 2q. On a diagonal row g + 8h of a block has the limit of row g plus
/// 8h: 8(n - h) + c against that of row g.
struct CompareColumnsLowering : OpConversionPattern<CompareColumnsOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CompareColumnsOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getResult().getType());
    ThreadIndex t(e);
    Value quad = e.shiftLeft(e.bitAnd(t.lane, 3), 1);
    bool diagonal = op.getLimit().getType().isInteger(32);
    SmallVector<Value> limits;
    for (Value limit : adaptor.getLimit())
      limits.push_back(e.sub(limit, quad));
    if (diagonal) {
      int64_t warpRows = type.getDimSize(0) / getWarps(type);
      limits[0] = e.add(
          limits[0], e.add(e.mul(t.warp, warpRows), e.shiftRight(t.lane, 2)));
    }
    auto predicate = op.getBound() == Bound::AtMost ? arith::CmpIPredicate::sle
                                                    : arith::CmpIPredicate::sge;
    int64_t blocksN = type.getDimSize(1) / 8;
    llvm::DenseMap<std::pair<int64_t, int64_t>, Value> known;
    SmallVector<Value> results;
    for (int64_t i = 0, end = getValuesPerThread(type); i < end; ++i) {
      int64_t block = i / 4, m = block / blocksN, n = block % blocksN;
      int64_t row = m * 2 + i % 4 / 2, column = 8 * n + i % 2;
      if (diagonal)
        column -= 8 * std::exchange(row, 0);
      Value &result = known[{row, column}];
      if (!result)
        result = arith::CmpIOp::create(e.b, predicate, e.constant(column),
                                       limits[row]);
      results.push_back(result);
    }
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }
};
} // namespace

void tile::populateRowPatterns(TypeConverter &converter,
                               RewritePatternSet &patterns) {
  patterns.add<ReduceLowering, TotalLowering, CompareColumnsLowering>(
      converter, patterns.getContext());
}
