//===- HostToLLVM.cpp - host functions to the LLVM dialect ----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
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
  // Attributes of arguments are for whoever calls; none is for LLVM.
  func.removeArgAttrsAttr();
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
        b.getContext(),
        {pointer, pointer, b.getI64Type(), pointer, b.getI64Type()});
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

/// The address of a value's copy.
Value storeOnStack(ImplicitLocOpBuilder &b, Value value) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value one = LLVM::ConstantOp::create(b, b.getI32IntegerAttr(1));
  Value slot = LLVM::AllocaOp::create(b, pointer, value.getType(), one);
  LLVM::StoreOp::create(b, value, slot);
  return slot;
}

/// The stream that addStreamAndStatus has made the function's last argument.
Value streamOf(Operation *op) {
  return op->getParentRegion()->front().getArguments().back();
}

/// Continues in a new block when `status` is 0, else goes to ^exit(status).
void continueOnSuccess(ImplicitLocOpBuilder &b,
                       ConversionPatternRewriter &rewriter, Operation *op,
                       Value status) {
  Value success =
      LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::eq, status,
                           LLVM::ConstantOp::create(b, b.getI32IntegerAttr(0)));
  Block *block = op->getBlock();
  Block *rest = rewriter.splitBlock(block, std::next(op->getIterator()));
  Block *exit = &block->getParent()->back();
  b.setInsertionPointToEnd(block);
  LLVM::CondBrOp::create(b, success, rest, ValueRange(), exit,
                         ValueRange{status});
}

/// A pattern that makes calls of the runtime.
template <typename Op> struct RuntimeLowering : ConvertOpToLLVMPattern<Op> {
  RuntimeLowering(const LLVMTypeConverter &converter, RuntimeSymbols &symbols)
      : ConvertOpToLLVMPattern<Op>(converter), symbols(symbols) {}
  RuntimeSymbols &symbols;
};

struct RequireLowering : RuntimeLowering<mlir::attn::RequireOp> {
  using RuntimeLowering::RuntimeLowering;

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
};

struct LaunchLowering : RuntimeLowering<gpu::LaunchFuncOp> {
  using RuntimeLowering::RuntimeLowering;

  LogicalResult
  matchAndRewrite(gpu::LaunchFuncOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Type i32 = b.getI32Type(), i64 = b.getI64Type();
    auto pointer = LLVM::LLVMPointerType::get(getContext());
    SmallVector<Value> sizes = {
        adaptor.getGridSizeX(),  adaptor.getGridSizeY(),
        adaptor.getGridSizeZ(),  adaptor.getBlockSizeX(),
        adaptor.getBlockSizeY(), adaptor.getBlockSizeZ()};
    bool hasCluster = bool(adaptor.getClusterSizeX());
    if (hasCluster)
      llvm::append_range(sizes, ArrayRef<Value>{adaptor.getClusterSizeX(),
                                                adaptor.getClusterSizeY(),
                                                adaptor.getClusterSizeZ()});
    SmallVector<Type> types(3, pointer);
    types.append(sizes.size(), i32);
    types.append({i32, pointer, i64});
    auto launch = symbols.declare(
        b, hasCluster ? "attn_rt_launch_cluster" : "attn_rt_launch", types);
    SmallVector<Value> parameters = storeParameters(b, op, adaptor, rewriter);
    Value shared = adaptor.getDynamicSharedMemorySize();
    if (!shared)
      shared = LLVM::ConstantOp::create(b, b.getI32IntegerAttr(0));
    Value image = LLVM::AddressOfOp::create(
        b, symbols.declareImage(b, op.getKernelModuleName().str() + "_image"));
    SmallVector<Value> arguments = {
        adaptor.getAsyncObject(), image,
        symbols.text(b, op.getKernelName().getValue())};
    for (Value size : sizes)
      arguments.push_back(LLVM::TruncOp::create(b, i32, size));
    arguments.push_back(shared);
    arguments.push_back(storePointers(b, parameters));
    arguments.push_back(
        LLVM::ConstantOp::create(b, b.getI64IntegerAttr(parameters.size())));
    Value status = LLVM::CallOp::create(b, launch, arguments).getResult();
    continueOnSuccess(b, rewriter, op, status);
    rewriter.eraseOp(op);
    return mlir::success();
  }

private:
  /// Where the values of the kernel's parameters lie, on the stack. A tensor
  /// map lies there already.
  SmallVector<Value> storeParameters(ImplicitLocOpBuilder &b,
                                     gpu::LaunchFuncOp op, OpAdaptor adaptor,
                                     OpBuilder &rewriter) const {
    SmallVector<Value> slots;
    for (auto [operand, converted] :
         llvm::zip(op.getKernelOperands(), adaptor.getKernelOperands())) {
      if (isa<tile::TensorMapType>(operand.getType())) {
        slots.push_back(converted);
        continue;
      }
      for (Value parameter : getTypeConverter()->promoteOperands(
               op.getLoc(), operand, converted, rewriter))
        slots.push_back(storeOnStack(b, parameter));
    }
    return slots;
  }

  /// An array of the pointers, on the stack.
  static Value storePointers(ImplicitLocOpBuilder &b,
                             ArrayRef<Value> pointers) {
    auto pointer = LLVM::LLVMPointerType::get(b.getContext());
    Value count = LLVM::ConstantOp::create(
        b, b.getI32IntegerAttr(int32_t(pointers.size())));
    Value array = LLVM::AllocaOp::create(b, pointer, pointer, count);
    for (auto [i, value] : llvm::enumerate(pointers)) {
      Value entry = LLVM::GEPOp::create(b, pointer, pointer, array,
                                        ArrayRef<LLVM::GEPArg>{int32_t(i)});
      LLVM::StoreOp::create(b, value, entry);
    }
    return array;
  }
};

/// A tensor map on the stack, encoded by the runtime from an
/// attn_rt_tensor_map_desc.
struct EncodeTensorMapLowering : RuntimeLowering<tile::EncodeTensorMapOp> {
  using RuntimeLowering::RuntimeLowering;

  LogicalResult
  matchAndRewrite(tile::EncodeTensorMapOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto source = cast<MemRefType>(op.getSource().getType());
    std::optional<int32_t> element = elementCode(source.getElementType());
    if (!element)
      return op.emitOpError("has no code for elements of type ")
             << source.getElementType();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto pointer = LLVM::LLVMPointerType::get(getContext());
    auto encode = symbols.declare(b, "attn_rt_encode_tensor_map",
                                  {pointer, pointer, pointer});
    Value description =
        storeOnStack(b, describe(b, op, adaptor.getSource(), *element));
    Value count =
        LLVM::ConstantOp::create(b, b.getI32IntegerAttr(kTensorMapBytes));
    Value map = LLVM::AllocaOp::create(b, pointer, b.getI8Type(), count,
                                       /*alignment=*/64);
    Value status = LLVM::CallOp::create(
                       b, encode, ValueRange{streamOf(op), map, description})
                       .getResult();
    continueOnSuccess(b, rewriter, op, status);
    rewriter.replaceOp(op, map);
    return success();
  }

private:
  static constexpr int32_t kTensorMapBytes = 128;
  static constexpr int64_t kMaxRank = 5;
  static constexpr int64_t kPromotionBytes = 128;

  /// ATTN_RT_ELEMENT_.
  static std::optional<int32_t> elementCode(Type type) {
    if (type.isInteger(8) || tile::isFloat8(type))
      return 0;
    if (type.isInteger(32))
      return 1;
    if (type.isF16())
      return 2;
    if (type.isBF16())
      return 3;
    if (type.isF32())
      return 4;
    return std::nullopt;
  }

  /// The fields of attn_rt_tensor_map_desc; dimensions are innermost first.
  Value describe(ImplicitLocOpBuilder &b, tile::EncodeTensorMapOp op,
                 Value source, int32_t element) const {
    Type i32 = b.getI32Type(), i64 = b.getI64Type();
    auto wide = LLVM::LLVMArrayType::get(i64, kMaxRank);
    auto type = LLVM::LLVMStructType::getLiteral(
        getContext(),
        {LLVM::LLVMPointerType::get(getContext()), i64, wide, wide,
         LLVM::LLVMArrayType::get(i32, kMaxRank), i32, i32, i32, i32});
    Value result = LLVM::ZeroOp::create(b, type);
    auto set = [&](ArrayRef<int64_t> place, Value value) {
      result = LLVM::InsertValueOp::create(b, result, value, place);
    };
    auto constant = [&](Type of, int64_t value) -> Value {
      return LLVM::ConstantOp::create(b, b.getIntegerAttr(of, value));
    };
    auto memref = cast<MemRefType>(op.getSource().getType());
    int64_t rank = memref.getRank();
    Value bytes = constant(i64, memref.getElementTypeBitWidth() / 8);
    MemRefDescriptor descriptor(source);
    Value start =
        LLVM::PtrToIntOp::create(b, i64, descriptor.alignedPtr(b, b.getLoc()));
    Value offset =
        LLVM::MulOp::create(b, descriptor.offset(b, b.getLoc()), bytes);
    set(0, symbols.text(b, op.getName()));
    set(1, LLVM::AddOp::create(b, start, offset));
    for (int64_t i = 0; i < rank; ++i) {
      int64_t d = rank - 1 - i;
      set({2, i}, descriptor.size(b, b.getLoc(), d));
      set({3, i},
          LLVM::MulOp::create(b, descriptor.stride(b, b.getLoc(), d), bytes));
      int64_t box = i == 0 ? op.getColumns() : i == 1 ? op.getRows() : 1;
      set({4, i}, constant(i32, box));
    }
    set(5, constant(i32, rank));
    set(6, constant(i32, element));
    set(7, constant(i32, op.getSwizzle()));
    set(8, constant(i32, kPromotionBytes));
    return result;
  }
};

/// A memref of what attn_rt_take_workspace gives.
struct WorkspaceLowering : RuntimeLowering<mlir::attn::WorkspaceOp> {
  using RuntimeLowering::RuntimeLowering;

  LogicalResult
  matchAndRewrite(mlir::attn::WorkspaceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = cast<MemRefType>(op.getMemory().getType());
    if (!type.getLayout().isIdentity())
      return op.emitOpError("expected a dense memref, but got ") << type;
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto pointer = LLVM::LLVMPointerType::get(getContext());
    auto take = symbols.declare(b, "attn_rt_take_workspace",
                                {pointer, b.getI64Type(), pointer});
    Value slot = storeOnStack(b, LLVM::ZeroOp::create(b, pointer));
    Value status =
        LLVM::CallOp::create(b, take,
                             ValueRange{streamOf(op), adaptor.getBytes(), slot})
            .getResult();
    continueOnSuccess(b, rewriter, op, status);
    b.setInsertionPoint(op);
    Value address = LLVM::LoadOp::create(b, pointer, slot);
    Value zero = LLVM::ConstantOp::create(b, b.getI64IntegerAttr(0));
    Value one = LLVM::ConstantOp::create(b, b.getI64IntegerAttr(1));
    Value descriptor = MemRefDescriptor::pack(
        b, b.getLoc(), *getTypeConverter(), type,
        {address, address, zero, adaptor.getBytes(), one});
    rewriter.replaceOp(op, descriptor);
    return success();
  }
};

/// Rounds the address of the first element up.
struct FirstWordLowering : ConvertOpToLLVMPattern<mlir::attn::FirstWordOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(mlir::attn::FirstWordOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto i64 = [&](int64_t value) -> Value {
      return LLVM::ConstantOp::create(b, b.getI64IntegerAttr(value));
    };
    auto source = cast<MemRefType>(op.getTensor().getType());
    Value first = getStridedElementPtr(rewriter, b.getLoc(), source,
                                       adaptor.getTensor(), {});
    Value address = LLVM::PtrToIntOp::create(b, b.getI64Type(), first);
    address = LLVM::AndOp::create(b, LLVM::AddOp::create(b, address, i64(7)),
                                  i64(~int64_t(7)));
    Value word = LLVM::IntToPtrOp::create(b, first.getType(), address);
    rewriter.replaceOp(
        op, MemRefDescriptor::pack(b, b.getLoc(), *getTypeConverter(),
                                   cast<MemRefType>(op.getWord().getType()),
                                   {word, word, i64(0), i64(8), i64(1)}));
    return success();
  }
};

struct MultiprocessorsLowering : RuntimeLowering<tile::MultiprocessorsOp> {
  using RuntimeLowering::RuntimeLowering;

  LogicalResult
  matchAndRewrite(tile::MultiprocessorsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto ask = symbols.declare(b, "attn_rt_multiprocessors",
                               {LLVM::LLVMPointerType::get(getContext())});
    Value count =
        LLVM::CallOp::create(b, ask, ValueRange{streamOf(op)}).getResult();
    rewriter.replaceOp(op, LLVM::ZExtOp::create(b, b.getI64Type(), count));
    return success();
  }
};

/// Too little workspace must not launch the kernels that need none of it.
LogicalResult checkWorkspaceOrder(func::FuncOp func) {
  Operation *launched = nullptr;
  WalkResult result = func.walk([&](Operation *op) {
    if (isa<gpu::LaunchFuncOp>(op))
      launched = op;
    if (!launched || !isa<mlir::attn::WorkspaceOp>(op))
      return WalkResult::advance();
    op->emitOpError("expected before the first launch")
            .attachNote(launched->getLoc())
        << "a launch";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

struct HostToLLVMPass
    : mlir::attn::impl::AttnHostToLLVMPassBase<HostToLLVMPass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      bool launches = false;
      func.walk([&](Operation *op) {
        launches |= isa<gpu::LaunchFuncOp, tile::EncodeTensorMapOp,
                        tile::MultiprocessorsOp, mlir::attn::WorkspaceOp>(op);
      });
      if (launches && func.getNumResults() != 0) {
        func.emitOpError("expected a function that launches kernels to return "
                         "tensors only");
        return signalPassFailure();
      }
      if (failed(checkWorkspaceOrder(func)))
        return signalPassFailure();
      if (launches)
        addStreamAndStatus(func);
    }
    MLIRContext *context = &getContext();
    LLVMTypeConverter converter(context);
    converter.addConversion([](tile::TensorMapType type) -> Type {
      return LLVM::LLVMPointerType::get(type.getContext());
    });
    RewritePatternSet patterns(context);
    RuntimeSymbols symbols(getOperation());
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    populateFuncToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    patterns.add<RequireLowering, LaunchLowering, EncodeTensorMapLowering,
                 MultiprocessorsLowering, WorkspaceLowering>(converter,
                                                             symbols);
    patterns.add<FirstWordLowering>(converter);
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
