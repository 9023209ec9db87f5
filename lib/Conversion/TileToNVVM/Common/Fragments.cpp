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

/// Positions of sequences do not overflow.
static Value position(Integers &e, Value first, int64_t offset) {
  return e.b.createOrFold<arith::AddIOp>(first, e.constant(offset),
                                         arith::IntegerOverflowFlags::nsw);
}

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
        results.push_back(position(e, first, i * 8));
    } else {
      int64_t columns = type.getDimSize(0) / getGroups(type);
      Value first =
          e.add(adaptor.getBase(), e.add(e.mul(t.group(e, type), columns),
                                         e.shiftLeft(e.bitAnd(t.lane, 3), 1)));
      for (int64_t i = 0; i < count; ++i)
        results.push_back(position(e, first, i / 2 * 8 + i % 2));
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
    if (isFloat8(to.getElementType())) {
      rewriter.replaceOpWithMultiple(op, {wordsOfFloat8(e, source, to)});
      return success();
    }
    SmallVector<Value> words;
    // Both orders run over pairs of columns, halves of rows, and blocks alike.
    for (size_t i = 0; i + 1 < source.size(); i += 2) {
      Value pair = roundPair(e, source[i], source[i + 1], to.getElementType());
      words.push_back(LLVM::BitcastOp::create(e.b, e.b.getI32Type(), pair));
    }
    rewriter.replaceOpWithMultiple(op, {words});
    return success();
  }

  /// Word 2p + r of a thread: columns 2q and 2q + 1 of blocks 2p and 2p + 1, in
  /// row g + 8r.
  static SmallVector<Value> wordsOfFloat8(Integers &e, ValueRange source,
                                          RankedTensorType to) {
    SmallVector<Value> words;
    for (size_t i = 0; i + 7 < source.size(); i += 8)
      for (size_t row : {0, 2})
        words.push_back(roundToWord(e, source.slice(i + row, 2),
                                    source.slice(i + 4 + row, 2),
                                    to.getElementType()));
    return words;
  }

  /// One piece of assembly: what LLVM makes of two halves shifted together
  /// costs ptxas two instructions more.
  static Value roundToWord(Integers &e, ValueRange low, ValueRange high,
                           Type float8) {
    std::string cvt = std::string("cvt.rn.satfinite.") +
                      (isa<Float8E4M3FNType>(float8) ? "e4m3x2" : "e5m2x2") +
                      ".f32 ";
    // The first source of a conversion becomes the high byte.
    std::string text = "{ .reg .b16 low, high; " + cvt + "low, $2, $1; " + cvt +
                       "high, $4, $3; mov.b32 $0, {low, high}; }";
    return LLVM::InlineAsmOp::create(
               e.b, e.b.getLoc(), e.b.getI32Type(),
               ValueRange{low[0], low[1], high[0], high[1]}, text, "=r,f,f,f,f",
               /*has_side_effects=*/false,
               /*is_align_stack=*/false, LLVM::TailCallKind::None,
               LLVM::AsmDialectAttr(), ArrayAttr())
        .getRes();
  }
};
} // namespace

void tile::populateFragmentPatterns(TypeConverter &converter,
                                    RewritePatternSet &patterns) {
  patterns.add<ElementwiseLowering, ConstantLowering, BroadcastLowering,
               IndexLowering, ConvertLowering>(converter,
                                               patterns.getContext());
}
