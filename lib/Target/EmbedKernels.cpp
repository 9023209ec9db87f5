//===- EmbedKernels.cpp - PTX as data of the host module ------------------===//
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

/// A NUL-terminated internal constant; its address is the returned global's.
static LLVM::GlobalOp createText(ImplicitLocOpBuilder &b, const Twine &name,
                                 StringRef text) {
  std::string terminated = (text + Twine('\0')).str();
  auto type = LLVM::LLVMArrayType::get(b.getI8Type(), terminated.size());
  return LLVM::GlobalOp::create(b, type, /*isConstant=*/true,
                                LLVM::Linkage::Internal, name.str(),
                                b.getStringAttr(terminated));
}

/// attn_rt_image { chip, data, size }.
static void createImage(ImplicitLocOpBuilder &b, StringRef name,
                        LLVM::GlobalOp chip, LLVM::GlobalOp data, size_t size) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto type = LLVM::LLVMStructType::getLiteral(
      b.getContext(), {pointer, pointer, b.getI64Type()});
  auto image = LLVM::GlobalOp::create(
      b, type, /*isConstant=*/true, LLVM::Linkage::Internal, name, Attribute());
  OpBuilder::InsertionGuard guard(b);
  b.createBlock(&image.getInitializerRegion());
  Value value = LLVM::UndefOp::create(b, type);
  Value fields[] = {LLVM::AddressOfOp::create(b, chip),
                    LLVM::AddressOfOp::create(b, data),
                    LLVM::ConstantOp::create(b, b.getI64IntegerAttr(size))};
  for (auto [i, field] : llvm::enumerate(fields))
    value = LLVM::InsertValueOp::create(b, value, field, int64_t(i));
  LLVM::ReturnOp::create(b, value);
}

namespace {
struct EmbedKernelsPass
    : mlir::attn::impl::AttnEmbedKernelsPassBase<EmbedKernelsPass> {
  using AttnEmbedKernelsPassBase::AttnEmbedKernelsPassBase;

  void runOnOperation() override {
    for (auto module : llvm::make_early_inc_range(
             getOperation().getOps<gpu::GPUModuleOp>())) {
      FailureOr<std::string> ptx = ::attn::translateToPTX(module, chip);
      if (failed(ptx))
        return signalPassFailure();
      ImplicitLocOpBuilder b(module.getLoc(), module);
      std::string name = module.getName().str();
      if (auto declaration =
              getOperation().lookupSymbol<LLVM::GlobalOp>(name + "_image"))
        declaration.erase();
      LLVM::GlobalOp chipText = createText(b, name + "_chip", chip);
      LLVM::GlobalOp text = createText(b, name + "_text", *ptx);
      createImage(b, name + "_image", chipText, text, ptx->size());
      module.erase();
    }
  }
};
} // namespace
