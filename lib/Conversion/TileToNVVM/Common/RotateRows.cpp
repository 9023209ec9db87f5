//===- RotateRows.cpp - rotary embedding of a shared tile -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread keeps its piece of the columns and goes through rows, so that it
// loads its frequencies once. Neighbouring threads have neighbouring rows: the
// swizzle spreads eight of them over all banks, whatever the piece.

#include "GlobalTile.h"
#include "Patterns.h"
#include "RoundPair.h"
#include "SharedTile.h"
#include "ThreadGroup.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::tile;

namespace {
/// What one thread does for an op.
class RowRotation {
public:
  using Values = SmallVector<Value>;

  RowRotation(RotateRowsOp op, Value target, OpBuilder &builder)
      : op(op), e(op.getLoc(), builder),
        tile(target, cast<MemRefType>(op.getTarget().getType())),
        element(cast<MemRefType>(op.getTarget().getType()).getElementType()),
        columns(op.getColumnsPerPiece()), pieces(op.getPieces()),
        pairs(op.getInterleaved() ? columns / 2 : columns) {}

  /// `rowsAtOnce` that the threads rotate together.
  void run(int64_t threads, int64_t rowsAtOnce) {
    ThreadIndex t(e);
    Value row = e.rem(t.thread, rowsAtOnce);
    Value piece = e.div(t.thread, rowsAtOnce);
    Value limit = arith::MinSIOp::create(e.b, e.constant(tile.rows),
                                         e.sub(op.getEnd(), op.getFirst()));
    if (rowsAtOnce * pieces < threads) { // the others have no piece
      Value takesPart = e.less(piece, e.constant(pieces));
      limit = e.select(takesPart, limit, e.constant(0));
      piece = e.select(takesPart, piece, e.constant(0));
    }
    column = e.mul(piece, columns);
    firstPair = e.mul(piece, pairs);
    if (!op.getSines())
      frequencies = loadRow(op.getTable(), op.getWhich(), kTableBytes);
    auto loop = scf::ForOp::create(e.b, row, limit, e.constant(rowsAtOnce));
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPointToStart(loop.getBody());
    rotateRow(loop.getInductionVar());
  }

private:
  void rotateRow(Value row) {
    Value low = tile.elementAddress(e, row, column), high;
    Values lows = load(low), highs;
    if (!op.getInterleaved()) {
      high = tile.elementAddress(e, row,
                                 e.add(column, int64_t(op.getWidth()) / 2));
      highs = load(high);
    }
    auto [cosines, sines] = angles(positionOf(e.add(row, op.getFirst())));
    if (op.getInterleaved()) {
      Values turned;
      for (int64_t i = 0; i < pairs; ++i) {
        auto [x, y] =
            rotate(lows[2 * i], lows[2 * i + 1], cosines[i], sines[i]);
        turned.append({x, y});
      }
      return store(turned, low);
    }
    for (int64_t i = 0; i < pairs; ++i)
      std::tie(lows[i], highs[i]) =
          rotate(lows[i], highs[i], cosines[i], sines[i]);
    store(lows, low);
    store(highs, high);
  }

  Value toF32(Value value) {
    return value.getType().isF32()
               ? value
               : Value(arith::ExtFOp::create(e.b, e.b.getF32Type(), value));
  }
  Value multiply(Value x, Value y) { return arith::MulFOp::create(e.b, x, y); }

  /// As attn.rotary's own kernel does it, to the bit.
  std::pair<Value, Value> rotate(Value x, Value y, Value cosine, Value sine) {
    return {arith::SubFOp::create(e.b, multiply(x, cosine), multiply(y, sine)),
            arith::AddFOp::create(e.b, multiply(y, cosine), multiply(x, sine))};
  }

  std::pair<Values, Values> angles(Value position) {
    if (op.getSines())
      return {loadRow(op.getTable(), position, op.getAlignment()),
              loadRow(op.getSines(), position, op.getAlignment())};
    Value real = arith::SIToFPOp::create(e.b, e.b.getF32Type(), position);
    Value magnitude;
    if (op.getMagnitude().convertToFloat() != 1.0f)
      magnitude = arith::ConstantOp::create(e.b, op.getMagnitudeAttr());
    auto scaled = [&](Value v) {
      return magnitude ? multiply(v, magnitude) : v;
    };
    Values cosines, sines;
    for (Value frequency : frequencies) {
      auto both = math::SincosOp::create(e.b, multiply(real, frequency));
      cosines.push_back(scaled(both.getCos()));
      sines.push_back(scaled(both.getSin()));
    }
    return {cosines, sines};
  }

  Value positionOf(Value row) {
    if (op.getOffset())
      return e.add(row, op.getOffset());
    if (!op.getPositions())
      return row;
    Value index = arith::IndexCastOp::create(e.b, e.b.getIndexType(), row);
    Value position = memref::LoadOp::create(e.b, op.getPositions(), index);
    return position.getType().isInteger(32)
               ? position
               : Value(
                     arith::TruncIOp::create(e.b, e.b.getI32Type(), position));
  }

  /// The values of this thread's pairs in a row of a table, as f32.
  Values loadRow(Value table, Value row, int64_t alignment) {
    Type type = cast<MemRefType>(table.getType()).getElementType();
    int64_t bytes = type.getIntOrFloatBitWidth() / 8;
    alignment =
        std::max(bytes, std::min({kTableBytes, alignment, pairs * bytes}));
    Value loaded = LLVM::LoadOp::create(
        e.b, VectorType::get({pairs}, type),
        GlobalTensor(e, table).pointer({row, firstPair}), alignment);
    return widened(loaded, pairs);
  }

  Values load(Value address) {
    Value loaded = LLVM::LoadOp::create(
        e.b, VectorType::get({columns}, element),
        SharedTile::pointer(e, address), columns * tile.elementBytes);
    return widened(loaded, columns);
  }

  Values widened(Value vector, int64_t count) {
    Values values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(
          toF32(LLVM::ExtractElementOp::create(e.b, vector, e.constant(i))));
    return values;
  }

  void store(ArrayRef<Value> values, Value address) {
    Value data =
        LLVM::UndefOp::create(e.b, VectorType::get({columns}, element));
    auto insert = [&](Value value, int64_t i) {
      data = LLVM::InsertElementOp::create(e.b, data, value, e.constant(i));
    };
    if (columns == 1)
      insert(LLVM::FPTruncOp::create(e.b, element, values[0]), 0);
    for (int64_t i = 0; i + 1 < columns; i += 2) {
      Value pair = roundPair(e, values[i], values[i + 1], element);
      for (int64_t j : {0, 1})
        insert(LLVM::ExtractElementOp::create(e.b, pair, e.constant(j)), i + j);
    }
    LLVM::StoreOp::create(e.b, data, SharedTile::pointer(e, address),
                          columns * tile.elementBytes);
  }

  /// Rows of frequencies start at multiples of what is read of them.
  static constexpr int64_t kTableBytes = 16;

  RotateRowsOp op;
  Integers e;
  SharedTile tile;
  Type element;
  int64_t columns, pieces, pairs; // of a piece; of a row; of a piece

  Value column, firstPair; // of this thread's piece
  Values frequencies;      // null with tables
};

struct RotateRowsLowering : OpConversionPattern<RotateRowsOp> {
  RotateRowsLowering(TypeConverter &converter, MLIRContext *context,
                     bool toAsyncProxy)
      : OpConversionPattern(converter, context), toAsyncProxy(toAsyncProxy) {}
  LogicalResult
  matchAndRewrite(RotateRowsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    int64_t threads = ThreadGroup::of(op).threads;
    int64_t rowsAtOnce = threads / op.getPieces();
    if (!rowsAtOnce)
      return op.emitOpError("expected a row of at most ")
             << threads << " pieces, one for each thread, but got "
             << op.getPieces();
    RowRotation(op, adaptor.getTarget(), rewriter).run(threads, rowsAtOnce);
    if (toAsyncProxy)
      emitAsyncProxyFence(rewriter, op.getLoc());
    rewriter.eraseOp(op);
    return success();
  }

private:
  bool toAsyncProxy;
};
} // namespace

void tile::populateRotateRowsPatterns(TypeConverter &converter,
                                      RewritePatternSet &patterns,
                                      bool toAsyncProxy) {
  patterns.add<RotateRowsLowering>(converter, patterns.getContext(),
                                   toAsyncProxy);
}
