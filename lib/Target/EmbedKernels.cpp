//===- EmbedKernels.cpp - kernels as data of the host module --------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Target/PTX.h"
#include "attn/Target/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNEMBEDKERNELSPASS
#include "attn/Target/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;

/// An internal constant.
static LLVM::GlobalOp createData(ImplicitLocOpBuilder &b, const Twine &name,
                                 StringRef data, uint64_t alignment = 1) {
  auto type = LLVM::LLVMArrayType::get(b.getI8Type(), data.size());
  return LLVM::GlobalOp::create(b, type, /*isConstant=*/true,
                                LLVM::Linkage::Internal, name.str(),
                                b.getStringAttr(data), alignment);
}

/// The same, followed by a NUL.
static LLVM::GlobalOp createText(ImplicitLocOpBuilder &b, const Twine &name,
                                 StringRef text) {
  return createData(b, name, (text + Twine('\0')).str());
}

static constexpr StringLiteral kTextSuffix = "_text";

auto ::attn::embeddedPTX(ModuleOp module) -> std::string {
  std::string ptx;
  for (auto global : module.getOps<LLVM::GlobalOp>()) {
    auto text = dyn_cast_or_null<StringAttr>(global.getValueOrNull());
    if (text && global.getName().ends_with(kTextSuffix))
      ptx += text.getValue().rtrim('\0');
  }
  return ptx;
}

/// attn_rt_image { chip, ptx, ptx_size, cubin, cubin_size }.
static LLVM::LLVMStructType imageType(MLIRContext *context) {
  auto pointer = LLVM::LLVMPointerType::get(context);
  auto size = IntegerType::get(context, 64);
  return LLVM::LLVMStructType::getLiteral(
      context, {pointer, pointer, size, pointer, size});
}

/// The image of a kernel module; `cubin` is null where there is none.
static void createImage(ImplicitLocOpBuilder &b, StringRef name,
                        LLVM::GlobalOp chip, LLVM::GlobalOp ptx,
                        LLVM::GlobalOp cubin) {
  LLVM::LLVMStructType type = imageType(b.getContext());
  auto image = LLVM::GlobalOp::create(
      b, type, /*isConstant=*/true, LLVM::Linkage::Internal, name, Attribute());
  OpBuilder::InsertionGuard guard(b);
  b.createBlock(&image.getInitializerRegion());
  Value value = LLVM::UndefOp::create(b, type);
  auto size = [&](LLVM::GlobalOp data) -> Value {
    int64_t bytes =
        data ? cast<LLVM::LLVMArrayType>(data.getType()).getNumElements() : 0;
    return LLVM::ConstantOp::create(b, b.getI64IntegerAttr(bytes));
  };
  auto address = [&](LLVM::GlobalOp data) -> Value {
    if (data)
      return LLVM::AddressOfOp::create(b, data);
    return LLVM::ZeroOp::create(b, LLVM::LLVMPointerType::get(b.getContext()));
  };
  Value fields[] = {address(chip), address(ptx), size(ptx), address(cubin),
                    size(cubin)};
  for (auto [i, field] : llvm::enumerate(fields))
    value = LLVM::InsertValueOp::create(b, value, field, int64_t(i));
  LLVM::ReturnOp::create(b, value);
}

namespace {
struct EmbedKernelsPass
    : mlir::attn::impl::AttnEmbedKernelsPassBase<EmbedKernelsPass> {
  using AttnEmbedKernelsPassBase::AttnEmbedKernelsPassBase;

  void runOnOperation() override {
    for (auto module :
         llvm::make_early_inc_range(getOperation().getOps<gpu::GPUModuleOp>()))
      if (failed(embed(module)))
        return signalPassFailure();
  }

private:
  LogicalResult embed(gpu::GPUModuleOp module) {
    FailureOr<std::string> ptx = ::attn::translateToPTX(module, chip);
    if (failed(ptx))
      return failure();
    FailureOr<std::string> code = std::string();
    if (cubin)
      code = assemble(module, *ptx);
    if (failed(code))
      return failure();
    ImplicitLocOpBuilder b(module.getLoc(), module);
    std::string name = module.getName().str();
    if (auto declaration =
            getOperation().lookupSymbol<LLVM::GlobalOp>(name + "_image"))
      declaration.erase();
    LLVM::GlobalOp chipText = createText(b, name + "_chip", chip);
    LLVM::GlobalOp text = createText(b, name + kTextSuffix, *ptx);
    LLVM::GlobalOp cubinData;
    if (cubin)
      cubinData = createData(b, name + "_cubin", *code, kCubinAlignment);
    createImage(b, name + "_image", chipText, text, cubinData);
    module.erase();
    return success();
  }

  FailureOr<std::string> assemble(gpu::GPUModuleOp module, StringRef ptx) {
    std::string messages;
    FailureOr<std::string> code = ::attn::assemblePTX(ptx, chip, messages);
    if (failed(code))
      module.emitError("cannot make a cubin: ") << messages;
    return code;
  }

  static constexpr uint64_t kCubinAlignment = 64; ///< of an ELF file in memory
};
} // namespace
