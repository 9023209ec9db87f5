//===- FusedRotary.cpp - attn.rotary in the kernel of attention -----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "FusedRotary.h"
#include "RotaryKernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace mlir::attn;

void FusedRotations::redirect(AttentionOpInterface op) {
  if (query)
    cast<AttentionOp>(op.getOperation())
        .getQueryMutable()
        .assign(query.getInput());
  if (key)
    cast<AttentionOp>(op.getOperation()).getKeyMutable().assign(key.getInput());
}

void FusedRotations::buildOperands(int64_t alignment) {
  for (RotaryOp op : {query, key}) {
    if (!op)
      continue;
    buildFusedRotaryChecks(op, alignment);
    llvm::append_range(operands, buildRotaryOperands(op));
  }
}

/// Views first, then what they are of.
static void eraseUnused(Value memref) {
  Operation *op = memref.getDefiningOp();
  if (!op || !op->use_empty() || !isa<ViewLikeOpInterface, WorkspaceOp>(op))
    return;
  auto view = dyn_cast<ViewLikeOpInterface>(op);
  Value source = view ? view.getViewSource() : Value();
  op->erase();
  if (source)
    eraseUnused(source);
}

void FusedRotations::erase() {
  for (RotaryOp op : {query, key}) {
    if (!op)
      continue;
    Value out = op.getOuts();
    op.erase();
    eraseUnused(out);
  }
}

TileRotation::TileRotation(RotaryOp op, ImplicitLocOpBuilder &b,
                           gpu::GPUModuleOp module,
                           ArrayRef<BlockArgument> &arguments)
    : op(op) {
  auto take = [&](bool exists) {
    Value argument = exists ? Value(arguments.front()) : Value();
    arguments = arguments.drop_front(exists);
    return argument;
  };
  auto toI32 = [&](Value index) -> Value {
    return index ? arith::IndexCastOp::create(b, b.getI32Type(), index)
                 : Value();
  };
  positions = take(bool(op.getPositions()));
  table = take(op.hasTables());
  sines = take(op.hasTables());
  offset = toI32(take(bool(op.getOffset())));
  which = toI32(take(op.getLengthLimit().has_value()));
  if (op.hasTables())
    return;
  table = getRotaryFrequencies(b, op, module);
  if (!which)
    which = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
}

void TileRotation::build(ImplicitLocOpBuilder &b, Value tile, Value first,
                         Value end, Value batch, int64_t alignment) {
  Value ofBatch = positions;
  if (positions && cast<MemRefType>(positions.getType()).getRank() == 2) {
    auto type = cast<MemRefType>(positions.getType());
    OpFoldResult one = b.getIndexAttr(1);
    SmallVector<OpFoldResult> offsets = {batch, b.getIndexAttr(0)},
                              sizes = {one, memref::getMixedSize(b, b.getLoc(),
                                                                 positions, 1)},
                              strides = {one, one};
    auto row = memref::SubViewOp::inferRankReducedResultType(
        {type.getDimSize(1)}, type, offsets, sizes, strides);
    ofBatch = memref::SubViewOp::create(b, cast<MemRefType>(row), positions,
                                        offsets, sizes, strides);
  }
  tile::RotateRowsOp::create(
      b, tile, first, end, table, which, sines, offset, ofBatch,
      b.getI64IntegerAttr(op.getRotaryWidth()), op.getInterleavedAttr(),
      b.getF32FloatAttr(op.hasTables() ? 1.0f : float(op.getMagnitude())),
      b.getI64IntegerAttr(std::max<int64_t>(alignment, 2)));
  tile::BarrierOp::create(b);
}
