//===- ComputeOps.cpp - verifiers of computation on fragments -------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Verification.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"

using namespace mlir;
using namespace mlir::tile;

static Attribute layoutOf(Value value) {
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  return tensor ? tensor.getEncoding() : Attribute();
}

static RankedTensorType tensorOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

//===----------------------------------------------------------------------===//
// tile.dot
//===----------------------------------------------------------------------===//

/// The operands of a product that lie in shared memory are read.
static void addDotEffects(
    ArrayRef<OpOperand *> operands,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand *operand : operands)
    if (isa<MemRefType>(operand->get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), operand,
                           SideEffects::DefaultResource::get());
}

/// 16-bit operands are of one type, 8-bit ones may differ.
static LogicalResult verifyDotElements(Operation *op, Type a, Type b,
                                       bool transposed) {
  if (isFloat8(a) && isFloat8(b)) {
    if (transposed)
      return success();
    return op->emitOpError("expected operand b transposed: matrix instructions "
                           "take 8-bit operands with the depth innermost");
  }
  if (a != b)
    return op->emitOpError("expected operands of one element type, but got ")
           << a << " and " << b;
  if (b.isF16() || b.isBF16())
    return success();
  return op->emitOpError("expected f16, bf16, f8E4M3FN or f8E5M2 operands, but "
                         "got ")
         << b;
}

/// Shapes and layouts of c = a * b, or a * transposed b; columns come in units.
static LogicalResult verifyDot(Operation *op, ShapedType a, ShapedType b,
                               RankedTensorType c, bool transposed,
                               int64_t batches, int64_t columnUnit) {
  if (!isa_and_nonnull<AccumulatorAttr>(c.getEncoding()) ||
      !c.getElementType().isF32())
    return op->emitOpError("expected an f32 accumulator, but got ") << c;
  if (auto fragment = dyn_cast<RankedTensorType>(a)) {
    if (!isa_and_nonnull<OperandAAttr>(fragment.getEncoding()) ||
        !haveSameWarps(fragment, c))
      return op->emitOpError("expected operand a in operand_a layout of ")
             << getWarps(c) << " warps, but got " << a;
  } else if (failed(verifyShared(op, "operand a", a))) {
    return failure();
  }
  if (failed(verifyShared(op, "operand b", b)))
    return failure();
  if (failed(verifyDotElements(op, a.getElementType(), b.getElementType(),
                               transposed)))
    return failure();
  bool isPlain = transposed && getGroups(c) == 1;
  if (batches < 1 || getWarps(c) % batches || (batches > 1 && !isPlain))
    return op->emitOpError("expected batches that divide the ")
           << getWarps(c)
           << " warps, and 1 unless transposed and without groups, but got "
           << batches;
  int64_t k = b.getDimSize(transposed ? 1 : 0);
  int64_t n = b.getDimSize(transposed ? 0 : 1);
  if (n % batches)
    return op->emitOpError("expected rows of operand b for each of ")
           << batches << " batches, but got " << b;
  n /= batches;
  if (a.getDimSize(0) != c.getDimSize(0) || n != c.getDimSize(1) ||
      a.getDimSize(1) != k)
    return op->emitOpError("expected M x K times K x N, but got ")
           << a << " times " << b << (transposed ? " transposed" : "")
           << " for " << c;
  columnUnit *= getGroups(c);
  int64_t depth = 256 / b.getElementTypeBitWidth();
  if (k % depth || n % columnUnit)
    return op->emitOpError("expected K and N to be multiples of ")
           << depth << " and " << columnUnit << ", but got " << k << " and "
           << n;
  int64_t share = getColumnsPerGroup(c) * b.getElementTypeBitWidth() / 8;
  int64_t page = cast<SwizzleAttr>(cast<MemRefType>(b).getLayout()).getBytes();
  if (getGroups(c) > 1 && !transposed && share % page)
    return op->emitOpError("expected the columns of a group to be whole pages "
                           "of ")
           << page << " bytes, but got " << b << " for " << c;
  return success();
}

void DotOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addDotEffects({&getAMutable(), &getBMutable()}, effects);
}

LogicalResult DotOp::verify() {
  // One ldmatrix brings two blocks of 8 columns.
  return verifyDot(*this, cast<ShapedType>(getA().getType()),
                   cast<ShapedType>(getB().getType()),
                   tensorOf(getAccumulator()), getTransposed(), getBatches(),
                   /*columnUnit=*/16);
}

//===----------------------------------------------------------------------===//
// tile.dot_async, tile.dot_wait
//===----------------------------------------------------------------------===//

/// A write as well: the order of products and waits is the program's.
void DotAsyncOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addDotEffects({&getAMutable(), &getBMutable()}, effects);
  effects.emplace_back(MemoryEffects::Write::get(),
                       SideEffects::DefaultResource::get());
}

LogicalResult DotAsyncOp::verify() {
  if (Value accumulator = getAccumulator();
      accumulator && accumulator.getType() != getResult().getType())
    return emitOpError("expected an accumulator of the result's type, but got ")
           << accumulator.getType() << " for " << getResult().getType();
  return verifyDot(*this, cast<ShapedType>(getA().getType()),
                   cast<ShapedType>(getB().getType()), tensorOf(getResult()),
                   getTransposed(), getBatches(), /*columnUnit=*/8);
}

LogicalResult DotWaitOp::verify() {
  if (int64_t(getPending()) < 0 || int64_t(getPending()) > 7)
    return emitOpError("expected 0 to 7 pending products, but got ")
           << int64_t(getPending());
  if (getProducts().getTypes() != getResults().getTypes())
    return emitOpError("expected results of the products' types");
  for (Value product : getProducts())
    if (!isa_and_nonnull<AccumulatorAttr>(layoutOf(product)))
      return emitOpError("expected accumulators, but got ")
             << product.getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Rows and columns
//===----------------------------------------------------------------------===//

/// An accumulator and a value for each of its rows, all f32.
static LogicalResult verifyRowsOf(Operation *op, Value source, Value init) {
  auto accumulator = dyn_cast_or_null<AccumulatorAttr>(layoutOf(source));
  auto rows = dyn_cast_or_null<RowsAttr>(layoutOf(init));
  if (!accumulator || !rows ||
      !haveSameWarps(tensorOf(source), tensorOf(init)) ||
      tensorOf(source).getDimSize(0) != tensorOf(init).getDimSize(0))
    return op->emitOpError(
               "expected an accumulator and rows of the same warps, but "
               "got ")
           << source.getType() << " and " << init.getType();
  for (Value value : {source, init})
    if (!tensorOf(value).getElementType().isF32())
      return op->emitOpError("expected f32 elements, but got ")
             << value.getType();
  return success();
}

LogicalResult ReduceOp::verify() {
  return verifyRowsOf(*this, getSource(), getInit());
}

LogicalResult ScanOp::verify() {
  if (failed(verifyRowsOf(*this, getSource(), getInit())))
    return failure();
  if (cast<RowsAttr>(layoutOf(getInit())).getPartial())
    return emitOpError("expected complete rows, but got ")
           << getInit().getType();
  if (getGroups(tensorOf(getSource())) > 1)
    return emitOpError("expected all columns of a row in one group, but got ")
           << getSource().getType();
  return success();
}

LogicalResult TotalOp::verify() {
  auto source = dyn_cast_or_null<RowsAttr>(layoutOf(getSource()));
  auto result = dyn_cast_or_null<RowsAttr>(layoutOf(getResult()));
  if (!source || !result || !source.getPartial() || result.getPartial() ||
      !haveSameWarps(tensorOf(getSource()), tensorOf(getResult())) ||
      tensorOf(getSource()).getShape() != tensorOf(getResult()).getShape() ||
      !tensorOf(getSource()).getElementType().isF32() ||
      !tensorOf(getResult()).getElementType().isF32())
    return emitOpError(
               "expected partial f32 rows to the same rows complete, but "
               "got ")
           << getSource().getType() << " to " << getResult().getType();
  return success();
}

LogicalResult SumHalvesOp::verify() {
  RankedTensorType source = tensorOf(getSource());
  auto layout = dyn_cast_or_null<AccumulatorAttr>(source.getEncoding());
  if (!layout || layout.getWarps() % 2 || layout.getGroups() > 1 ||
      !source.getElementType().isF32())
    return emitOpError("expected an f32 accumulator of an even number of "
                       "warps and no groups, but got ")
           << source;
  // One 16-byte piece for each thread that sends.
  auto through = cast<MemRefType>(getThrough().getType());
  int64_t bytes =
      through.getNumElements() * through.getElementTypeBitWidth() / 8;
  if (bytes < layout.getWarps() * 16 * 16)
    return emitOpError("expected a buffer of at least ")
           << layout.getWarps() * 16 * 16 << " bytes, but got " << through;
  return verifyShared(*this, "buffer", through);
}

LogicalResult RowGroupOp::verify() {
  if (int64_t(getGroups()) >= 1)
    return success();
  return emitOpError("expected at least one group, but got ")
         << int64_t(getGroups());
}

LogicalResult CombineOp::verify() {
  RankedTensorType rows = tensorOf(getSource());
  auto layout = dyn_cast_or_null<RowsAttr>(rows.getEncoding());
  if (!layout || layout.getPartial() || !rows.getElementType().isF32())
    return emitOpError("expected complete f32 rows, but got ") << rows;
  auto buffer = cast<MemRefType>(getBuffer().getType());
  if (failed(verifyShared(*this, "buffer", buffer)))
    return failure();
  if (buffer.getElementType() == rows.getElementType() &&
      buffer.getDimSize(0) == layout.getGroups() &&
      buffer.getDimSize(1) == rows.getDimSize(0))
    return success();
  return emitOpError("expected a buffer of ")
         << layout.getGroups() << " x " << rows.getDimSize(0) << " x "
         << rows.getElementType() << ", but got " << buffer;
}

LogicalResult BroadcastOp::verify() {
  RankedTensorType to = tensorOf(getResult());
  auto error = [&] {
    return emitOpError("cannot bring ")
           << getSource().getType() << " to " << to;
  };
  // The words of operand_a are pairs that only tile.convert makes.
  if (!isFragment(to) || isa<OperandAAttr>(to.getEncoding()))
    return error();
  auto from = dyn_cast<RankedTensorType>(getSource().getType());
  if (!from)
    return getSource().getType() == to.getElementType()
               ? success()
               : LogicalResult(error());
  if (from.getElementType() != to.getElementType() || !haveSameWarps(from, to))
    return error();
  if (auto rows = dyn_cast_or_null<RowsAttr>(from.getEncoding())) {
    bool toPartial = isa<RowsAttr>(to.getEncoding()) && !rows.getPartial();
    bool toTile = isa<AccumulatorAttr>(to.getEncoding()) && !rows.getPartial();
    return (toPartial || toTile) && from.getDimSize(0) == to.getDimSize(0)
               ? success()
               : LogicalResult(error());
  }
  if (isa_and_nonnull<ColumnsAttr>(from.getEncoding()) &&
      isa<AccumulatorAttr>(to.getEncoding()) &&
      from.getDimSize(0) == to.getDimSize(1))
    return success();
  return error();
}

LogicalResult IndexOp::verify() {
  if (isa_and_nonnull<RowsAttr, ColumnsAttr>(layoutOf(getResult())))
    return success();
  return emitOpError("expected rows or columns, but got ")
         << getResult().getType();
}

LogicalResult CompareColumnsOp::verify() {
  RankedTensorType result = tensorOf(getResult());
  auto layout = dyn_cast_or_null<AccumulatorAttr>(result.getEncoding());
  if (layout && getLimit().getType().isInteger(32))
    return success();
  auto rows = dyn_cast_or_null<RowsAttr>(layoutOf(getLimit()));
  if (rows && !rows.getPartial() && layout &&
      haveSameWarps(result, tensorOf(getLimit())) &&
      tensorOf(getLimit()).getDimSize(0) == result.getDimSize(0))
    return success();
  return emitOpError("expected a scalar or complete rows to an accumulator of "
                     "the same warps, but got ")
         << getLimit().getType() << " to " << result;
}

LogicalResult ConvertOp::verify() {
  RankedTensorType from = tensorOf(getSource()), to = tensorOf(getResult());
  if (isa_and_nonnull<AccumulatorAttr>(from.getEncoding()) &&
      isa_and_nonnull<OperandAAttr>(to.getEncoding()) &&
      from.getElementType().isF32() && from.getShape() == to.getShape() &&
      haveSameWarps(from, to))
    return success();
  return emitOpError("expected an f32 accumulator to operand_a, but got ")
         << from << " to " << to;
}
