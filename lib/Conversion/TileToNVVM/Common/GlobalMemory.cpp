//===- GlobalMemory.cpp - loads and stores of global memory ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "GlobalTile.h"
#include "Patterns.h"
#include "SharedTile.h"
#include "ThreadGroup.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::tile;

/// Least rows of a warp in an accumulator layout.
static constexpr int64_t kWarpRows = 16;

//===----------------------------------------------------------------------===//
// GlobalTensor
//===----------------------------------------------------------------------===//

Value GlobalTensor::i64(int64_t value) {
  return arith::ConstantOp::create(e.b, e.b.getI64IntegerAttr(value));
}

Value GlobalTensor::widen(Value i32) {
  return arith::ExtSIOp::create(e.b, e.b.getI64Type(), i32);
}

Value GlobalTensor::moved(Value pointer, Value bytes) {
  return LLVM::GEPOp::create(e.b, pointer.getType(), e.b.getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{bytes});
}

Value GlobalTensor::moved(Value pointer, int64_t bytes) {
  if (!bytes)
    return pointer;
  return LLVM::GEPOp::create(e.b, pointer.getType(), e.b.getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{int32_t(bytes)});
}

GlobalTensor::GlobalTensor(Integers &e, Value memref) : e(e), memref(memref) {
  auto type = cast<MemRefType>(memref.getType());
  Type element = type.getElementType();
  int64_t elementBytes =
      element.isIndex() ? 8 : std::max(1u, element.getIntOrFloatBitWidth() / 8);
  auto metadata = memref::ExtractStridedMetadataOp::create(e.b, memref);
  auto bytes = [&](Value elements) -> Value {
    Value wide = arith::IndexCastOp::create(e.b, e.b.getI64Type(), elements);
    return arith::MulIOp::create(e.b, wide, i64(elementBytes));
  };
  Value address = arith::IndexCastOp::create(
      e.b, e.b.getI64Type(),
      memref::ExtractAlignedPointerAsIndexOp::create(e.b, memref));
  Value start = LLVM::IntToPtrOp::create(
      e.b, LLVM::LLVMPointerType::get(e.b.getContext(), 1), address);
  base = moved(start, bytes(metadata.getOffset()));
  SmallVector<int64_t> strides;
  int64_t offset;
  bool known = succeeded(type.getStridesAndOffset(strides, offset));
  for (auto [d, stride] : llvm::enumerate(metadata.getStrides()))
    byteStrides.push_back(known && !ShapedType::isDynamic(strides[d])
                              ? i64(strides[d] * elementBytes)
                              : bytes(stride));
}

Value GlobalTensor::size(int64_t d) {
  Value size = memref::DimOp::create(e.b, memref,
                                     arith::ConstantIndexOp::create(e.b, d));
  return arith::IndexCastOp::create(e.b, e.b.getI32Type(), size);
}

Value GlobalTensor::pointer(ValueRange indices) {
  Value result = base;
  for (auto [index, stride] : llvm::zip(indices, byteStrides))
    result = moved(result, arith::MulIOp::create(e.b, widen(index), stride));
  return result;
}

Value GlobalTensor::element(ValueRange indices) {
  SmallVector<Value> narrow;
  for (Value index : indices)
    narrow.push_back(arith::IndexCastOp::create(e.b, e.b.getI32Type(), index));
  return pointer(narrow);
}

Value GlobalTensor::rowPointer(Value row, Value column) {
  Value narrow = arith::TruncIOp::create(e.b, e.b.getI32Type(), byteStrides[0]);
  Value offset = arith::MulIOp::create(e.b, widen(row), widen(narrow));
  return moved(moved(base, offset),
               arith::MulIOp::create(e.b, widen(column), byteStrides[1]));
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {
struct GatherLowering : OpConversionPattern<GatherOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(GatherOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    GlobalTensor source(e, adaptor.getSource().front());
    auto type = cast<RankedTensorType>(op.getResult().getType());
    size_t count = getValuesPerThread(type);
    SmallVector<Value> results;
    for (size_t i = 0; i < count; ++i) {
      SmallVector<Value> indices;
      for (auto [index, values] :
           llvm::zip(op.getIndices(), adaptor.getIndices()))
        indices.push_back(isFragment(index.getType()) ? values[i]
                                                      : values.front());
      results.push_back(LLVM::LoadOp::create(e.b, type.getElementType(),
                                             source.pointer(indices)));
    }
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }
};

/// A scalar from a captured tensor, read as global memory.
struct ScalarLoadLowering : OpConversionPattern<memref::LoadOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(memref::LoadOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    GlobalTensor source(e, op.getMemRef());
    // An index in memory has 64 bits.
    Type type = op.getType().isIndex() ? e.b.getI64Type() : op.getType();
    Value loaded =
        LLVM::LoadOp::create(e.b, type, source.element(op.getIndices()));
    if (op.getType().isIndex())
      loaded = arith::IndexCastOp::create(e.b, op.getType(), loaded);
    rewriter.replaceOp(op, loaded);
    return success();
  }
};

/// An element of memory that the kernel only reads.
struct LoadConstantLowering : OpConversionPattern<LoadConstantOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(LoadConstantOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    GlobalTensor source(e, op.getSource());
    rewriter.replaceOpWithNewOp<LLVM::LoadOp>(
        op, e.b.getI32Type(), source.element(op.getIndices()), /*alignment=*/4,
        /*isVolatile=*/false, /*isNonTemporal=*/false, /*isInvariant=*/true);
    return success();
  }
};

/// A scalar of a lane to global memory.
struct ScalarStoreLowering : OpConversionPattern<memref::StoreOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(memref::StoreOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    GlobalTensor target(e, op.getMemRef());
    LLVM::StoreOp::create(e.b, adaptor.getValue(),
                          target.element(op.getIndices()));
    rewriter.eraseOp(op);
    return success();
  }
};

/// One lane of each quad stores the value of its rows.
struct StoreRowsLowering : OpConversionPattern<StoreRowsOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(StoreRowsOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getSource().getType());
    GlobalTensor target(e, adaptor.getTarget().front());
    ThreadIndex t(e);
    int64_t warpRows = type.getDimSize(0) / getWarps(type);
    Value first = e.add(
        adaptor.getRow().front(),
        e.add(e.mul(t.rowWarp(e, type), warpRows), e.shiftRight(t.lane, 2)));
    Value leads = isZero(e, e.bitAnd(t.lane, 3));
    if (getGroups(type) > 1) // all groups have the same
      leads = arith::AndIOp::create(e.b, leads, isZero(e, t.group(e, type)));
    Value length = target.size(0);
    for (auto [i, value] : llvm::enumerate(adaptor.getSource())) {
      Value row = e.add(first, i * 8);
      Value inside = arith::AndIOp::create(e.b, leads, e.less(row, length));
      auto branch = scf::IfOp::create(e.b, inside, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(e.b);
      e.b.setInsertionPointToStart(branch.thenBlock());
      LLVM::StoreOp::create(e.b, value, target.pointer({row}));
    }
    rewriter.eraseOp(op);
    return success();
  }

private:
  static Value isZero(Integers &e, Value value) {
    return arith::CmpIOp::create(e.b, arith::CmpIPredicate::eq, value,
                                 e.constant(0));
  }
};

/// Every warp copies its share of the rows, 16 bytes a lane.
struct CopyOutLowering : OpConversionPattern<CopyOutOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CopyOutOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    SharedTile tile(adaptor.getSource().front(),
                    cast<MemRefType>(op.getSource().getType()));
    GlobalTensor target(e, adaptor.getTarget().front());
    int64_t warps = ThreadGroup::of(op).warps();
    int64_t width = cast<MemRefType>(op.getTarget().getType()).getDimSize(1);
    // A warp has written its rows itself, unless groups share the columns.
    if (warps * kWarpRows > tile.rows)
      emitGroupBarrier(e.b, op.getLoc());
    else
      NVVM::SyncWarpOp::create(e.b, e.constant(-1));

    ThreadIndex t(e);
    int64_t warpRows = tile.rows / warps;
    int64_t perPass = 32 / tile.chunksPerPage();
    Value chunk = e.bitAnd(t.lane, tile.chunksPerPage() - 1);
    Value laneRow = e.div(t.lane, tile.chunksPerPage());
    Value row = e.add(e.mul(t.warp, warpRows), laneRow);
    Value globalRow = e.add(adaptor.getRow().front(), row);
    Value length = target.size(0);
    Value column = e.mul(chunk, tile.elementsPerChunk());
    Value start = target.rowPointer(globalRow, column);
    int64_t pageColumns = tile.pageBytes / tile.elementBytes;
    for (int64_t pass = 0; pass * perPass < warpRows; ++pass) {
      // The swizzle depends on the row, which a pass moves by less than 8.
      Value from = tile.laneAddress(e, e.add(row, pass * perPass), chunk);
      Value to = target.moved(
          start, arith::MulIOp::create(e.b, target.byteStride(0),
                                       target.i64(pass * perPass)));
      Value inRows = e.less(e.add(globalRow, pass * perPass), length);
      if (warpRows < perPass) // the next warp has the rest of a pass
        inRows = arith::AndIOp::create(e.b, inRows,
                                       e.less(laneRow, e.constant(warpRows)));
      for (int64_t page = 0; page < tile.pages(); ++page) {
        Value inside = inRows;
        if ((page + 1) * pageColumns > width)
          inside = arith::AndIOp::create(
              e.b, inRows,
              e.less(column, e.constant(width - page * pageColumns)));
        auto branch = scf::IfOp::create(e.b, inside, /*withElseRegion=*/false);
        OpBuilder::InsertionGuard guard(e.b);
        e.b.setInsertionPointToStart(branch.thenBlock());
        Value address = e.add(from, page * tile.rows * tile.pageBytes);
        auto piece = VectorType::get({4}, e.b.getI32Type());
        Value data = LLVM::LoadOp::create(
            e.b, piece, SharedTile::pointer(e, address), /*alignment=*/16);
        storeChunk(e, target, data, target.moved(to, page * tile.pageBytes),
                   op.getAlignment());
      }
    }
    // In a role one lane says for the warp that the buffer has been read.
    if (ThreadGroup::of(op).kind != ThreadGroup::Kind::Block)
      NVVM::SyncWarpOp::create(e.b, e.constant(-1));
    rewriter.eraseOp(op);
    return success();
  }

private:
  /// 16 bytes in pieces of the row's alignment.
  static void storeChunk(Integers &e, GlobalTensor &target, Value data,
                         Value to, int64_t alignment) {
    if (alignment == 16) {
      LLVM::StoreOp::create(e.b, data, to, /*alignment=*/16);
      return;
    }
    Type piece = e.b.getIntegerType(alignment * 8);
    data = LLVM::BitcastOp::create(
        e.b, VectorType::get({16 / alignment}, piece), data);
    for (int64_t i = 0; i < 16 / alignment; ++i)
      LLVM::StoreOp::create(
          e.b, LLVM::ExtractElementOp::create(e.b, data, e.constant(i)),
          target.moved(to, i * alignment), alignment);
  }
};
} // namespace

void tile::populateGlobalPatterns(TypeConverter &converter,
                                  RewritePatternSet &patterns) {
  patterns.add<GatherLowering, ScalarLoadLowering, LoadConstantLowering,
               ScalarStoreLowering, StoreRowsLowering, CopyOutLowering>(
      converter, patterns.getContext());
}
