//===- KernelFunction.cpp - kernels and what they are called with ---------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelFunction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::attn;

gpu::GPUFuncOp attn::createKernelFunction(gpu::GPUModuleOp module, Location loc,
                                          StringRef name, TypeRange arguments,
                                          int64_t threads) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  auto kernel =
      gpu::GPUFuncOp::create(b, loc, name, b.getFunctionType(arguments, {}));
  kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  kernel.setKnownBlockSizeAttr(
      b.getDenseI32ArrayAttr({int32_t(threads), 1, 1}));
  return kernel;
}

Type attn::getRowMajorType(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref)
    return type;
  SmallVector<int64_t> strides(memref.getRank(), ShapedType::kDynamic);
  strides.back() = 1;
  return MemRefType::get(
      memref.getShape(), memref.getElementType(),
      StridedLayoutAttr::get(type.getContext(), ShapedType::kDynamic, strides));
}

void attn::createLaunch(OpBuilder &b, Location loc, gpu::GPUFuncOp kernel,
                        gpu::KernelDim3 grid, int64_t threads,
                        ValueRange operands) {
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value width = arith::ConstantIndexOp::create(b, loc, threads);
  SmallVector<Value> passed;
  for (auto [operand, type] :
       llvm::zip_equal(operands, kernel.getArgumentTypes()))
    passed.push_back(type == operand.getType() ? operand
                                               : Value(memref::CastOp::create(
                                                     b, loc, type, operand)));
  gpu::LaunchFuncOp::create(b, loc, kernel, grid, {width, one, one},
                            /*dynamicSharedMemorySize=*/Value(), passed);
}
