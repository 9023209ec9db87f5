//===- MemoryOps.cpp - verifiers of shared and global memory ops ----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Tile/IR/TileDialect.h"

using namespace mlir;
using namespace mlir::tile;

static LogicalResult verifyShared(Operation *op, StringRef name, Type type) {
  auto memref = cast<MemRefType>(type);
  if (isa<SwizzleAttr>(memref.getLayout()) && memref.getRank() == 2 &&
      memref.hasStaticShape())
    return success();
  return op->emitOpError("expected ")
         << name << " to be a static rank 2 buffer with a swizzle, but got "
         << type;
}

LogicalResult AllocOp::verify() {
  if (int64_t(getSlots()) < 1)
    return emitOpError("expected at least one slot, but got ") << getSlots();
  return verifyShared(*this, "result", getBuffer().getType());
}

int64_t AllocOp::getByteSize() {
  auto type = cast<MemRefType>(getBuffer().getType());
  return getSlots() * type.getNumElements() *
         type.getElementTypeBitWidth() / 8;
}

static LogicalResult verifyAlignment(Operation *op, int64_t alignment) {
  if (llvm::is_contained({2, 4, 8, 16}, alignment))
    return success();
  return op->emitOpError("expected an alignment of 2, 4, 8 or 16 bytes, but got ")
         << alignment;
}

template <typename CopyLike> static LogicalResult verifyCopy(CopyLike op) {
  auto source = cast<MemRefType>(op.getSource().getType());
  auto target = cast<MemRefType>(op.getTarget().getType());
  if (failed(verifyShared(op, "target", target)))
    return failure();
  if (source.getRank() != 2 || source.isDynamicDim(1) ||
      source.getDimSize(1) > target.getDimSize(1) ||
      source.getElementType() != target.getElementType())
    return op.emitOpError("expected a source of rank 2, not wider than the "
                          "target, but got ")
           << source << " to " << target;
  return verifyAlignment(op, op.getAlignment());
}

LogicalResult CopyOutOp::verify() {
  auto target = cast<MemRefType>(getTarget().getType());
  auto source = cast<MemRefType>(getSource().getType());
  if (failed(verifyShared(*this, "source", source)))
    return failure();
  if (target.getRank() != 2 || target.isDynamicDim(1) ||
      target.getDimSize(1) > source.getDimSize(1) ||
      source.getElementType() != target.getElementType())
    return emitOpError("expected a target of rank 2, not wider than the source, "
                       "but got ")
           << source << " to " << target;
  return verifyAlignment(*this, getAlignment());
}

LogicalResult CopyOp::verify() { return verifyCopy(*this); }
LogicalResult CopyAsyncOp::verify() { return verifyCopy(*this); }

LogicalResult StoreOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType());
  auto target = cast<MemRefType>(getTarget().getType());
  if (!isa_and_nonnull<AccumulatorAttr>(source.getEncoding()) ||
      source.getShape() != target.getShape())
    return emitOpError("expected an accumulator of the target's shape, but got ")
           << source << " to " << target;
  return verifyShared(*this, "target", target);
}
