//===- PipelineOps.cpp - verifiers of tensor copies and pipelines ---------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Verification.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"

using namespace mlir;
using namespace mlir::tile;

LogicalResult
PipelineType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                     int64_t stages) {
  if (stages >= 1 && stages <= 8)
    return success();
  return emitError() << "expected 1 to 8 stages, but got " << stages;
}

LogicalResult CreatePipelineOp::verify() {
  for (auto [name, count] :
       {std::pair("producers", getProducers()), {"consumers", getConsumers()}})
    if (int64_t(count) < 1 || int64_t(count) > (1 << 20) - 1)
      return emitOpError("expected at least one arrival of ")
             << name << ", but got " << int64_t(count);
  if (auto offset = getOffset(); offset && int64_t(*offset) % 8)
    return emitOpError("expected an offset that is a multiple of 8 bytes, but "
                       "got ")
           << int64_t(*offset);
  return success();
}

LogicalResult EncodeTensorMapOp::verify() {
  auto source = cast<MemRefType>(getSource().getType());
  if (source.getRank() < 2 || source.getRank() > 5)
    return emitOpError("expected a tensor of rank 2 to 5, but got ") << source;
  if (getRows() < 1 || getRows() > 256 || getColumns() < 1 ||
      getColumns() > 256)
    return emitOpError("expected a box of 1 to 256 rows and columns, but got ")
           << getRows() << " and " << getColumns();
  uint64_t bytes = getColumns() * source.getElementTypeBitWidth() / 8;
  if (bytes != getSwizzle())
    return emitOpError("expected rows of the box to be pages of ")
           << getSwizzle() << " bytes, but got " << bytes << " bytes";
  return success();
}

LogicalResult CopyTensorOp::verify() {
  if (failed(verifyShared(*this, "target", getTarget().getType())))
    return failure();
  if (getCoordinates().empty() || getCoordinates().size() > 4)
    return emitOpError("expected 1 to 4 coordinates, but got ")
           << getCoordinates().size();
  if (!getPipeline() != !getFill())
    return emitOpError("expected a pipeline and a fill together");
  if (auto evict = getEvict(); evict && *evict != "first" && *evict != "last")
    return emitOpError("expected evict \"first\" or \"last\", but got \"")
           << *evict << "\"";
  if (getMulticast() && !getPipeline())
    return emitOpError("expected a pipeline for a multicast copy");
  auto target = cast<MemRefType>(getTarget().getType());
  if (getSecond() && (getMulticast() || target.getDimSize(0) % 16))
    return emitOpError("expected a copy through two maps to be of halves that "
                       "are multiples of 8 rows, without multicast, but got ")
           << target;
  return success();
}

LogicalResult CopyOutTensorOp::verify() {
  if (getCoordinates().empty() || getCoordinates().size() > 4)
    return emitOpError("expected 1 to 4 coordinates, but got ")
           << getCoordinates().size();
  return verifyShared(*this, "source", getSource().getType());
}
