//===- RoleOps.cpp - verifiers of roles and their helpers -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Verification.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"

using namespace mlir;
using namespace mlir::tile;

LogicalResult WarpSpecializeOp::verify() {
  if (getConsumers() < 1 || getConsumers() > 3)
    return emitOpError("expected 1 to 3 consumers, but got ")
           << int64_t(getConsumers());
  for (uint64_t registers : {getProducerRegisters(), getConsumerRegisters()})
    if (registers && (registers < 24 || registers > 256 || registers % 8))
      return emitOpError("expected registers to be 0 or a multiple of 8 from "
                         "24 to 256, but got ")
             << int64_t(registers);
  return success();
}

LogicalResult ZeroRowsOp::verify() {
  return verifyShared(*this, "target", getTarget().getType());
}

LogicalResult AliasOp::verify() {
  auto buffer = cast<MemRefType>(getBuffer().getType());
  auto view = cast<MemRefType>(getView().getType());
  if (failed(verifyShared(*this, "buffer", buffer)) ||
      failed(verifyShared(*this, "view", view)))
    return failure();
  if (buffer.getLayout() != view.getLayout() ||
      buffer.getDimSize(0) != view.getDimSize(0) ||
      buffer.getElementType() != view.getElementType() ||
      buffer.getDimSize(1) < view.getDimSize(1))
    return emitOpError("expected a view of the same rows and swizzle, not "
                       "wider than the buffer, but got ")
           << buffer << " to " << view;
  return success();
}

LogicalResult LoadConstantOp::verify() {
  auto type = cast<MemRefType>(getSource().getType());
  if (!type.getElementType().isInteger(32) ||
      type.getRank() != int64_t(getIndices().size()))
    return emitOpError("expected a source of i32 with ")
           << getIndices().size() << " dimensions, as many as indices, but got "
           << type;
  return success();
}
