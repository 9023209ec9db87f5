//===- Layouts.cpp - fragment and shared memory layouts -------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::tile;

/// Rows of a matrix instruction, and columns of its accumulator.
static constexpr int64_t kBlockRows = 16;
static constexpr int64_t kBlockColumns = 8;

//===----------------------------------------------------------------------===//
// Fragments
//===----------------------------------------------------------------------===//

using EmitError = llvm::function_ref<InFlightDiagnostic()>;

static LogicalResult verifyRank(EmitError emitError, ArrayRef<int64_t> shape,
                                size_t rank) {
  if (shape.size() != rank)
    return emitError() << "expected a layout for rank " << rank
                       << ", but got a tensor of rank " << shape.size();
  if (ShapedType::isDynamicShape(shape))
    return emitError() << "expected a static fragment shape";
  return success();
}

static LogicalResult verifyMultiple(EmitError emitError, StringRef what,
                                    int64_t size, int64_t unit) {
  if (unit > 0 && size > 0 && size % unit == 0)
    return success();
  return emitError() << "expected " << what << " to be a positive multiple of "
                     << unit << ", but got " << size;
}

static LogicalResult verifyWarps(EmitError emitError, int64_t warps,
                                 int64_t groups) {
  if (warps > 0 && groups > 0)
    return success();
  return emitError() << "expected a positive number of warps, but got "
                     << (warps > 0 ? groups : warps)
                     << (warps > 0 ? " groups" : "");
}

LogicalResult AccumulatorAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                              EmitError emitError) const {
  return success(succeeded(verifyWarps(emitError, getWarps(), getGroups())) &&
                 succeeded(verifyRank(emitError, shape, 2)) &&
                 succeeded(verifyMultiple(emitError, "rows", shape[0],
                                          kBlockRows * getWarps())) &&
                 succeeded(verifyMultiple(emitError, "columns", shape[1],
                                          kBlockColumns * getGroups())));
}

LogicalResult RowsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                       EmitError emitError) const {
  return success(succeeded(verifyWarps(emitError, getWarps(), getGroups())) &&
                 succeeded(verifyRank(emitError, shape, 1)) &&
                 succeeded(verifyMultiple(emitError, "rows", shape[0],
                                          kBlockRows * getWarps())));
}

LogicalResult ColumnsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                          EmitError emitError) const {
  return success(succeeded(verifyWarps(emitError, getWarps(), getGroups())) &&
                 succeeded(verifyRank(emitError, shape, 1)) &&
                 succeeded(verifyMultiple(emitError, "columns", shape[0],
                                          kBlockColumns * getGroups())));
}

LogicalResult OperandAAttr::verifyEncoding(ArrayRef<int64_t> shape, Type type,
                                           EmitError emitError) const {
  if (!type.isF16() && !type.isBF16() && !isFloat8(type))
    return emitError() << "expected f16, bf16, f8E4M3FN or f8E5M2 elements, "
                          "but got "
                       << type;
  int64_t blocks = 32 / type.getIntOrFloatBitWidth();
  return success(
      succeeded(verifyWarps(emitError, getWarps(), getGroups())) &&
      succeeded(verifyRank(emitError, shape, 2)) &&
      succeeded(verifyMultiple(emitError, "rows", shape[0],
                               kBlockRows * getWarps())) &&
      succeeded(verifyMultiple(emitError, "columns", shape[1],
                               blocks * kBlockColumns * getGroups())));
}

bool tile::isFloat8(Type type) {
  return isa<Float8E4M3FNType, Float8E5M2Type>(type);
}

bool tile::isFragment(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor &&
         isa_and_nonnull<AccumulatorAttr, RowsAttr, ColumnsAttr, OperandAAttr>(
             tensor.getEncoding());
}

int64_t tile::getWarps(RankedTensorType fragment) {
  if (!isFragment(fragment))
    return 0;
  return TypeSwitch<Attribute, int64_t>(fragment.getEncoding())
      .Case<AccumulatorAttr, RowsAttr, ColumnsAttr, OperandAAttr>(
          [](auto layout) { return layout.getWarps(); })
      .Default([](Attribute) { return 0; });
}

int64_t tile::getGroups(RankedTensorType fragment) {
  if (!isFragment(fragment))
    return 0;
  return TypeSwitch<Attribute, int64_t>(fragment.getEncoding())
      .Case<AccumulatorAttr, RowsAttr, ColumnsAttr, OperandAAttr>(
          [](auto layout) { return layout.getGroups(); })
      .Default([](Attribute) { return 0; });
}

int64_t tile::getColumnsPerGroup(RankedTensorType accumulator) {
  return accumulator.getDimSize(1) / getGroups(accumulator);
}

bool tile::haveSameWarps(RankedTensorType a, RankedTensorType b) {
  return getWarps(a) == getWarps(b) && getGroups(a) == getGroups(b);
}

int64_t tile::getValuesPerThread(RankedTensorType fragment) {
  if (!isFragment(fragment))
    return 0;
  ArrayRef<int64_t> shape = fragment.getShape();
  auto blocks = [&] { return shape[0] / (getWarps(fragment) * kBlockRows); };
  int64_t unit = kBlockColumns * getGroups(fragment);
  return TypeSwitch<Attribute, int64_t>(fragment.getEncoding())
      .Case([&](AccumulatorAttr) { return blocks() * (shape[1] / unit) * 4; })
      .Case([&](RowsAttr) { return blocks() * 2; })
      .Case([&](ColumnsAttr) { return shape[0] / unit * 2; })
      .Case([&](OperandAAttr) {
        int64_t elements = 32 / fragment.getElementTypeBitWidth();
        return blocks() * (shape[1] / (elements * unit)) * 4;
      })
      .Default([](Attribute) { return 0; });
}

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

LogicalResult SwizzleAttr::verify(EmitError emitError, int64_t bytes) {
  if (bytes == 128 || bytes == 64 || bytes == 32)
    return success();
  return emitError() << "expected pages of 128, 64 or 32 bytes, but got "
                     << bytes;
}

SwizzleAttr SwizzleAttr::getFor(MLIRContext *context, int64_t columns,
                                int64_t elementBytes) {
  for (int64_t bytes : {128, 64, 32})
    if (columns * elementBytes % bytes == 0)
      return SwizzleAttr::get(context, bytes);
  return {};
}

/// The map is about positions, which a swizzle does not change; where the bytes
/// lie is the lowering's business.
AffineMap SwizzleAttr::getAffineMap() const {
  return AffineMap::getMultiDimIdentityMap(2, getContext());
}

bool SwizzleAttr::isIdentity() const { return false; }

LogicalResult SwizzleAttr::getStridesAndOffset(ArrayRef<int64_t>,
                                               SmallVectorImpl<int64_t> &,
                                               int64_t &) const {
  return failure(); // a swizzle is not strided
}

int64_t tile::getPageColumns(MemRefType buffer) {
  return cast<SwizzleAttr>(buffer.getLayout()).getBytes() * 8 /
         buffer.getElementTypeBitWidth();
}

bool tile::storesPages(MemRefType buffer, int64_t groups) {
  return groups > 1 && buffer.getDimSize(0) == 64 &&
         buffer.getDimSize(1) / getPageColumns(buffer) % groups == 0;
}

MemRefType tile::getSharedType(int64_t rows, int64_t columns, Type element,
                               int64_t groups) {
  MLIRContext *context = element.getContext();
  auto swizzle = SwizzleAttr::getFor(context, columns / groups,
                                     element.getIntOrFloatBitWidth() / 8);
  auto space =
      gpu::AddressSpaceAttr::get(context, gpu::AddressSpace::Workgroup);
  return MemRefType::get({rows, columns}, element,
                         cast<MemRefLayoutAttrInterface>(swizzle), space);
}
