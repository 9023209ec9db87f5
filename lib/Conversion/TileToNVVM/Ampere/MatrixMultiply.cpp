//===- MatrixMultiply.cpp - ldmatrix and mma.sync.m16n8k16 ----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Common/SharedTile.h"
#include "Patterns.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::tile;

namespace {
/// Four 8x8 blocks by one ldmatrix.x4: lane l gives the address of a row of
/// block l / 8, and word i of the result belongs to block i.
class BlockLoader {
public:
  /// `row` and `chunk`: the lane's row and 16-byte column inside a 16 x 16
  /// block.
  BlockLoader(Integers &e, SharedTile tile, Value row, Value chunk,
              bool transpose)
      : e(e), tile(tile), lane(tile.laneAddress(e, row, chunk)),
        transpose(transpose) {}

  SmallVector<Value, 4> load(int64_t row, int64_t column) {
    Value address = tile.at(e, lane, row, column / tile.elementsPerChunk());
    Type i32 = e.b.getI32Type();
    auto words = LLVM::LLVMStructType::getLiteral(e.b.getContext(),
                                                  {i32, i32, i32, i32});
    auto shape = NVVM::LdStMatrixShapeAttr::get(e.b.getContext(), 8, 8);
    Value loaded = NVVM::LdMatrixOp::create(
        e.b, words, SharedTile::pointer(e, address), 4,
        transpose ? NVVM::MMALayout::col : NVVM::MMALayout::row, shape,
        NVVM::LdStMatrixEltType::B16);
    SmallVector<Value, 4> result;
    for (int64_t i = 0; i < 4; ++i)
      result.push_back(LLVM::ExtractValueOp::create(e.b, loaded, i));
    return result;
  }

private:
  Integers &e;
  SharedTile tile;
  Value lane;
  bool transpose;
};

/// The loops of one tile.dot, for one warp.
class DotEmitter {
public:
  DotEmitter(DotOp op, OpConversionPattern<DotOp>::OneToNOpAdaptor adaptor,
             OpBuilder &rewriter)
      : op(op), adaptor(adaptor), e(op.getLoc(), rewriter), t(e),
        type(cast<RankedTensorType>(op.getResult().getType())),
        warpRows(type.getDimSize(0) / getWarps(type)), blocksM(warpRows / 16),
        blocksN(getColumnsPerGroup(type) / 8),
        depth(cast<ShapedType>(op.getA().getType()).getDimSize(1)),
        element(cast<ShapedType>(op.getB().getType()).getElementType()) {}

  SmallVector<Value> run() {
    SmallVector<Value> accumulator(adaptor.getAccumulator());
    for (int64_t k = 0; k < depth; k += 16) {
      SmallVector<SmallVector<Value, 4>> a = loadA(k);
      for (int64_t n = 0; n < blocksN; n += 2) {
        SmallVector<Value, 4> b = loadB(k, n);
        for (int64_t half = 0; half < 2; ++half)
          for (int64_t m = 0; m < blocksM; ++m)
            multiply(a[m], {b[2 * half], b[2 * half + 1]},
                     MutableArrayRef<Value>(accumulator)
                         .slice((m * blocksN + n + half) * 4, 4));
      }
    }
    return accumulator;
  }

private:
  /// Operand blocks of 16 x 16: from registers, or rows of this warp in shared
  /// memory.
  SmallVector<SmallVector<Value, 4>> loadA(int64_t k) {
    SmallVector<SmallVector<Value, 4>> blocks;
    if (isFragment(op.getA().getType())) {
      for (int64_t m = 0; m < blocksM; ++m) {
        ValueRange words =
            adaptor.getA().slice((m * (depth / 16) + k / 16) * 4, 4);
        blocks.emplace_back(words.begin(), words.end());
      }
      return blocks;
    }
    if (!aLoader) {
      // Lanes 0-15: rows of the low half of k, lanes 16-31: of the high half.
      Value row =
          e.add(e.mul(t.rowWarp(e, type), warpRows), e.bitAnd(t.lane, 15));
      aLoader.emplace(e, shared(adaptor.getA(), op.getA()), row,
                      e.shiftRight(t.lane, 4), /*transpose=*/false);
    }
    for (int64_t m = 0; m < blocksM; ++m)
      blocks.push_back(aLoader->load(m * 16, k));
    return blocks;
  }

  /// Two column blocks: words (k low, k high) of the first, then of the second.
  SmallVector<Value, 4> loadB(int64_t k, int64_t n) {
    bool transposed = op.getTransposed();
    if (!bLoader) {
      Value row, chunk;
      if (transposed) { // stored n x k: blocks (n, k), (n, k+8), (n+8, k), ...
        row =
            e.add(e.bitAnd(t.lane, 7), e.shiftLeft(e.shiftRight(t.lane, 4), 3));
        chunk = e.bitAnd(e.shiftRight(t.lane, 3), 1);
      } else { // stored k x n: blocks (k, n), (k+8, n), (k, n+8), ...
        row = e.bitAnd(t.lane, 15);
        chunk = e.shiftRight(t.lane, 4);
      }
      SharedTile tile = shared(adaptor.getB(), op.getB());
      int64_t bytes = tile.columnOffset(getColumnsPerGroup(type), transposed);
      tile.base = e.add(tile.base, e.mul(t.group(e, type), bytes));
      // In the row and not in the base, which changes with the slot of a ring.
      if (int64_t batches = op.getBatches(); batches > 1)
        row = e.add(row, e.mul(e.div(t.warp, getWarps(type) / batches),
                               type.getDimSize(1)));
      bLoader.emplace(e, tile, row, chunk, /*transpose=*/!transposed);
    }
    return transposed ? bLoader->load(n * 8, k) : bLoader->load(k, n * 8);
  }

  static SharedTile shared(ValueRange base, Value buffer) {
    return SharedTile(base.front(), cast<MemRefType>(buffer.getType()));
  }

  /// c += a * b for one 16 x 8 block.
  void multiply(ArrayRef<Value> a, ArrayRef<Value> b,
                MutableArrayRef<Value> c) {
    Type f32 = e.b.getF32Type();
    auto result = LLVM::LLVMStructType::getLiteral(e.b.getContext(),
                                                   {f32, f32, f32, f32});
    auto types = element.isBF16() ? NVVM::MMATypes::bf16 : NVVM::MMATypes::f16;
    Value product = NVVM::MmaOp::create(
        e.b, result, typed(a), typed(b), ValueRange(c), {16, 8, 16},
        std::nullopt, std::nullopt, std::array{types, types},
        std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
    for (int64_t i = 0; i < 4; ++i)
      c[i] = LLVM::ExtractValueOp::create(e.b, product, i);
  }

  /// The op wants bf16 pairs as i32 and f16 pairs as vectors.
  SmallVector<Value> typed(ArrayRef<Value> words) {
    SmallVector<Value> result(words);
    if (element.isF16())
      for (Value &word : result)
        word =
            LLVM::BitcastOp::create(e.b, VectorType::get({2}, element), word);
    return result;
  }

  DotOp op;
  OpConversionPattern<DotOp>::OneToNOpAdaptor adaptor;
  Integers e;
  ThreadIndex t;
  RankedTensorType type;
  int64_t warpRows, blocksM, blocksN, depth;
  Type element;
  std::optional<BlockLoader> aLoader, bLoader;
};

struct DotLowering : OpConversionPattern<DotOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DotOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    if (getGroups(type) > 1 && isFragment(op.getA().getType()))
      return op.emitOpError("expected operand a in shared memory for a product "
                            "in column groups: run tile-stage-weights first");
    rewriter.replaceOpWithMultiple(op,
                                   {DotEmitter(op, adaptor, rewriter).run()});
    return success();
  }
};
} // namespace

void tile::populateMatrixPatterns(TypeConverter &converter,
                                  RewritePatternSet &patterns) {
  patterns.add<DotLowering>(converter, patterns.getContext());
}
