//===- HostToLLVM.cpp - host functions to the LLVM dialect ----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNHOSTTOLLVMPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

/// Status of attn_rt_fail for sizes and strides that do not fit.
static constexpr int32_t kInvalidArgument = 1;

//===----------------------------------------------------------------------===//
// Signature and exits
//===----------------------------------------------------------------------===//

/// Gives the function its stream argument and i32 result, and one block at the
/// end, ^exit(%status), where every failure goes. Patterns find it as the last
/// block.
static void addStreamAndStatus(func::FuncOp func) {
  ImplicitLocOpBuilder b(func.getLoc(), func.getContext());
  auto pointer = LLVM::LLVMPointerType::get(func.getContext());
  Block &entry = func.getBody().front();
  Value stream = entry.addArgument(pointer, func.getLoc());
  auto ret = cast<func::ReturnOp>(func.getBody().back().getTerminator());
  b.setInsertionPoint(ret);
  func::ReturnOp::create(
      b, ValueRange{arith::ConstantOp::create(b, b.getI32IntegerAttr(0))});
  ret.erase();
  func.walk([&](gpu::LaunchFuncOp launch) {
    launch.getAsyncObjectMutable().assign(stream);
  });
  Block *exit = new Block();
  func.getBody().push_back(exit);
  Value status = exit->addArgument(b.getI32Type(), func.getLoc());
  // In its final form already: the conversion does not visit a block that
  // nothing branches to yet.
  b.setInsertionPointToStart(exit);
  LLVM::ReturnOp::create(b, status);
  func.setFunctionType(
      b.getFunctionType(entry.getArgumentTypes(), {b.getI32Type()}));
  func->setAttr("llvm.emit_c_interface", b.getUnitAttr());
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {
/// Declarations and strings in the host module.
class RuntimeSymbols {
public:
  explicit RuntimeSymbols(ModuleOp module) : module(module) {}

  LLVM::LLVMFuncOp declare(OpBuilder &b, StringRef name,
                           ArrayRef<Type> arguments) {
    if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
      return known;
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    return LLVM::LLVMFuncOp::create(
        b, module.getLoc(), name,
        LLVM::LLVMFunctionType::get(b.getI32Type(), arguments));
  }

  /// The attn_rt_image that attn-embed-kernels defines.
  LLVM::GlobalOp declareImage(OpBuilder &b, StringRef name) {
    if (auto known = module.lookupSymbol<LLVM::GlobalOp>(name))
      return known;
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    auto pointer = LLVM::LLVMPointerType::get(b.getContext());
    auto type = LLVM::LLVMStructType::getLiteral(
        b.getContext(), {pointer, pointer, b.getI64Type()});
    return LLVM::GlobalOp::create(b, module.getLoc(), type, /*isConstant=*/true,
                                  LLVM::Linkage::External, name, Attribute());
  }

  Value text(ImplicitLocOpBuilder &b, StringRef value) {
    std::string name = "attn_text_" + std::to_string(count++);
    std::string terminated = (value + Twine('\0')).str();
    auto type = LLVM::LLVMArrayType::get(b.getI8Type(), terminated.size());
    LLVM::GlobalOp global;
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(module.getBody());
      global = LLVM::GlobalOp::create(b, type, /*isConstant=*/true,
                                      LLVM::Linkage::Internal, name,
                                      b.getStringAttr(terminated));
    }
    return LLVM::AddressOfOp::create(b, global);
  }

private:
  ModuleOp module;
  unsigned count = 0;
};

/// Continues in a new block when `status` is 0, else goes to ^exit(status).
void continueOnSuccess(ImplicitLocOpBuilder &b,
                       ConversionPatternRewriter &rewriter, Operation *op,
                       Value success, Value status) {
  Block *block = op->getBlock();
  Block *rest = rewriter.splitBlock(block, std::next(op->getIterator()));
  Block *exit = &block->getParent()->back();
  b.setInsertionPointToEnd(block);
  LLVM::CondBrOp::create(b, success, rest, ValueRange(), exit,
                         ValueRange{status});
}

struct RequireLowering : ConvertOpToLLVMPattern<mlir::attn::RequireOp> {
  RequireLowering(const LLVMTypeConverter &converter, RuntimeSymbols &symbols)
      : ConvertOpToLLVMPattern(converter), symbols(symbols) {}

  LogicalResult
  matchAndRewrite(mlir::attn::RequireOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Type i32 = b.getI32Type(), i64 = b.getI64Type();
    auto pointer = LLVM::LLVMPointerType::get(getContext());
    auto fail = symbols.declare(b, "attn_rt_fail", {i32, pointer, i64, i64});
    Block *block = op->getBlock();
    Block *rest = rewriter.splitBlock(block, std::next(op->getIterator()));
    Block *exit = &block->getParent()->back();
    Block *failed = rewriter.createBlock(exit);
    b.setInsertionPointToEnd(block);
    LLVM::CondBrOp::create(b, adaptor.getCondition(), rest, failed);
    b.setInsertionPointToEnd(failed);
    Value code =
        LLVM::ConstantOp::create(b, b.getI32IntegerAttr(kInvalidArgument));
    Value status = LLVM::CallOp::create(
                       b, fail,
                       ValueRange{code, symbols.text(b, op.getMessage()),
                                  adaptor.getExpected(), adaptor.getGot()})
                       .getResult();
    LLVM::BrOp::create(b, ValueRange{status}, exit);
    rewriter.eraseOp(op);
    return success();
  }
  RuntimeSymbols &symbols;
};

struct LaunchLowering : ConvertOpToLLVMPattern<gpu::LaunchFuncOp> {
  LaunchLowering(const LLVMTypeConverter &converter, RuntimeSymbols &symbols)
      : ConvertOpToLLVMPattern(converter), symbols(symbols) {}

  LogicalResult
  matchAndRewrite(gpu::LaunchFuncOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Type i32 = b.getI32Type(), i64 = b.getI64Type();
    auto pointer = LLVM::LLVMPointerType::get(getContext());
    auto launch = symbols.declare(b, "attn_rt_launch",
                                  {pointer, pointer, pointer, i32, i32, i32,
                                   i32, i32, i32, i32, pointer, i64});
    auto narrow = [&](Value index) -> Value {
      return LLVM::TruncOp::create(b, i32, index);
    };
    SmallVector<Value> parameters = getTypeConverter()->promoteOperands(
        op.getLoc(), op.getKernelOperands(), adaptor.getKernelOperands(),
        rewriter);
    Value shared = adaptor.getDynamicSharedMemorySize();
    if (!shared)
      shared = LLVM::ConstantOp::create(b, b.getI32IntegerAttr(0));
    Value image = LLVM::AddressOfOp::create(
        b, symbols.declareImage(b, op.getKernelModuleName().str() + "_image"));
    SmallVector<Value> arguments = {
        adaptor.getAsyncObject(), image,
        symbols.text(b, op.getKernelName().getValue())};
    for (Value size : {adaptor.getGridSizeX(), adaptor.getGridSizeY(),
                       adaptor.getGridSizeZ(), adaptor.getBlockSizeX(),
                       adaptor.getBlockSizeY(), adaptor.getBlockSizeZ()})
      arguments.push_back(narrow(size));
    arguments.push_back(shared);
    arguments.push_back(storeParameters(b, parameters));
    arguments.push_back(
        LLVM::ConstantOp::create(b, b.getI64IntegerAttr(parameters.size())));
    Value status = LLVM::CallOp::create(b, launch, arguments).getResult();
    Value success = LLVM::ICmpOp::create(
        b, LLVM::ICmpPredicate::eq, status,
        LLVM::ConstantOp::create(b, b.getI32IntegerAttr(0)));
    continueOnSuccess(b, rewriter, op, success, status);
    rewriter.eraseOp(op);
    return mlir::success();
  }

private:
  /// An array of pointers to the values, on the stack.
  static Value storeParameters(ImplicitLocOpBuilder &b,
                               ArrayRef<Value> parameters) {
    auto pointer = LLVM::LLVMPointerType::get(b.getContext());
    Value one = LLVM::ConstantOp::create(b, b.getI32IntegerAttr(1));
    Value count = LLVM::ConstantOp::create(
        b, b.getI32IntegerAttr(int32_t(parameters.size())));
    Value array = LLVM::AllocaOp::create(b, pointer, pointer, count);
    for (auto [i, parameter] : llvm::enumerate(parameters)) {
      Value slot = LLVM::AllocaOp::create(b, pointer, parameter.getType(), one);
      LLVM::StoreOp::create(b, parameter, slot);
      Value entry = LLVM::GEPOp::create(b, pointer, pointer, array,
                                        ArrayRef<LLVM::GEPArg>{int32_t(i)});
      LLVM::StoreOp::create(b, slot, entry);
    }
    return array;
  }
  RuntimeSymbols &symbols;
};

struct HostToLLVMPass
    : mlir::attn::impl::AttnHostToLLVMPassBase<HostToLLVMPass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      bool launches = false;
      func.walk([&](gpu::LaunchFuncOp) { launches = true; });
      if (launches && func.getNumResults() != 0) {
        func.emitOpError("expected a function that launches kernels to return "
                         "tensors only");
        return signalPassFailure();
      }
      if (launches)
        addStreamAndStatus(func);
    }
    MLIRContext *context = &getContext();
    LLVMTypeConverter converter(context);
    RewritePatternSet patterns(context);
    RuntimeSymbols symbols(getOperation());
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    populateFuncToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    patterns.add<RequireLowering, LaunchLowering>(converter, symbols);
    LLVMConversionTarget target(*context);
    target.addLegalOp<ModuleOp, gpu::GPUModuleOp>();
    target.markOpRecursivelyLegal<gpu::GPUModuleOp>();
    if (failed(
            applyFullConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
    getOperation()->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
  }
};
} // namespace
