//===- SharedTile.cpp - swizzled shared buffers ---------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "SharedTile.h"
#include "Patterns.h"
#include "RoundPair.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::tile;

/// All of a kernel's shared memory; its size is given at launch.
static constexpr StringRef kSharedSymbol = "attn_shared";

SharedTile::SharedTile(Value base, MemRefType type)
    : base(base), rows(type.getDimSize(0)), columns(type.getDimSize(1)),
      elementBytes(type.getElementTypeBitWidth() / 8),
      pageBytes(cast<SwizzleAttr>(type.getLayout()).getBytes()) {}

Value SharedTile::turn(Integers &e, Value row) const {
  // 128-byte rows: row % 8; 64: row / 2 % 4; 32: row / 4 % 2.
  int64_t shift = llvm::Log2_64(128 / pageBytes);
  return e.bitAnd(e.shiftRight(row, shift), chunksPerPage() - 1);
}

Value SharedTile::laneAddress(Integers &e, Value row, Value chunk) const {
  Value turned = e.shiftLeft(e.bitXor(chunk, turn(e, row)), 4);
  return e.add(base, e.add(e.mul(row, pageBytes), turned));
}

Value SharedTile::at(Integers &e, Value laneAddress, int64_t row,
                     int64_t chunk) const {
  int64_t page = chunk / chunksPerPage();
  Value turned = e.bitXor(laneAddress, (chunk % chunksPerPage()) * 16);
  return e.add(turned, (page * rows + row) * pageBytes);
}

Value SharedTile::elementAddress(Integers &e, Value row, Value column) const {
  Value byte = e.mul(column, elementBytes);
  Value page = e.div(byte, pageBytes), inPage = e.rem(byte, pageBytes);
  Value address = laneAddress(e, row, e.shiftRight(inPage, 4));
  return e.add(e.add(address, e.mul(page, rows * pageBytes)),
               e.bitAnd(inPage, 15));
}

SharedTile SharedTile::shareOf(Integers &e, const ThreadIndex &t,
                               RankedTensorType accumulator) const {
  SharedTile share = *this;
  int64_t groups = getGroups(accumulator);
  if (groups == 1)
    return share;
  share.columns /= groups;
  int64_t bytes = columnOffset(share.columns, /*transposed=*/false);
  share.base = e.add(base, e.mul(t.group(e, accumulator), bytes));
  return share;
}

Value SharedTile::pointer(Integers &e, Value address) {
  return LLVM::IntToPtrOp::create(
      e.b, LLVM::LLVMPointerType::get(e.b.getContext(), 3), address);
}

/// The module's `extern shared` array, declared on first use.
static LLVM::GlobalOp getSharedArray(OpBuilder &b, Location loc) {
  auto module =
      b.getInsertionBlock()->getParentOp()->getParentOfType<gpu::GPUModuleOp>();
  if (auto global = module.lookupSymbol<LLVM::GlobalOp>(kSharedSymbol))
    return global;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(module.getBody());
  auto type = LLVM::LLVMArrayType::get(b.getI8Type(), 0);
  return LLVM::GlobalOp::create(b, loc, type, /*isConstant=*/false,
                                LLVM::Linkage::External, kSharedSymbol,
                                Attribute(), /*alignment=*/1024,
                                /*addrSpace=*/3);
}

Value tile::getSharedAddress(Integers &e, int64_t offset) {
  Value array =
      LLVM::AddressOfOp::create(e.b, getSharedArray(e.b, e.b.getLoc()));
  Value base = LLVM::PtrToIntOp::create(e.b, e.b.getI32Type(), array);
  return e.add(base, offset);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {
struct AllocLowering : OpConversionPattern<AllocOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(AllocOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!op.getOffset())
      return op.emitOpError("expected an offset: run tile-allocate-smem first");
    Integers e(op.getLoc(), rewriter);
    rewriter.replaceOp(op, getSharedAddress(e, int64_t(*op.getOffset())));
    return success();
  }
};

struct AliasLowering : OpConversionPattern<AliasOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(AliasOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, adaptor.getBuffer());
    return success();
  }
};

struct SlotLowering : OpConversionPattern<SlotOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(SlotOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = cast<MemRefType>(op.getBuffer().getType());
    int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
    Integers e(op.getLoc(), rewriter);
    rewriter.replaceOp(
        op, e.add(adaptor.getRing(), e.mul(adaptor.getIndex(), bytes)));
    return success();
  }
};

/// Two neighbouring columns are one 4-byte store; eight rows of a quad column
/// cover all banks.
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
      Value owns = e.less(t.rowWarp(e, type), e.constant(tile.rows / warpRows));
      auto branch = scf::IfOp::create(e.b, owns, /*withElseRegion=*/false);
      e.b.setInsertionPointToStart(branch.thenBlock());
    }
    Value row =
        e.add(e.mul(t.rowWarp(e, type), warpRows), e.shiftRight(t.lane, 2));
    Value chunk = e.constant(0);
    Value quad = e.shiftLeft(e.bitAnd(t.lane, 3), 2);
    Value lane = tile.laneAddress(e, row, chunk);
    ValueRange values = adaptor.getSource();
    int64_t blocksN = getColumnsPerGroup(type) / 8;
    for (int64_t m = 0; m < warpRows / 16; ++m)
      for (int64_t n = 0; n < blocksN; ++n)
        for (int64_t half = 0; half < 2; ++half) {
          int64_t first = (m * blocksN + n) * 4 + half * 2;
          Value address = tile.at(e, lane, m * 16 + half * 8, n);
          Value pair = roundPair(e, values[first], values[first + 1],
                                 target.getElementType());
          LLVM::StoreOp::create(e.b, pair,
                                SharedTile::pointer(e, e.add(address, quad)));
        }
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

void tile::populateSharedPatterns(TypeConverter &converter,
                                  RewritePatternSet &patterns) {
  patterns.add<AllocLowering, AliasLowering, SlotLowering, StoreLowering>(
      converter, patterns.getContext());
}
