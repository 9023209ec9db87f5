//===- MemoryOps.cpp - verifiers of shared and global memory ops ----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Verification.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::tile;

/// The widest page: below it the bits of an address are those of its chunk.
static constexpr int64_t kOffsetUnit = 128;

/// What a swizzle moves as a whole.
static constexpr int64_t kChunkBytes = 16;

LogicalResult tile::verifyShared(Operation *op, StringRef name, Type type) {
  auto memref = cast<MemRefType>(type);
  auto swizzle = dyn_cast<SwizzleAttr>(memref.getLayout());
  if (!swizzle || memref.getRank() != 2 || !memref.hasStaticShape() ||
      memref.getNumElements() == 0 || !memref.getElementType().isIntOrFloat())
    return op->emitOpError("expected ")
           << name << " to be a static rank 2 buffer with a swizzle, but got "
           << type;
  int64_t rowBits = memref.getDimSize(1) * memref.getElementTypeBitWidth();
  if (rowBits % (8 * swizzle.getBytes()))
    return op->emitOpError("expected rows of ")
           << name << " to be whole pages of " << swizzle.getBytes()
           << " bytes, but got " << type;
  return success();
}

LogicalResult AllocOp::verify() {
  if (int64_t(getSlots()) < 1)
    return emitOpError("expected at least one slot, but got ") << getSlots();
  if (auto offset = getOffset(); offset && int64_t(*offset) % kOffsetUnit)
    return emitOpError("expected an offset that is a multiple of ")
           << kOffsetUnit << " bytes, but got " << int64_t(*offset);
  if (auto offset = getOffset(); offset && int64_t(*offset) < 0)
    return emitOpError("expected an offset of at least 0, but got ")
           << int64_t(*offset);
  return verifyShared(*this, "result", getBuffer().getType());
}

/// Erases a buffer that is only written, and what writes it: a score that
/// does not use the dot product needs neither operand.
LogicalResult AllocOp::canonicalize(AllocOp op, PatternRewriter &rewriter) {
  SmallVector<Operation *> copies(op->getUsers());
  if (!llvm::all_of(copies, [](Operation *user) {
        return isa<CopyOp, CopyAsyncOp, RotateRowsOp>(user);
      }))
    return rewriter.notifyMatchFailure(op, "the buffer is read");
  for (Operation *copy : copies)
    rewriter.eraseOp(copy);
  rewriter.eraseOp(op);
  return success();
}

int64_t AllocOp::getByteSize() {
  auto type = cast<MemRefType>(getBuffer().getType());
  return getSlots() * type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

/// `global` is read or written in chunks of 16 bytes along its rows, each in
/// pieces of `alignment` bytes.
static LogicalResult verifyPieces(Operation *op, StringRef name,
                                  MemRefType global, int64_t alignment) {
  if (!llvm::is_contained({2, 4, 8, 16}, alignment))
    return op->emitOpError(
               "expected an alignment of 2, 4, 8 or 16 bytes, but got ")
           << alignment;
  if (!global.isLastDimUnitStride())
    return op->emitOpError("expected a ")
           << name << " with innermost stride 1, but got " << global;
  int64_t rowBits = global.getDimSize(1) * global.getElementTypeBitWidth();
  if (rowBits % (8 * kChunkBytes))
    return op->emitOpError("expected rows of the ")
           << name << " to be whole chunks of " << kChunkBytes
           << " bytes, but got " << global;
  return success();
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
  if (Value second = op.getSecond()) {
    auto type = cast<MemRefType>(second.getType());
    if (type.getRank() != 2 || type.getDimSize(1) != source.getDimSize(1) ||
        type.getElementType() != source.getElementType() ||
        target.getDimSize(0) % 16)
      return op.emitOpError("expected a second source of the first one's "
                            "columns and a target whose halves are multiples "
                            "of 8 rows, but got ")
             << source << " and " << type << " to " << target;
    if (failed(verifyPieces(op, "second source", type, op.getAlignment())))
      return failure();
  }
  return verifyPieces(op, "source", source, op.getAlignment());
}

LogicalResult CopyOutOp::verify() {
  auto target = cast<MemRefType>(getTarget().getType());
  auto source = cast<MemRefType>(getSource().getType());
  if (failed(verifyShared(*this, "source", source)))
    return failure();
  if (target.getRank() != 2 || target.isDynamicDim(1) ||
      target.getDimSize(1) > source.getDimSize(1) ||
      source.getElementType() != target.getElementType())
    return emitOpError(
               "expected a target of rank 2, not wider than the source, "
               "but got ")
           << source << " to " << target;
  return verifyPieces(*this, "target", target, getAlignment());
}

LogicalResult CopyOp::verify() { return verifyCopy(*this); }
LogicalResult CopyAsyncOp::verify() { return verifyCopy(*this); }

LogicalResult StoreOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType());
  auto target = cast<MemRefType>(getTarget().getType());
  auto layout = dyn_cast_or_null<AccumulatorAttr>(source.getEncoding());
  if (!layout || target.getRank() != 2 ||
      source.getDimSize(1) != target.getDimSize(1) ||
      source.getDimSize(0) < target.getDimSize(0))
    return emitOpError(
               "expected an accumulator of the target's shape, or with more "
               "rows, but got ")
           << source << " to " << target;
  if (target.getDimSize(0) % (source.getDimSize(0) / layout.getWarps()))
    return emitOpError("expected a target with the rows of whole warps, but "
                       "got ")
           << source << " to " << target;
  Type element = target.getElementType();
  if (!source.getElementType().isF32() ||
      !(element.isF16() || element.isBF16()))
    return emitOpError("expected f32 to f16 or bf16, but got ")
           << source.getElementType() << " to " << element;
  if (failed(verifyShared(*this, "target", target)))
    return failure();
  int64_t share = getColumnsPerGroup(source) * element.getIntOrFloatBitWidth();
  int64_t page = cast<SwizzleAttr>(target.getLayout()).getBytes();
  if (getGroups(source) > 1 && share % (8 * page))
    return emitOpError("expected the columns of a group to be whole pages of ")
           << page << " bytes, but got " << source << " to " << target;
  return success();
}

LogicalResult SlotOp::verify() {
  return verifyShared(*this, "ring", getRing().getType());
}

LogicalResult StoreRowsOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType());
  auto target = cast<MemRefType>(getTarget().getType());
  auto rows = dyn_cast_or_null<RowsAttr>(source.getEncoding());
  if (rows && !rows.getPartial() && target.getRank() == 1 &&
      source.getElementType() == target.getElementType())
    return success();
  return emitOpError(
             "expected complete rows to a target of rank 1 and the same "
             "element type, but got ")
         << source << " to " << target;
}

LogicalResult GatherOp::verify() {
  auto source = cast<MemRefType>(getSource().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  if (!isFragment(result) || isa<OperandAAttr>(result.getEncoding()))
    return emitOpError("expected a fragment of elements, but got ") << result;
  // An index element is read as i32.
  bool isIndex = source.getElementType().isIndex() &&
                 result.getElementType().isInteger(32);
  if (!isIndex && source.getElementType() != result.getElementType())
    return emitOpError("expected elements of type ")
           << source.getElementType() << ", but got " << result;
  if (int64_t(getIndices().size()) != source.getRank())
    return emitOpError("expected ")
           << source.getRank() << " indices, but got " << getIndices().size();
  for (Value index : getIndices())
    if (auto tensor = dyn_cast<RankedTensorType>(index.getType());
        tensor && (tensor.getEncoding() != result.getEncoding() ||
                   tensor.getShape() != result.getShape()))
      return emitOpError("expected indices in the result's layout, but got ")
             << tensor << " for " << result;
  return success();
}

/// `values` are elements of `global`, or f32 where `rounds`, next to each other
/// from `indices` on.
static LogicalResult verifyValues(Operation *op, MemRefType global,
                                  OperandRange indices, TypeRange values,
                                  bool rounds, int64_t alignment) {
  if (!llvm::isPowerOf2_64(values.size()))
    return op->emitOpError("expected a power of two of values, but got ")
           << values.size();
  for (Type type : values)
    if (type != values.front() ||
        (type != global.getElementType() && !(rounds && type.isF32())))
      return op->emitOpError("expected values of type ")
             << global.getElementType() << (rounds ? " or all of f32" : "")
             << ", but got " << type;
  if (int64_t(indices.size()) != global.getRank())
    return op->emitOpError("expected ")
           << global.getRank() << " indices, but got " << indices.size();
  if (!global.isLastDimUnitStride())
    return op->emitOpError("expected a tensor with innermost stride 1, but "
                           "got ")
           << global;
  int64_t elementBytes = global.getElementTypeBitWidth() / 8;
  if (!llvm::isPowerOf2_64(alignment) || alignment < elementBytes)
    return op->emitOpError("expected an alignment that is a power of two from ")
           << elementBytes << " bytes on, but got " << alignment;
  return success();
}

LogicalResult LoadValuesOp::verify() {
  return verifyValues(*this, cast<MemRefType>(getSource().getType()),
                      getIndices(), getValues().getTypes(), /*rounds=*/false,
                      getAlignment());
}

LogicalResult StoreValuesOp::verify() {
  return verifyValues(*this, cast<MemRefType>(getTarget().getType()),
                      getIndices(), getValues().getTypes(), /*rounds=*/true,
                      getAlignment());
}

//===----------------------------------------------------------------------===//
// tile.rotate_rows
//===----------------------------------------------------------------------===//

static int64_t columnsPerPiece(int64_t width, bool interleaved, int64_t bytes) {
  // A pair lies in one piece, or in two of the same place in a half.
  int64_t unit = interleaved ? width : width / 2;
  return std::min(kChunkBytes / bytes, unit & -unit);
}

int64_t RotateRowsOp::getPieces(int64_t width, bool interleaved,
                                int64_t bytes) {
  return (interleaved ? width : width / 2) /
         columnsPerPiece(width, interleaved, bytes);
}

static int64_t elementBytes(RotateRowsOp op) {
  return cast<MemRefType>(op.getTarget().getType()).getElementTypeBitWidth() /
         8;
}

int64_t RotateRowsOp::getColumnsPerPiece() {
  return columnsPerPiece(getWidth(), getInterleaved(), elementBytes(*this));
}

int64_t RotateRowsOp::getPieces() {
  return getPieces(getWidth(), getInterleaved(), elementBytes(*this));
}

static LogicalResult verifyTable(RotateRowsOp op, StringRef name,
                                 MemRefType type) {
  int64_t pairs = int64_t(op.getWidth()) / 2;
  if (type.getRank() == 2 && type.getDimSize(1) == pairs &&
      isa<FloatType>(type.getElementType()) && type.isLastDimUnitStride())
    return success();
  return op.emitOpError("expected ")
         << name << " of rank 2 with " << pairs
         << " floats in a row, one for each pair, but got " << type;
}

/// Frequencies and the row of them, or cosines and sines.
static LogicalResult verifyAngles(RotateRowsOp op) {
  auto table = cast<MemRefType>(op.getTable().getType());
  if (failed(verifyTable(op, "a table", table)))
    return failure();
  if (bool(op.getSines()) == bool(op.getWhich()))
    return op.emitOpError("expected either a row of the table, which has "
                          "frequencies, or sines beside it, but got ")
           << (op.getSines() ? "both" : "neither");
  if (op.getSines())
    return verifyTable(op, "sines", cast<MemRefType>(op.getSines().getType()));
  if (table.getElementType().isF32())
    return success();
  return op.emitOpError("expected frequencies of f32, but got ") << table;
}

LogicalResult RotateRowsOp::verify() {
  auto target = cast<MemRefType>(getTarget().getType());
  if (failed(verifyShared(*this, "target", target)))
    return failure();
  if (!target.getElementType().isF16() && !target.getElementType().isBF16())
    return emitOpError("expected a target of f16 or bf16, but got ") << target;
  int64_t width = getWidth();
  if (width <= 0 || width % 2 || width > target.getDimSize(1))
    return emitOpError("expected a width that is even, from 2 to the ")
           << target.getDimSize(1) << " columns of the target, but got "
           << width;
  if (!llvm::is_contained({2, 4, 8, 16}, int64_t(getAlignment())))
    return emitOpError("expected an alignment of 2, 4, 8 or 16 bytes, but got ")
           << int64_t(getAlignment());
  if (failed(verifyAngles(*this)))
    return failure();
  if (!getPositions())
    return success();
  if (getOffset())
    return emitOpError("expected an offset or positions, but got both");
  auto positions = cast<MemRefType>(getPositions().getType());
  if (positions.getRank() == 1 && (positions.getElementType().isInteger(32) ||
                                   positions.getElementType().isInteger(64)))
    return success();
  return emitOpError("expected positions of rank 1, i32 or i64, but got ")
         << positions;
}
