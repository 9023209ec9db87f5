//===- TensorCopy.cpp - cp.async.bulk.tensor ------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A map's box is one page of a shared buffer, so a buffer is one instruction
// for each page. Coordinates are innermost first here: column, row, and the
// outer dimensions from the inside out.

#include "Common/NamedBarriers.h"
#include "Common/SharedTile.h"
#include "Common/ThreadGroup.h"
#include "Common/UniformWarp.h"
#include "Hopper/Barriers.h"
#include "Hopper/InlineAsm.h"
#include "Patterns.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::tile;

/// Cache policies as createpolicy.fractional makes them for all of the data.
static constexpr int64_t kEvictFirst = 0x12F0000000000000;
static constexpr int64_t kEvictLast = 0x14F0000000000000;

/// The generic address of a map, which is a kernel parameter.
static Value mapAddress(Integers &e, Value map) {
  auto pointer = LLVM::LLVMPointerType::get(e.b.getContext());
  return UnrealizedConversionCastOp::create(e.b, pointer, map).getResult(0);
}

namespace {
/// The operands that all pages of a copy share.
class PageOperands {
public:
  PageOperands(Integers &e, InlineAsm &text, const SharedTile &tile,
               Value address, Value map, ValueRange coordinates,
               Value rowOffset, Value columnOffset = {})
      : e(e), text(text), tile(tile), address(text.input(address)),
        map(text.input(map)), columnOffset(columnOffset),
        rank(coordinates.size() + 1) {
    Value row = coordinates.back();
    if (rowOffset)
      row = e.add(row, rowOffset);
    outer = text.input(row);
    for (Value coordinate : llvm::reverse(coordinates.drop_back()))
      outer += ", " + text.input(coordinate);
  }

  std::string dimensions() const { return std::to_string(rank) + "d"; }
  /// A page from row `row` on.
  std::string shared(int64_t page, int64_t row = 0) const {
    return "[" + address + "+" +
           std::to_string((page * tile.rows + row) * tile.pageBytes) + "]";
  }
  std::string tensor(int64_t page) { return tensor(page, map); }
  /// The same place of another tensor.
  std::string tensor(int64_t page, const std::string &from) {
    Value column = e.constant(page * tile.pageBytes / tile.elementBytes);
    if (columnOffset)
      column = e.add(columnOffset, column);
    return "[" + from + ", {" + text.input(column) + ", " + outer + "}]";
  }

private:
  Integers &e;
  InlineAsm &text;
  const SharedTile &tile;
  std::string address, map, outer;
  Value columnOffset;
  size_t rank;
};

struct CopyTensorLowering : OpConversionPattern<CopyTensorOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CopyTensorOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!op.getPipeline())
      return op.emitOpError("expected a pipeline: the form without one is for "
                            "before roles are assigned");
    Integers e(op.getLoc(), rewriter);
    SharedTile tile(adaptor.getTarget(),
                    cast<MemRefType>(op.getTarget().getType()));
    FillBarriers barriers(e, op.getPipeline(), adaptor.getPipeline(),
                          adaptor.getFill());
    Value address = tile.base, firstRow;
    int64_t blocks = op.getMulticast() ? getClusterSize(op) : 1;
    if (failed(checkShare(op, tile, blocks)))
      return failure();
    if (blocks > 1) {
      Value rank =
          NVVM::ClusterId::create(rewriter, op.getLoc(), rewriter.getI32Type());
      firstRow = e.mul(rank, tile.rows / blocks);
      address = e.add(address, e.mul(firstRow, tile.pageBytes));
    }
    FailureOr<int64_t> policy = getPolicy(op);
    if (failed(policy))
      return failure();

    InlineAsm text(e);
    std::string guard = emitGuard(e, text, ThreadGroup::of(op));
    std::string full = "[" + text.input(barriers.full) + "]";
    text.line(guard + "mbarrier.arrive.expect_tx.shared::cta.b64 _, " + full +
              ", " + Twine(tile.rows * tile.columns * tile.elementBytes) + ";");
    std::string modifiers, tail = full;
    if (blocks > 1) {
      modifiers += ".multicast::cluster";
      text.line(".reg .b16 blocks;");
      text.line("mov.b16 blocks, " + Twine((1 << blocks) - 1) + ";");
      tail += ", blocks";
    }
    if (*policy) {
      modifiers += ".L2::cache_hint";
      Value value =
          arith::ConstantOp::create(e.b, e.b.getI64IntegerAttr(*policy));
      tail += ", " + text.input(value);
    }
    PageOperands operands(e, text, tile, address, mapAddress(e, op.getMap()),
                          adaptor.getCoordinates(), firstRow);
    std::string instruction =
        guard + "cp.async.bulk.tensor." + operands.dimensions() +
        (blocks > 1 ? ".shared::cluster" : ".shared::cta") +
        ".global.tile.mbarrier::complete_tx::bytes" + modifiers + " ";
    for (int64_t page = 0; page < tile.pages(); ++page)
      text.line(instruction + operands.shared(page) + ", " +
                operands.tensor(page) + ", " + tail + ";");
    if (Value map = op.getSecond()) { // the other half of the rows
      std::string second = text.input(mapAddress(e, map));
      for (int64_t page = 0; page < tile.pages(); ++page)
        text.line(instruction + operands.shared(page, tile.rows / 2) + ", " +
                  operands.tensor(page, second) + ", " + tail + ";");
    }
    text.emit();
    rewriter.eraseOp(op);
    return success();
  }

private:
  /// The prefix that leaves one thread of the group; an elected one is alone.
  static std::string emitGuard(Integers &e, InlineAsm &text,
                               ThreadGroup group) {
    if (group.threads == 1)
      return "";
    ThreadIndex t(e);
    text.line(".reg .pred first;");
    text.line("setp.eq.u32 first, " + text.input(t.thread) + ", 0;");
    return "@first ";
  }

  /// Blocks share the rows in whole periods of the swizzle.
  static LogicalResult checkShare(CopyTensorOp op, const SharedTile &tile,
                                  int64_t blocks) {
    if (op.getMulticast() && blocks < 2)
      return op.emitOpError("expected a kernel with tile.cluster = 2 for a "
                            "multicast copy");
    if (tile.rows % (8 * blocks))
      return op.emitOpError("expected rows to be a multiple of ")
             << 8 * blocks << ", but got " << tile.rows;
    return success();
  }

  /// 0: the cache decides.
  static FailureOr<int64_t> getPolicy(CopyTensorOp op) {
    auto evict = op->getAttrOfType<StringAttr>("evict");
    if (!evict)
      return int64_t(0);
    if (evict == "first")
      return kEvictFirst;
    if (evict == "last")
      return kEvictLast;
    return op.emitOpError("expected evict to be first or last, but got ")
           << evict;
  }
};

/// The threads of this warp group meet.
void emitWarpGroupBarrier(Integers &e) {
  Value id = e.add(getUniformWarpGroup(e), kWarpGroupBarrier);
  NVVM::BarrierOp::create(e.b, TypeRange(), id, e.constant(kWarpGroupThreads),
                          NVVM::BarrierReductionAttr(), Value());
}

LogicalResult checkWarpGroups(Operation *op) {
  ThreadGroup group = ThreadGroup::of(op);
  if (group.kind == ThreadGroup::Kind::Producer ||
      group.threads % kWarpGroupThreads)
    return op->emitOpError("expected whole warp groups of consumers");
  return success();
}

struct CopyOutTensorLowering : OpConversionPattern<CopyOutTensorOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CopyOutTensorOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SharedTile tile(adaptor.getSource(),
                    cast<MemRefType>(op.getSource().getType()));
    if (failed(checkWarpGroups(op)))
      return failure();
    int64_t groups = ThreadGroup::of(op).threads / kWarpGroupThreads;
    bool sharesPages =
        storesPages(cast<MemRefType>(op.getSource().getType()), groups);
    if (!sharesPages && tile.rows % (8 * groups))
      return op.emitOpError("expected a multiple of ")
             << 8 * groups << " rows for " << groups << " warp groups, but got "
             << tile.rows;
    Integers e(op.getLoc(), rewriter);
    emitAsyncProxyFence(rewriter, op.getLoc());
    emitWarpGroupBarrier(e);
    Value firstRow, firstColumn, address = tile.base;
    if (sharesPages) {
      tile.columns /= groups;
      firstColumn = e.mul(getUniformWarpGroup(e), tile.columns);
      address = e.add(address, e.mul(firstColumn, tile.columnOffset(1, false)));
    } else {
      firstRow = e.mul(getUniformWarpGroup(e), tile.rows / groups);
      address = e.add(address, e.mul(firstRow, tile.pageBytes));
    }

    InlineAsm text(e);
    text.line(".reg .pred first, leads;");
    text.line("setp.eq.u32 first, " +
              text.input(e.bitAnd(getUniformWarp(e), 3)) + ", 0;");
    text.line("elect.sync _|leads, 0xffffffff;");
    text.line("and.pred leads, leads, first;");
    PageOperands operands(e, text, tile, address, mapAddress(e, op.getMap()),
                          adaptor.getCoordinates(), firstRow, firstColumn);
    for (int64_t page = 0; page < tile.pages(); ++page)
      text.line("@leads cp.async.bulk.tensor." + operands.dimensions() +
                ".global.shared::cta.tile.bulk_group " + operands.tensor(page) +
                ", " + operands.shared(page) + ";");
    text.line("@leads cp.async.bulk.commit_group;");
    text.emit();
    rewriter.eraseOp(op);
    return success();
  }
};

/// One thread of a warp group has started its copies; for it this waits.
struct CopyOutWaitLowering : OpConversionPattern<CopyOutWaitOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CopyOutWaitOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (failed(checkWarpGroups(op)))
      return failure();
    Integers e(op.getLoc(), rewriter);
    InlineAsm text(e);
    text.line("cp.async.bulk.wait_group.read 0;");
    text.emit();
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

void tile::populateTensorCopyPatterns(TypeConverter &converter,
                                      RewritePatternSet &patterns) {
  patterns.add<CopyTensorLowering, CopyOutTensorLowering, CopyOutWaitLowering>(
      converter, patterns.getContext());
}
