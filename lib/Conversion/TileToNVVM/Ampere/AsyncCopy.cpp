//===- AsyncCopy.cpp - cp.async and its groups ----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Common/GlobalTile.h"
#include "Common/SharedTile.h"
#include "Common/ThreadGroup.h"
#include "Patterns.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::tile;

namespace {
/// The cp.async instructions of one tile. Consecutive threads take the chunks
/// of a page row, then the next row: a warp reads whole sectors and writes all
/// banks.
class CopyEmitter {
public:
  /// Fills `count` rows of the tile.
  CopyEmitter(Integers &e, Value source, Value row, SharedTile tile,
              int64_t count, Value inBounds, int64_t width, int64_t alignment,
              int64_t threads)
      : e(e), source(e, source), tile(tile), count(count), width(width),
        alignment(alignment) {
    ThreadIndex t(e);
    chunk = e.rem(t.thread, tile.chunksPerPage());
    threadRow = e.div(t.thread, tile.chunksPerPage());
    rowsPerPass = threads / tile.chunksPerPage();
    firstRow = e.add(row, threadRow);
    column = e.mul(chunk, tile.elementsPerChunk());
    if (!inBounds || !matchPattern(inBounds, m_One())) {
      length = this->source.size(0);
      known = inBounds;
    }
  }

  void run() {
    Value from = source.rowPointer(firstRow, column);
    Value to = tile.laneAddress(e, threadRow, chunk);
    Value step = arith::MulIOp::create(e.b, source.byteStride(0),
                                       source.i64(rowsPerPass));
    for (int64_t row = 0; row < count; row += rowsPerPass) {
      if (row)
        from = source.moved(from, step);
      // The swizzle has a period of 8 rows.
      Value target = rowsPerPass % 8
                         ? tile.laneAddress(e, e.add(threadRow, row), chunk)
                         : e.add(to, row * tile.pageBytes);
      if (row + rowsPerPass <= count) {
        copyRow(row, from, target);
        continue;
      }
      Value owns = e.less(threadRow, e.constant(count - row));
      auto branch = scf::IfOp::create(e.b, owns, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(e.b);
      e.b.setInsertionPointToStart(branch.thenBlock());
      copyRow(row, from, target);
    }
  }

private:
  void copyRow(int64_t row, Value from, Value to) {
    Value rowInside; // null: always
    if (length) {
      rowInside = e.less(e.add(firstRow, row), length);
      if (known)
        rowInside = arith::OrIOp::create(e.b, known, rowInside);
    }
    int64_t pageColumns = tile.pageBytes / tile.elementBytes;
    for (int64_t page = 0; page < tile.pages(); ++page) {
      Value inside = rowInside;
      if ((page + 1) * pageColumns > width) {
        Value inColumns =
            e.less(column, e.constant(width - page * pageColumns));
        inside = inside ? Value(arith::AndIOp::create(e.b, inside, inColumns))
                        : inColumns;
      }
      copyChunk(source.moved(from, page * tile.pageBytes),
                e.add(to, page * tile.rows * tile.pageBytes), inside);
    }
  }

  /// 16 bytes, or zeros where `inside` is false (null: always inside).
  void copyChunk(Value from, Value to, Value inside) {
    if (alignment < 4)
      return loadChunk(from, to, inside);
    // Bytes past the source size are written as zeros; none are read when it is
    // 0.
    Value bytes = inside
                      ? e.select(inside, e.constant(alignment), e.constant(0))
                      : Value();
    auto cache = alignment == 16 ? NVVM::LoadCacheModifierKind::CG
                                 : NVVM::LoadCacheModifierKind::CA;
    for (int64_t offset = 0; offset < 16; offset += alignment)
      NVVM::CpAsyncOp::create(e.b, SharedTile::pointer(e, e.add(to, offset)),
                              source.moved(from, offset), alignment, cache,
                              bytes);
  }

  /// The smallest asynchronous copy is 4 bytes: elements go through registers.
  void loadChunk(Value from, Value to, Value inside) {
    Type i16 = e.b.getIntegerType(16);
    auto chunk = VectorType::get({8}, i16);
    Value zeros = LLVM::ZeroOp::create(e.b, chunk);
    auto load = [&]() -> Value {
      Value data = zeros;
      for (int64_t i = 0; i < 8; ++i)
        data = LLVM::InsertElementOp::create(
            e.b, data,
            LLVM::LoadOp::create(e.b, i16, source.moved(from, 2 * i)),
            e.constant(i));
      return data;
    };
    Value data;
    if (!inside) {
      data = load();
    } else {
      auto branch = scf::IfOp::create(e.b, TypeRange{chunk}, inside,
                                      /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(e.b);
      e.b.setInsertionPointToStart(branch.thenBlock());
      scf::YieldOp::create(e.b, load());
      e.b.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(e.b, zeros);
      data = branch.getResult(0);
    }
    LLVM::StoreOp::create(e.b, data, SharedTile::pointer(e, to),
                          /*alignment=*/16);
  }

  Integers &e;
  GlobalTensor source;
  SharedTile tile;   // from the first row that is filled on
  int64_t count;     // of rows
  int64_t width;     // columns of the source
  int64_t alignment; // of its rows, in bytes
  Value chunk, threadRow, firstRow, column;
  int64_t rowsPerPass;
  Value length, known; // null length: every row is inside
};

template <typename CopyLike>
void emitCopy(CopyLike op, Value target, OpBuilder &rewriter) {
  Integers e(op.getLoc(), rewriter);
  SharedTile tile(target, cast<MemRefType>(op.getTarget().getType()));
  SmallVector<Value> sources = {op.getSource()};
  if (Value second = op.getSecond())
    sources.push_back(second);
  int64_t count = tile.rows / sources.size();
  for (Value source : sources) {
    CopyEmitter(e, source, op.getRow(), tile, count, op.getInBounds(),
                cast<MemRefType>(source.getType()).getDimSize(1),
                op.getAlignment(), ThreadGroup::of(op).threads)
        .run();
    // A multiple of 8 rows: the swizzle begins anew.
    tile.base = e.add(tile.base, count * tile.pageBytes);
  }
}

struct CopyAsyncLowering : OpConversionPattern<CopyAsyncOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CopyAsyncOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    emitCopy(op, adaptor.getTarget(), rewriter);
    rewriter.eraseOp(op);
    return success();
  }
};

/// All cp.async of this thread but the newest `pending` groups, visible to the
/// group's threads; and on chips with an asynchronous proxy to that.
void emitArrival(ConversionPatternRewriter &rewriter, Location loc,
                 int64_t pending, bool toAsyncProxy) {
  NVVM::CpAsyncWaitGroupOp::create(rewriter, loc, pending);
  if (toAsyncProxy)
    emitAsyncProxyFence(rewriter, loc);
  emitGroupBarrier(rewriter, loc);
}

/// The synchronous form, where nothing has been pipelined.
struct CopyLowering : OpConversionPattern<CopyOp> {
  CopyLowering(TypeConverter &converter, MLIRContext *context,
               bool toAsyncProxy)
      : OpConversionPattern(converter, context), toAsyncProxy(toAsyncProxy) {}

  LogicalResult
  matchAndRewrite(CopyOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    emitGroupBarrier(rewriter, op.getLoc()); // the buffer's last readers
    emitCopy(op, adaptor.getTarget(), rewriter);
    NVVM::CpAsyncCommitGroupOp::create(rewriter, op.getLoc());
    emitArrival(rewriter, op.getLoc(), /*pending=*/0, toAsyncProxy);
    rewriter.eraseOp(op);
    return success();
  }

private:
  bool toAsyncProxy;
};

struct CommitLowering : OpConversionPattern<AsyncCommitOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(AsyncCommitOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<NVVM::CpAsyncCommitGroupOp>(op);
    return success();
  }
};

struct WaitLowering : OpConversionPattern<AsyncWaitOp> {
  WaitLowering(TypeConverter &converter, MLIRContext *context,
               bool toAsyncProxy)
      : OpConversionPattern(converter, context), toAsyncProxy(toAsyncProxy) {}

  LogicalResult
  matchAndRewrite(AsyncWaitOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    emitArrival(rewriter, op.getLoc(), op.getPending(), toAsyncProxy);
    rewriter.eraseOp(op);
    return success();
  }

private:
  bool toAsyncProxy;
};

/// Outside of roles, of all blocks of the cluster.
struct BarrierLowering : OpConversionPattern<BarrierOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(BarrierOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (getClusterSize(op) > 1 &&
        ThreadGroup::of(op).kind == ThreadGroup::Kind::Block) {
      UnitAttr aligned = rewriter.getUnitAttr();
      NVVM::ClusterArriveOp::create(rewriter, op.getLoc(), aligned);
      NVVM::ClusterWaitOp::create(rewriter, op.getLoc(), aligned);
    } else {
      emitGroupBarrier(rewriter, op.getLoc());
    }
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

void tile::populateAsyncCopyPatterns(TypeConverter &converter,
                                     RewritePatternSet &patterns,
                                     bool toAsyncProxy) {
  patterns.add<CopyAsyncLowering, CommitLowering, BarrierLowering>(
      converter, patterns.getContext());
  patterns.add<CopyLowering, WaitLowering>(converter, patterns.getContext(),
                                           toAsyncProxy);
}
