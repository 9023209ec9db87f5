//===- Rows.cpp - row reductions over quads -------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Integers.h"
#include "Patterns.h"
#include "SharedTile.h"
#include "ThreadGroup.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::tile;

static Value combine(ImplicitLocOpBuilder &b, ReduceKind kind, Value x,
                     Value y) {
  if (kind == ReduceKind::Max)
    return arith::MaxNumFOp::create(b, x, y);
  return arith::AddFOp::create(b, x, y);
}

/// `x` of the lane whose number differs in the bits of `distance`.
static Value exchange(ImplicitLocOpBuilder &b, Value x, int64_t distance) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  };
  return NVVM::ShflOp::create(b, x.getType(), constant(-1), x,
                              constant(distance), constant(31),
                              NVVM::ShflKind::bfly, UnitAttr());
}

/// The combination of the four lanes that share a row, in all four.
static Value reduceQuad(ImplicitLocOpBuilder &b, ReduceKind kind, Value x) {
  for (int64_t distance : {1, 2})
    x = combine(b, kind, x, exchange(b, x, distance));
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
    int64_t blocksN = getColumnsPerGroup(source) / 8;
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

/// One lane of each quad writes the value of its rows. The sum is taken in the
/// order of the groups, so that all of them get the same.
struct CombineLowering : OpConversionPattern<CombineOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CombineOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    ThreadIndex t(e);
    auto type = cast<RankedTensorType>(op.getSource().getType());
    constexpr int64_t kBytes = 4;
    int64_t warpRows = type.getDimSize(0) / getWarps(type);
    int64_t groupBytes = type.getDimSize(0) * kBytes;
    Value row =
        e.add(e.mul(t.rowWarp(e, type), warpRows), e.shiftRight(t.lane, 2));
    Value first = e.add(adaptor.getBuffer().front(), e.mul(row, kBytes));
    Value own = e.add(first, e.mul(t.group(e, type), groupBytes));
    auto at = [&](Value address, int64_t row, int64_t group) {
      return SharedTile::pointer(
          e, e.add(address, row * 8 * kBytes + group * groupBytes));
    };
    Value leads = arith::CmpIOp::create(e.b, arith::CmpIPredicate::eq,
                                        e.bitAnd(t.lane, 3), e.constant(0));
    auto branch = scf::IfOp::create(e.b, leads, /*withElseRegion=*/false);
    {
      OpBuilder::InsertionGuard guard(e.b);
      e.b.setInsertionPointToStart(branch.thenBlock());
      for (auto [i, value] : llvm::enumerate(adaptor.getSource()))
        LLVM::StoreOp::create(e.b, value, at(own, i, 0));
    }
    emitGroupBarrier(e.b, op.getLoc());
    SmallVector<Value> results;
    for (size_t i = 0; i < adaptor.getSource().size(); ++i) {
      Value result;
      for (int64_t group = 0; group < getGroups(type); ++group) {
        Value part = LLVM::LoadOp::create(e.b, type.getElementType(),
                                          at(first, i, group));
        result = result ? combine(e.b, op.getKind(), result, part) : part;
      }
      results.push_back(result);
    }
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }
};

/// A block of 8 columns at a time, from the last: the two columns of a thread,
/// the columns of later lanes of the quad, and what the blocks before have
/// summed up.
struct ScanLowering : OpConversionPattern<ScanOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ScanOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    ThreadIndex thread(e);
    Value zero = arith::ConstantOp::create(e.b, e.b.getF32FloatAttr(0.0));
    Value isLast[2]; // of the two lanes, of the two pairs of lanes
    for (int64_t bit : {0, 1})
      isLast[bit] =
          arith::CmpIOp::create(e.b, arith::CmpIPredicate::ne,
                                e.bitAnd(thread.lane, 1 << bit), e.constant(0));
    auto source = cast<RankedTensorType>(op.getSource().getType());
    int64_t blocksN = source.getDimSize(1) / 8;
    SmallVector<Value> results(adaptor.getSource()), totals(adaptor.getInit());
    for (auto [row, total] : llvm::enumerate(totals))
      for (int64_t n = blocksN - 1; n >= 0; --n) {
        Value *own = &results[((row / 2) * blocksN + n) * 4 + row % 2 * 2];
        Value sum = arith::AddFOp::create(e.b, own[0], own[1]), later = total;
        for (int64_t bit : {0, 1}) {
          Value other = exchange(e.b, sum, 1 << bit);
          later = arith::AddFOp::create(e.b, later,
                                        e.select(isLast[bit], zero, other));
          sum = arith::AddFOp::create(e.b, sum, other);
        }
        own[1] = arith::AddFOp::create(e.b, own[1], later);
        own[0] = arith::AddFOp::create(e.b, own[0], own[1]);
        total = arith::AddFOp::create(e.b, total, sum);
      }
    rewriter.replaceOpWithMultiple(op, {results, totals});
    return success();
  }
};

/// Column 8n + 2q + c of block n of a group that starts at f against a limit is
/// the constant 8n + c against limit - 2q - f. On a diagonal row g + 8h of a
/// block has the limit of row g plus 8h: 8(n - h) + c against that of row g.
struct CompareColumnsLowering : OpConversionPattern<CompareColumnsOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CompareColumnsOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getResult().getType());
    ThreadIndex t(e);
    Value first = e.add(e.mul(t.group(e, type), getColumnsPerGroup(type)),
                        e.shiftLeft(e.bitAnd(t.lane, 3), 1));
    bool diagonal = op.getLimit().getType().isInteger(32);
    SmallVector<Value> limits;
    for (Value limit : adaptor.getLimit())
      limits.push_back(e.sub(limit, first));
    if (diagonal) {
      int64_t warpRows = type.getDimSize(0) / getWarps(type);
      limits[0] = e.add(limits[0], e.add(e.mul(t.rowWarp(e, type), warpRows),
                                         e.shiftRight(t.lane, 2)));
    }
    auto predicate = op.getBound() == Bound::AtMost ? arith::CmpIPredicate::sle
                                                    : arith::CmpIPredicate::sge;
    int64_t blocksN = getColumnsPerGroup(type) / 8;
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
  patterns.add<ReduceLowering, CombineLowering, ScanLowering, TotalLowering,
               CompareColumnsLowering>(converter, patterns.getContext());
}
