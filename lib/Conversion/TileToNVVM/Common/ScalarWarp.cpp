//===- ScalarWarp.cpp - scalars that threads hand to each other -----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Integers.h"
#include "Patterns.h"
#include "ThreadGroup.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::tile;

static Value reduceWarp(Integers &e, End end, Value value) {
  auto kind = end == End::Least ? NVVM::ReduxKind::MIN : NVVM::ReduxKind::MAX;
  return NVVM::ReduxOp::create(e.b, e.b.getI32Type(), value, kind,
                               e.constant(-1));
}

/// A number of each warp, in shared memory of its own.
static Value createWarpNumbers(Integers &e, gpu::GPUModuleOp module,
                               int64_t warps) {
  auto type = LLVM::LLVMArrayType::get(e.b.getI32Type(), unsigned(warps));
  OpBuilder detached(e.b.getContext());
  auto global = LLVM::GlobalOp::create(
      detached, e.b.getLoc(), type, /*isConstant=*/false,
      LLVM::Linkage::Internal, "attn_warp_numbers",
      LLVM::UndefAttr::get(e.b.getContext()), /*alignment=*/4, /*addrSpace=*/3);
  SymbolTable(module).insert(global, module.getBody()->begin());
  return LLVM::AddressOfOp::create(e.b, global);
}

namespace {
struct ReduceLanesLowering : OpConversionPattern<ReduceLanesOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ReduceLanesOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    rewriter.replaceOp(op, reduceWarp(e, op.getEnd(), adaptor.getValue()));
    return success();
  }
};

struct ExchangeLanesLowering : OpConversionPattern<ExchangeLanesOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ExchangeLanesOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    rewriter.replaceOpWithNewOp<NVVM::ShflOp>(
        op, e.b.getF32Type(), e.constant(-1), adaptor.getValue(),
        e.constant(op.getDistance()), e.constant(31), NVVM::ShflKind::bfly,
        UnitAttr());
    return success();
  }
};

/// Each warp by itself, then all warps the numbers of all.
struct ReduceThreadsLowering : OpConversionPattern<ReduceThreadsOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ReduceThreadsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Integers e(op.getLoc(), rewriter);
    auto kernel = op->getParentOfType<gpu::GPUFuncOp>();
    int64_t warps = kernel.getKnownBlockSize()->front() / 32;
    Value ofWarp = reduceWarp(e, op.getEnd(), adaptor.getValue());
    if (warps == 1) {
      rewriter.replaceOp(op, ofWarp);
      return success();
    }
    Value numbers = createWarpNumbers(
        e, kernel->getParentOfType<gpu::GPUModuleOp>(), warps);
    auto place = [&](Value index) -> Value {
      return LLVM::GEPOp::create(e.b, numbers.getType(), e.b.getI32Type(),
                                 numbers, ArrayRef<LLVM::GEPArg>{index});
    };
    // All lanes of a warp write the same.
    Value thread = NVVM::ThreadIdXOp::create(e.b, e.b.getI32Type());
    LLVM::StoreOp::create(e.b, ofWarp, place(e.shiftRight(thread, 5)));
    emitGroupBarrier(e.b, op.getLoc());
    // Lanes beyond the last warp read its number once more.
    Value lane = e.bitAnd(thread, 31);
    Value index = arith::MinUIOp::create(e.b, lane, e.constant(warps - 1));
    Value number = LLVM::LoadOp::create(e.b, e.b.getI32Type(), place(index));
    rewriter.replaceOp(op, reduceWarp(e, op.getEnd(), number));
    return success();
  }
};
} // namespace

void tile::populateScalarWarpPatterns(TypeConverter &converter,
                                      RewritePatternSet &patterns) {
  patterns
      .add<ReduceLanesLowering, ExchangeLanesLowering, ReduceThreadsLowering>(
          converter, patterns.getContext());
}
