//===- RegionLoads.cpp - what regions read from captures ------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RegionLoads.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::attn;

/// The loads that have an index that depends on one of the last `count`
/// arguments.
static SmallVector<LoadOp> loadsByLast(Region &region, unsigned count) {
  SmallVector<LoadOp> loads;
  if (region.empty())
    return loads;
  llvm::DenseSet<Value> varying;
  varying.insert_range(region.getArguments().take_back(count));
  for (Operation &op : region.front()) {
    if (llvm::none_of(op.getOperands(),
                      [&](Value v) { return varying.contains(v); }))
      continue;
    if (auto load = dyn_cast<LoadOp>(op))
      loads.push_back(load);
    varying.insert(op.result_begin(), op.result_end());
  }
  return loads;
}

bool attn::loadsByKey(Region &region) {
  return !loadsByLast(region, 1).empty();
}

bool attn::loadsByPosition(Region &region) {
  return !loadsByLast(region, 2).empty();
}

/// `capture`, or where `isEmpty` one element of `word` that every index finds.
static Value redirected(ImplicitLocOpBuilder &b, Value capture, Value isEmpty,
                        Value word) {
  Value zero = arith::ConstantIndexOp::create(b, 0);
  auto type = cast<MemRefType>(capture.getType());
  Type element = type.getElementType();
  Value one = memref::ViewOp::create(b, MemRefType::get({1}, element), word,
                                     zero, ValueRange());

  // All strides are of run time, so that they may be 0.
  SmallVector<int64_t> anyStrides(type.getRank(), ShapedType::kDynamic);
  auto layout =
      StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic, anyStrides);
  auto strided =
      MemRefType::get(type.getShape(), element, layout, type.getMemorySpace());
  SmallVector<OpFoldResult> sizes =
      memref::getMixedSizes(b, b.getLoc(), capture);
  SmallVector<OpFoldResult> strides(type.getRank(), zero);
  Value everywhere = memref::ReinterpretCastOp::create(
      b, strided, one, OpFoldResult(zero), sizes, strides);
  if (type != strided)
    capture = memref::CastOp::create(b, strided, capture);
  return arith::SelectOp::create(b, isEmpty, everywhere, capture);
}

/// Scales of blocks of keys, which a kernel reads for each tile.
static SmallVector<OpOperand *> scalesOfKeys(AttentionOpInterface op) {
  SmallVector<OpOperand *> operands;
  auto attention = dyn_cast<AttentionOp>(op.getOperation());
  if (!attention)
    return operands;
  for (OpOperand &operand : op->getOpOperands())
    if ((operand.get() == attention.getKeyScales() ||
         operand.get() == attention.getValueScales()) &&
        cast<MemRefType>(operand.get().getType()).getRank() == 3)
      operands.push_back(&operand);
  return operands;
}

void attn::redirectLoadsWithoutKeys(AttentionOpInterface op) {
  auto keys = cast<MemRefType>(op.getKey().getType());
  if (!keys.isDynamicDim(2) && keys.getDimSize(2) > 0)
    return;
  SmallVector<LoadOp> loads = loadsByLast(op.getScore(), 1);
  llvm::append_range(loads, loadsByLast(op.getMask(), 1));
  SmallVector<OpOperand *> scales = scalesOfKeys(op);
  if (loads.empty() && scales.empty())
    return;
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value length = memref::DimOp::create(b, op.getKey(), 2);
  Value isEmpty =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, length, zero);
  Value word = FirstWordOp::create(b, MemRefType::get({8}, b.getI8Type()),
                                   op.getQuery());
  llvm::SmallMapVector<Value, Value, 4> redirections;
  for (LoadOp load : loads) {
    Value &redirection = redirections[load.getCapture()];
    if (!redirection)
      redirection = redirected(b, load.getCapture(), isEmpty, word);
    load.getCaptureMutable().assign(redirection);
  }
  for (OpOperand *operand : scales)
    operand->set(redirected(b, operand->get(), isEmpty, word));
}
