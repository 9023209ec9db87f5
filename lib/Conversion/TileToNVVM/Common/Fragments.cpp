//===- Fragments.cpp - elementwise work on fragments ----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Order of a thread's values: blocks of 16 rows, in each blocks of 8 columns,
// in each (row g, columns 2q, 2q+1), (row g+8, columns 2q, 2q+1), where g =
// lane / 4 and q = lane % 4. Rows: g and g+8 of each block; columns: 2q and
// 2q+1 of each block.

#include "Integers.h"
#include "Patterns.h"
#include "RoundPair.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace mlir::tile;

void tile::addTileTypeConversions(TypeConverter &converter) {
  converter.addConversion([](Type type) { return type; });
  converter.addConversion(
      [](RankedTensorType type,
         SmallVectorImpl<Type> &values) -> std::optional<LogicalResult> {
        if (!isFragment(type))
          return std::nullopt;
        Type value = isa<OperandAAttr>(type.getEncoding())
                         ? IntegerType::get(type.getContext(), 32)
                         : type.getElementType();
        values.append(getValuesPerThread(type), value);
        return success();
      });
  converter.addConversion([](MemRefType type) -> std::optional<Type> {
    if (!isa<SwizzleAttr>(type.getLayout()))
      return std::nullopt;
    return IntegerType::get(type.getContext(), 32);
  });
  converter.addConversion([](PipelineType type) -> Type {
    return IntegerType::get(type.getContext(), 32);
  });
}

namespace {
/// One scalar op per value of the thread.
struct ElementwiseLowering : ConversionPattern {
  ElementwiseLowering(TypeConverter &converter, MLIRContext *context)
      : ConversionPattern(converter, MatchAnyOpTypeTag(), /*benefit=*/1,
                          context) {}

  LogicalResult
  matchAndRewrite(Operation *op, ArrayRef<ValueRange> operands,
                  ConversionPatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1 || !isFragment(op->getResult(0).getType()))
      return rewriter.notifyMatchFailure(op, "not an op on fragments");
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (!OpTrait::hasElementwiseMappableTraits(op))
      return rewriter.notifyMatchFailure(op, "not elementwise");
    size_t count = getValuesPerThread(type);
    SmallVector<Value> results;
    for (size_t i = 0; i < count; ++i) {
      SmallVector<Value> scalars;
      for (ValueRange operand : operands)
        scalars.push_back(operand.size() == 1 && count != 1 ? operand.front()
                                                            : operand[i]);
      OperationState state(op->getLoc(), op->getName(), scalars,
                           type.getElementType(), op->getAttrs());
      results.push_back(rewriter.create(state)->getResult(0));
    }
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }
};

/// Folding makes splats out of elementwise ops.
struct ConstantLowering : OpConversionPattern<arith::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(arith::ConstantOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto splat = dyn_cast<SplatElementsAttr>(op.getValue());
    if (!splat || !isFragment(op.getType()))
      return rewriter.notifyMatchFailure(op, "not a splat of a fragment");
    Value scalar = arith::ConstantOp::create(
        rewriter, op.getLoc(),
        cast<TypedAttr>(splat.getSplatValue<Attribute>()));
    rewriter.replaceOpWithMultiple(
        op,
        {SmallVector<Value>(
            getValuesPerThread(cast<RankedTensorType>(op.getType())), scalar)});
    return success();
  }
};

struct BroadcastLowering : OpConversionPattern<BroadcastOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(BroadcastOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto to = cast<RankedTensorType>(op.getResult().getType());
    auto from = dyn_cast<RankedTensorType>(op.getSource().getType());
    ValueRange source = adaptor.getSource();
    size_t count = getValuesPerThread(to);
    SmallVector<Value> results;
    if (!from) {
      results.assign(count, source.front());
    } else if (isa<RowsAttr>(to.getEncoding())) {
      results.assign(source.begin(), source.end());
    } else {
      int64_t blocksN = getColumnsPerGroup(to) / 8;
      bool rows = isa<RowsAttr>(from.getEncoding());
      for (size_t i = 0; i < count; ++i) {
        size_t block = i / 4, m = block / blocksN, n = block % blocksN;
        results.push_back(rows ? source[m * 2 + i % 4 / 2]
                               : source[n * 2 + i % 2]);
      }
    }
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }
};

struct IndexLowering : OpConversionPattern<IndexOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(IndexOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    ThreadIndex t(e);
    auto type = cast<RankedTensorType>(op.getResult().getType());
    SmallVector<Value> results;
    int64_t count = getValuesPerThread(type);
    if (isa<RowsAttr>(type.getEncoding())) {
      int64_t warpRows = type.getDimSize(0) / getWarps(type);
      Value first =
          e.add(adaptor.getBase(), e.add(e.mul(t.rowWarp(e, type), warpRows),
                                         e.shiftRight(t.lane, 2)));
      for (int64_t i = 0; i < count; ++i)
        results.push_back(e.add(first, i * 8));
    } else {
      int64_t columns = type.getDimSize(0) / getGroups(type);
      Value first =
          e.add(adaptor.getBase(), e.add(e.mul(t.group(e, type), columns),
                                         e.shiftLeft(e.bitAnd(t.lane, 3), 1)));
      for (int64_t i = 0; i < count; ++i)
        results.push_back(e.add(first, i / 2 * 8 + i % 2));
    }
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }
};

/// Two neighbouring accumulator blocks are one operand block: words (g, low k),
/// (g+8, low k), (g, high k), (g+8, high k).
struct ConvertLowering : OpConversionPattern<ConvertOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ConvertOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    auto to = cast<RankedTensorType>(op.getResult().getType());
    ValueRange source = adaptor.getSource();
    SmallVector<Value> words;
    // Both orders run over pairs of columns, halves of rows, and blocks alike.
    for (size_t i = 0; i + 1 < source.size(); i += 2) {
      Value pair = roundPair(e, source[i], source[i + 1], to.getElementType());
      words.push_back(LLVM::BitcastOp::create(e.b, e.b.getI32Type(), pair));
    }
    rewriter.replaceOpWithMultiple(op, {words});
    return success();
  }
};
} // namespace

void tile::populateFragmentPatterns(TypeConverter &converter,
                                    RewritePatternSet &patterns) {
  patterns.add<ElementwiseLowering, ConstantLowering, BroadcastLowering,
               IndexLowering, ConvertLowering>(converter,
                                               patterns.getContext());
}
