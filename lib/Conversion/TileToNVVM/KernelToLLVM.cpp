//===- KernelToLLVM.cpp - scalar kernels to the LLVM dialect --------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Upstream's convert-gpu-to-nvvm turns exp2 and friends into calls of a device
// library that is not free to ship; here they are instructions.

#include "Common/SineCosine.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::attn {
#define GEN_PASS_DEF_KERNELTOLLVMPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

namespace {
//===----------------------------------------------------------------------===//
// Math
//===----------------------------------------------------------------------===//

/// One-instruction approximations (2 ulp and better), flushing denormals.
template <typename OpT>
struct MathIntrinsicLowering : ConvertOpToLLVMPattern<OpT> {
  MathIntrinsicLowering(const LLVMTypeConverter &converter, StringRef name)
      : ConvertOpToLLVMPattern<OpT>(converter), name(name) {}
  LogicalResult
  matchAndRewrite(OpT op, typename OpT::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return op.emitOpError("expected f32 in a kernel, but got ")
             << op.getType();
    rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
        op, op.getType(), rewriter.getStringAttr(name), adaptor.getOperand());
    return success();
  }
  StringRef name;
};

/// f(x) = factor * g(x) or g(factor * x), with g another math op.
template <typename OpT, typename BaseOpT, bool scaleArgument>
struct RebasedLowering : OpRewritePattern<OpT> {
  RebasedLowering(MLIRContext *context, double factor)
      : OpRewritePattern<OpT>(context), factor(factor) {}
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value scale =
        arith::ConstantOp::create(b, b.getFloatAttr(op.getType(), factor));
    Value x = op.getOperand();
    if (scaleArgument)
      x = arith::MulFOp::create(b, x, scale);
    Value y = BaseOpT::create(b, x);
    rewriter.replaceOp(
        op, scaleArgument ? y : Value(arith::MulFOp::create(b, y, scale)));
    return success();
  }
  double factor;
};

/// tanh(x) = 1 - 2 / (exp(2x) + 1): absolute error of some 1e-7, exact limits.
struct TanhLowering : OpRewritePattern<math::TanhOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::TanhOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto constant = [&](double value) -> Value {
      return arith::ConstantOp::create(b, b.getFloatAttr(op.getType(), value));
    };
    Value power = math::Exp2Op::create(
        b, arith::MulFOp::create(b, op.getOperand(),
                                 constant(2 * 1.4426950408889634)));
    Value reciprocal = arith::DivFOp::create(
        b, constant(1.0), arith::AddFOp::create(b, power, constant(1.0)));
    rewriter.replaceOpWithNewOp<arith::SubFOp>(
        op, constant(1.0), arith::MulFOp::create(b, reciprocal, constant(2.0)));
    return success();
  }
};

/// Division by a 2 ulp instruction instead of a correctly rounded subroutine; a
/// reciprocal is a single one of 1 ulp.
struct DivLowering : ConvertOpToLLVMPattern<arith::DivFOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(arith::DivFOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return rewriter.notifyMatchFailure(op, "only f32 has an approximation");
    if (matchPattern(op.getLhs(), m_OneFloat()))
      rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
          op, op.getType(),
          rewriter.getStringAttr("llvm.nvvm.rcp.approx.ftz.f"),
          adaptor.getRhs());
    else
      rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
          op, op.getType(), rewriter.getStringAttr("llvm.nvvm.div.full.ftz"),
          adaptor.getOperands());
    return success();
  }
};

//===----------------------------------------------------------------------===//
// GPU
//===----------------------------------------------------------------------===//

struct BlockIdLowering : ConvertOpToLLVMPattern<gpu::BlockIdOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(gpu::BlockIdOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type i32 = rewriter.getI32Type();
    Value id;
    switch (op.getDimension()) {
    case gpu::Dimension::x:
      id = NVVM::BlockIdXOp::create(rewriter, loc, i32);
      break;
    case gpu::Dimension::y:
      id = NVVM::BlockIdYOp::create(rewriter, loc, i32);
      break;
    case gpu::Dimension::z:
      id = NVVM::BlockIdZOp::create(rewriter, loc, i32);
      break;
    }
    rewriter.replaceOpWithNewOp<LLVM::ZExtOp>(op, getIndexType(), id);
    return success();
  }
};

/// Blocks have one dimension.
struct ThreadIdLowering : ConvertOpToLLVMPattern<gpu::ThreadIdOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(gpu::ThreadIdOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getDimension() != gpu::Dimension::x)
      return op.emitOpError("expected dimension x: blocks have one dimension");
    Value id =
        NVVM::ThreadIdXOp::create(rewriter, op.getLoc(), rewriter.getI32Type());
    rewriter.replaceOpWithNewOp<LLVM::ZExtOp>(op, getIndexType(), id);
    return success();
  }
};

struct ReturnLowering : ConvertOpToLLVMPattern<gpu::ReturnOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(gpu::ReturnOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<LLVM::ReturnOp>(op, ValueRange());
    return success();
  }
};

/// What tile-to-nvvm has left of tensor maps: their address.
struct CastLowering : ConvertOpToLLVMPattern<UnrealizedConversionCastOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(UnrealizedConversionCastOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getNumOperands() != 1 || op.getNumResults() != 1 ||
        op.getResult(0).getType() != adaptor.getInputs()[0].getType())
      return rewriter.notifyMatchFailure(op, "the types stay different");
    rewriter.replaceOp(op, adaptor.getInputs());
    return success();
  }
};

/// A tensor map is a parameter of 128 bytes, which the copy engine reads where
/// it is: LLVM must not copy it.
static void setTensorMapAttributes(LLVM::LLVMFuncOp kernel, unsigned argument) {
  OpBuilder b(kernel.getContext());
  kernel.setArgAttr(
      argument, LLVM::LLVMDialect::getByValAttrName(),
      TypeAttr::get(LLVM::LLVMArrayType::get(b.getI8Type(), 128)));
  kernel.setArgAttr(argument, LLVM::LLVMDialect::getAlignAttrName(),
                    b.getI64IntegerAttr(64));
  kernel.setArgAttr(argument, NVVM::NVVMDialect::getGridConstantAttrName(),
                    b.getUnitAttr());
}

/// A kernel entry: memref arguments become the fields of their descriptors, as
/// the host's launch passes them.
struct KernelLowering : ConvertOpToLLVMPattern<gpu::GPUFuncOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(gpu::GPUFuncOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TypeConverter::SignatureConversion signature(op.getNumArguments());
    Type type = getTypeConverter()->convertFunctionSignature(
        op.getFunctionType(), /*isVariadic=*/false,
        /*useBarePtrCallConv=*/false, signature);
    if (!type)
      return rewriter.notifyMatchFailure(op, "no LLVM type for the signature");
    auto kernel =
        LLVM::LLVMFuncOp::create(rewriter, op.getLoc(), op.getName(), type);
    kernel->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                    rewriter.getUnitAttr());
    kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                    rewriter.getUnitAttr());
    if (auto size = op.getKnownBlockSize())
      kernel->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                      rewriter.getDenseI32ArrayAttr(*size));
    if (auto cluster = op->getAttrOfType<IntegerAttr>("tile.cluster");
        cluster && cluster.getInt() > 1)
      kernel->setAttr(
          NVVM::NVVMDialect::getClusterDimAttrName(),
          rewriter.getDenseI32ArrayAttr({int32_t(cluster.getInt()), 1, 1}));
    // Registers can only be moved between roles where their number is fixed.
    if (op.walk([](NVVM::SetMaxRegisterOp) {
            return WalkResult::interrupt();
          }).wasInterrupted())
      kernel->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                      rewriter.getI32IntegerAttr(1));
    for (auto [i, argument] : llvm::enumerate(op.getArgumentTypes()))
      if (isa<tile::TensorMapType>(argument))
        setTensorMapAttributes(kernel, signature.getInputMapping(i)->inputNo);
    // One instruction per exp2: without this LLVM scales around denormals.
    SmallVector<Attribute> attributes = {rewriter.getStrArrayAttr(
        {"denormal-fp-math-f32", "preserve-sign,preserve-sign"})};
    if (auto schedule = op->getAttrOfType<tile::ScheduleAttr>("tile.schedule"))
      attributes.push_back(rewriter.getStrArrayAttr(
          {"attn-order", tile::stringifyOrder(schedule.getOrder())}));
    kernel.setPassthroughAttr(rewriter.getArrayAttr(attributes));
    rewriter.inlineRegionBefore(op.getBody(), kernel.getBody(), kernel.end());
    rewriter.applySignatureConversion(&kernel.getBody().front(), signature,
                                      getTypeConverter());
    rewriter.eraseOp(op);
    return success();
  }
};

struct KernelToLLVMPass
    : mlir::attn::impl::KernelToLLVMPassBase<KernelToLLVMPass> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    if (failed(expandMath(context)))
      return signalPassFailure();
    LLVMTypeConverter converter(context);
    converter.addConversion([](tile::TensorMapType type) -> Type {
      return LLVM::LLVMPointerType::get(type.getContext());
    });
    RewritePatternSet patterns(context);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    populateMathToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    patterns.add<KernelLowering, ReturnLowering, BlockIdLowering,
                 ThreadIdLowering, CastLowering>(converter);
    patterns.add<DivLowering>(converter, /*benefit=*/2);
    patterns.add<MathIntrinsicLowering<math::Log2Op>>(
        converter, "llvm.nvvm.lg2.approx.ftz.f");
    LLVMConversionTarget target(*context);
    target.addLegalDialect<NVVM::NVVMDialect>();
    target.addIllegalOp<math::Log2Op, UnrealizedConversionCastOp>();
    target.addLegalOp<gpu::GPUModuleOp>();
    if (failed(
            applyFullConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }

private:
  /// Rewrites math ops into the few that are instructions.
  LogicalResult expandMath(MLIRContext *context) {
    RewritePatternSet patterns(context);
    populateMathPatterns(patterns);
    // Not all of arith-expand: it would also spell maxnumf out.
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    FrozenRewritePatternSet frozen(std::move(patterns));
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa<math::MathDialect>(op->getDialect()) ||
          isa<arith::FloorDivSIOp, arith::CeilDivSIOp, arith::CeilDivUIOp>(op))
        ops.push_back(op);
    });
    if (failed(applyOpPatternsGreedily(ops, frozen)))
      return failure();
    WalkResult result = getOperation()->walk([](Operation *op) {
      return succeeded(checkMath(op)) ? WalkResult::advance()
                                      : WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }

  static void populateMathPatterns(RewritePatternSet &patterns) {
    MLIRContext *context = patterns.getContext();
    constexpr double kLog2E = 1.4426950408889634, kLn2 = 0.6931471805599453,
                     kLog10Of2 = 0.30102999566398120;
    patterns.add<RebasedLowering<math::ExpOp, math::Exp2Op, true>>(context,
                                                                   kLog2E);
    patterns.add<RebasedLowering<math::LogOp, math::Log2Op, false>>(context,
                                                                    kLn2);
    patterns.add<RebasedLowering<math::Log10Op, math::Log2Op, false>>(
        context, kLog10Of2);
    patterns.add<TanhLowering>(context);
    tile::populateSineCosinePatterns(patterns);
    // The rest is upstream's: identities, then polynomials in f32.
    math::populateExpansionPatterns(
        patterns, {"sinh", "cosh", "tan", "asinh", "acosh", "atanh", "powf"});
    auto isPolynomial = [](StringRef name) {
      return llvm::is_contained({"math.atan", "math.atan2", "math.log1p",
                                 "math.erf", "math.erfc", "math.expm1",
                                 "math.cbrt", "math.asin", "math.acos"},
                                name);
    };
    populateMathPolynomialApproximationPatterns(patterns, isPolynomial);
    populateMathF32ExpansionPatterns(patterns, [&](StringRef name) {
      return isPolynomial(name) ||
             llvm::is_contained(
                 {"math.exp2", "math.log2", "math.sin", "math.cos"}, name);
    });
  }

  /// What has no instruction and no expansion is an error here, not in LLVM.
  static LogicalResult checkMath(Operation *op) {
    bool isApproximate = isa<math::Exp2Op, math::Log2Op>(op);
    bool isUnknown =
        isa<math::SinOp, math::CosOp, math::SincosOp, math::TanOp, math::SinhOp,
            math::CoshOp, math::AsinOp, math::AcosOp, math::AtanOp,
            math::Atan2Op, math::AsinhOp, math::AcoshOp, math::AtanhOp,
            math::PowFOp, math::ErfOp, math::ErfcOp, math::CbrtOp,
            math::ExpM1Op, math::Log1pOp, math::Log10Op, math::LogOp,
            math::ExpOp, math::TanhOp>(op);
    if (!isUnknown && !(isApproximate && !op->getResult(0).getType().isF32()))
      return success();
    return op->emitError("'")
           << op->getName() << "' is not supported in a kernel on "
           << op->getResult(0).getType() << ", expected f32";
  }
};
} // namespace
