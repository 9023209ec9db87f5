//===- Halves.cpp - sums of the two halves of the rows --------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Integers.h"
#include "Patterns.h"
#include "SharedTile.h"
#include "ThreadGroup.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::tile;

/// Values that one access moves: 16 bytes a thread. A turn has few of them: a
/// kernel whose rows take all registers has none to wait for more loads.
static constexpr int64_t kPiece = 4, kMostPieces = 8;

namespace {
/// A thread of the first half and its partner, half the threads later, hold the
/// same places of their rows, so a value keeps its number: the buffer is an
/// array of pieces, one for each thread of a half and then the next number.
struct SumHalvesLowering : OpConversionPattern<SumHalvesOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(SumHalvesOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getSource().getType());
    auto buffer = cast<MemRefType>(op.getThrough().getType());
    int64_t half = getWarps(type) * 32 / 2;
    int64_t bytes =
        buffer.getNumElements() * buffer.getElementTypeBitWidth() / 8;
    int64_t inTurn =
        std::min(bytes / (half * kPiece * 4), kMostPieces) * kPiece;
    ThreadIndex t(e);
    Value sends = arith::CmpIOp::create(e.b, arith::CmpIPredicate::sge,
                                        t.thread, e.constant(half));
    Value place = e.add(adaptor.getThrough().front(),
                        e.shiftLeft(e.rem(t.thread, half), 4));
    SmallVector<Value> values(adaptor.getSource());
    auto piece = VectorType::get({kPiece}, e.b.getF32Type());
    // One pointer: what is added to it is part of the instructions.
    Value start = SharedTile::pointer(e, place);
    auto address = [&](int64_t number) -> Value {
      return LLVM::GEPOp::create(
          e.b, start.getType(), e.b.getI8Type(), start,
          ArrayRef<LLVM::GEPArg>{int32_t(number * half * 4)});
    };
    MutableArrayRef<Value> rest(values);
    while (!rest.empty()) {
      MutableArrayRef<Value> turn =
          rest.take_front(std::min<int64_t>(inTurn, rest.size()));
      rest = rest.drop_front(turn.size());
      {
        auto branch = scf::IfOp::create(e.b, sends, /*withElseRegion=*/false);
        OpBuilder::InsertionGuard guard(e.b);
        e.b.setInsertionPointToStart(branch.thenBlock());
        for (size_t i = 0; i < turn.size(); i += kPiece)
          LLVM::StoreOp::create(e.b, gather(e, piece, turn.slice(i, kPiece)),
                                address(i), /*alignment=*/16);
      }
      emitGroupBarrier(e.b, op.getLoc());
      receive(e, sends, turn, address);
      emitGroupBarrier(e.b, op.getLoc());
    }
    rewriter.replaceOpWithMultiple(op, {values});
    return success();
  }

private:
  /// A branch for the adding, too: left to itself it would move to where the
  /// sums are used, and both terms of all of them would wait for it.
  static void receive(Integers &e, Value sends, MutableArrayRef<Value> turn,
                      function_ref<Value(int64_t)> address) {
    auto piece = VectorType::get({kPiece}, e.b.getF32Type());
    auto branch = scf::IfOp::create(e.b, ValueRange(turn).getTypes(), sends,
                                    /*withElseRegion=*/true);
    {
      OpBuilder::InsertionGuard guard(e.b);
      e.b.setInsertionPointToStart(branch.thenBlock());
      scf::YieldOp::create(e.b, turn);
      e.b.setInsertionPointToStart(branch.elseBlock());
      SmallVector<Value> sums;
      Value loaded;
      for (auto [i, own] : llvm::enumerate(turn)) {
        if (i % kPiece == 0)
          loaded = LLVM::LoadOp::create(e.b, piece, address(i),
                                        /*alignment=*/16);
        sums.push_back(
            arith::AddFOp::create(e.b, own,
                                  LLVM::ExtractElementOp::create(
                                      e.b, loaded, e.constant(i % kPiece))));
      }
      scf::YieldOp::create(e.b, sums);
    }
    llvm::copy(branch.getResults(), turn.begin());
  }

  static Value gather(Integers &e, VectorType type, ValueRange values) {
    Value vector = LLVM::PoisonOp::create(e.b, type);
    for (auto [i, value] : llvm::enumerate(values))
      vector = LLVM::InsertElementOp::create(e.b, vector, value, e.constant(i));
    return vector;
  }
};
} // namespace

void tile::populateHalvesPatterns(TypeConverter &converter,
                                  RewritePatternSet &patterns) {
  patterns.add<SumHalvesLowering>(converter, patterns.getContext());
}
