//===- SharedStore.cpp - stmatrix, and zeros in shared memory -------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Common/RoundPair.h"
#include "Common/SharedTile.h"
#include "Common/ThreadGroup.h"
#include "Patterns.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::tile;

namespace {
/// 16 x 16 elements by one stmatrix.x4: lane l gives the address of a row of
/// block l / 8, and word i is of block i. A page has at least 16 columns.
struct StoreLowering : OpConversionPattern<StoreOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(StoreOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getSource().getType());
    auto target = cast<MemRefType>(op.getTarget().getType());
    ThreadIndex t(e);
    SharedTile tile =
        SharedTile(adaptor.getTarget().front(), target).shareOf(e, t, type);
    int64_t warpRows = type.getDimSize(0) / getWarps(type);
    OpBuilder::InsertionGuard guard(e.b);
    if (tile.rows < type.getDimSize(0)) { // what does not fit stays behind
      Value owns = e.less(t.warp, e.constant(tile.rows / warpRows));
      auto branch = scf::IfOp::create(e.b, owns, /*withElseRegion=*/false);
      e.b.setInsertionPointToStart(branch.thenBlock());
    }
    // Blocks: rows 0 to 7, rows 8 to 15, then those of the next 8 columns.
    Value row =
        e.add(e.mul(t.rowWarp(e, type), warpRows), e.bitAnd(t.lane, 15));
    Value lane = tile.laneAddress(e, row, e.shiftRight(t.lane, 4));
    ValueRange values = adaptor.getSource();
    int64_t blocksN = getColumnsPerGroup(type) / 8;
    auto shape = NVVM::LdStMatrixShapeAttr::get(getContext(), 8, 8);
    for (int64_t m = 0; m < warpRows / 16; ++m)
      for (int64_t n = 0; n < blocksN; n += 2) {
        SmallVector<Value> words;
        for (int64_t i = (m * blocksN + n) * 4, end = i + 8; i < end; i += 2)
          words.push_back(LLVM::BitcastOp::create(
              e.b, e.b.getI32Type(),
              roundPair(e, values[i], values[i + 1], target.getElementType())));
        NVVM::StMatrixOp::create(
            e.b, SharedTile::pointer(e, tile.at(e, lane, m * 16, n)), words,
            NVVM::MMALayout::row, shape, NVVM::LdStMatrixEltType::B16);
      }
    rewriter.eraseOp(op);
    return success();
  }
};

/// 16 bytes a thread. A swizzle does not leave its row, so it does not matter.
struct ZeroRowsLowering : OpConversionPattern<ZeroRowsOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ZeroRowsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    SharedTile tile(adaptor.getTarget(),
                    cast<MemRefType>(op.getTarget().getType()));
    ThreadGroup group = ThreadGroup::of(op);
    ThreadIndex t(e);
    Value first =
        arith::MaxSIOp::create(e.b, adaptor.getFirst(), e.constant(0));
    Value start = e.add(e.mul(first, tile.chunksPerPage()), t.thread);
    Value end = e.constant(tile.rows * tile.chunksPerPage());
    auto zeros =
        LLVM::ZeroOp::create(e.b, VectorType::get({4}, e.b.getI32Type()));
    auto loop = scf::ForOp::create(e.b, start, end, e.constant(group.threads));
    {
      OpBuilder::InsertionGuard guard(e.b);
      e.b.setInsertionPointToStart(loop.getBody());
      Value address = e.add(tile.base, e.shiftLeft(loop.getInductionVar(), 4));
      for (int64_t page = 0; page < tile.pages(); ++page)
        LLVM::StoreOp::create(
            e.b, zeros,
            SharedTile::pointer(
                e, e.add(address, page * tile.rows * tile.pageBytes)),
            /*alignment=*/16);
    }
    emitAsyncProxyFence(rewriter, op.getLoc());
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

void tile::populateSharedStorePatterns(TypeConverter &converter,
                                       RewritePatternSet &patterns) {
  patterns.add<StoreLowering>(converter, patterns.getContext(), /*benefit=*/2);
  patterns.add<ZeroRowsLowering>(converter, patterns.getContext());
}
