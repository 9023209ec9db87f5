//===- UseTensorMaps.cpp - copies by the tensor copy engine ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Loops.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::tile {
#define GEN_PASS_DEF_TILEUSETENSORMAPSPASS
#include "attn/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::tile

using namespace mlir;
using namespace mlir::tile;

/// Address and strides of a tensor map are multiples of it.
static constexpr int64_t kMapAlignment = 16;

namespace {
/// A matrix inside an argument of the kernel.
struct MatrixView {
  BlockArgument tensor;
  SmallVector<Value> outer; ///< index of each dimension outside of the matrix
  Value rowsUsed;           ///< index: rows past it read as zeros; or null
};

/// Kernel arguments that are tensor maps, made by the host before each launch.
class TensorMaps {
public:
  TensorMaps(gpu::GPUFuncOp kernel, ArrayRef<gpu::LaunchFuncOp> launches)
      : kernel(kernel), launches(launches) {}

  Value get(BlockArgument tensor, int64_t rows, MemRefType page) {
    auto swizzle = cast<SwizzleAttr>(page.getLayout());
    int64_t columns = swizzle.getBytes() * 8 / page.getElementTypeBitWidth();
    Value &map = maps[{tensor.getArgNumber(), rows, swizzle.getBytes()}];
    if (map)
      return map;
    MLIRContext *context = kernel.getContext();
    auto type = TensorMapType::get(context);
    unsigned number = kernel.getNumArguments();
    (void)kernel.insertArgument(number, type, {}, kernel.getLoc());
    map = kernel.getArgument(number);
    for (gpu::LaunchFuncOp launch : launches) {
      OpBuilder b(launch);
      Value source = launch.getKernelOperand(tensor.getArgNumber());
      std::string name = "argument " + std::to_string(tensor.getArgNumber()) +
                         " of " + kernel.getName().str();
      Value encoded = EncodeTensorMapOp::create(
          b, launch.getLoc(), type, source, b.getStringAttr(name),
          b.getI64IntegerAttr(rows), b.getI64IntegerAttr(columns),
          b.getI64IntegerAttr(swizzle.getBytes()));
      launch.getKernelOperandsMutable().append(encoded);
    }
    return map;
  }

private:
  gpu::GPUFuncOp kernel;
  ArrayRef<gpu::LaunchFuncOp> launches;
  llvm::DenseMap<std::tuple<unsigned, int64_t, int64_t>, Value> maps;
};
} // namespace

/// A size of a slice may be written as that of what it is a slice of.
static bool isSizeOf(OpFoldResult size, Value memref, int64_t d) {
  auto type = cast<MemRefType>(memref.getType());
  if (std::optional<int64_t> known = getConstantIntValue(size))
    return !type.isDynamicDim(d) && type.getDimSize(d) == *known;
  if (auto slice = memref.getDefiningOp<memref::SubViewOp>()) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    int64_t of = 0;
    for (int64_t kept = -1;; ++of)
      if (!dropped[of] && ++kept == d)
        break;
    if (slice.getMixedSizes()[of] == size)
      return true;
  }
  auto dim = cast<Value>(size).getDefiningOp<memref::DimOp>();
  return dim && dim.getSource() == memref && dim.getConstantIndex() == d;
}

/// A cast changes what is known of sizes; a slice whose size is a constant has
/// one behind it.
static Value throughCasts(Value memref) {
  while (auto cast = memref.getDefiningOp<memref::CastOp>())
    memref = cast.getSource();
  return memref;
}

/// Follows slices back to the argument; fails for what a map cannot say.
static FailureOr<MatrixView> viewOf(Value matrix) {
  MatrixView view;
  while (auto slice = throughCasts(matrix).getDefiningOp<memref::SubViewOp>()) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    // Dimensions that are kept here and dropped by a slice of this one.
    unsigned outside = slice.getType().getRank() - 2;
    SmallVector<Value> outer;
    unsigned kept = 0;
    for (auto [d, offset, stride] :
         llvm::enumerate(slice.getMixedOffsets(), slice.getMixedStrides())) {
      if (dropped[d]) {
        OpBuilder b(slice);
        outer.push_back(
            getValueOrCreateConstantIndexOp(b, slice.getLoc(), offset));
        continue;
      }
      if (getConstantIntValue(offset) != 0 || getConstantIntValue(stride) != 1)
        return failure();
      bool isRows = kept++ == outside;
      OpFoldResult size = slice.getMixedSizes()[d];
      if (isSizeOf(size, slice.getSource(), d))
        continue;
      if (!isRows || view.rowsUsed)
        return failure();
      OpBuilder b(slice);
      view.rowsUsed = getValueOrCreateConstantIndexOp(b, slice.getLoc(), size);
    }
    if (outside != view.outer.size())
      return failure();
    llvm::append_range(outer, view.outer);
    view.outer = std::move(outer);
    matrix = slice.getSource();
  }
  view.tensor = dyn_cast<BlockArgument>(matrix);
  if (!view.tensor ||
      !isa<gpu::GPUFuncOp>(view.tensor.getOwner()->getParentOp()))
    return failure();
  return view;
}

static SmallVector<Value> coordinatesOf(ImplicitLocOpBuilder &b,
                                        const MatrixView &view, Value row) {
  SmallVector<Value> coordinates;
  for (Value index : view.outer)
    coordinates.push_back(arith::IndexCastOp::create(b, b.getI32Type(), index));
  coordinates.push_back(row);
  return coordinates;
}

/// The map knows the sizes of the whole tensor only: rows between `rowsUsed`
/// and the end of the tensor arrive as they are.
static void clearUnusedRows(ImplicitLocOpBuilder &b, const MatrixView &view,
                            CopyOp copy) {
  auto target = cast<MemRefType>(copy.getTarget().getType());
  auto toI32 = [&](Value index) -> Value {
    return arith::IndexCastOp::create(b, b.getI32Type(), index);
  };
  auto less = [&](Value x, Value y) -> Value {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, x, y);
  };
  Value used = toI32(view.rowsUsed);
  int64_t rowDim = cast<MemRefType>(view.tensor.getType()).getRank() - 2;
  Value length = toI32(memref::DimOp::create(
      b, view.tensor, arith::ConstantIndexOp::create(b, rowDim)));
  Value first = arith::SubIOp::create(b, used, copy.getRow());
  Value rows =
      arith::ConstantOp::create(b, b.getI32IntegerAttr(target.getDimSize(0)));
  Value needed =
      arith::AndIOp::create(b, less(first, rows), less(used, length));
  if (Value inBounds = copy.getInBounds()) {
    Value truth = arith::ConstantOp::create(b, b.getBoolAttr(true));
    needed = arith::AndIOp::create(b, arith::XOrIOp::create(b, inBounds, truth),
                                   needed);
  }
  auto branch = scf::IfOp::create(b, needed, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  ZeroRowsOp::create(b, copy.getTarget(), first);
  BarrierOp::create(b);
}

static LogicalResult convertCopy(CopyOp copy, TensorMaps &maps) {
  FailureOr<MatrixView> view = viewOf(copy.getSource());
  if (failed(view))
    return failure();
  ImplicitLocOpBuilder b(copy.getLoc(), copy);
  auto target = cast<MemRefType>(copy.getTarget().getType());
  int64_t rows = target.getDimSize(0);
  Value second;
  if (copy.getSecond()) {
    // The other half, from the same place in another argument.
    FailureOr<MatrixView> other = viewOf(copy.getSecond());
    if (failed(other) || other->outer != view->outer || view->rowsUsed ||
        other->rowsUsed)
      return failure();
    rows /= 2;
    second = maps.get(other->tensor, rows, target);
  }
  Value map = maps.get(view->tensor, rows, target);
  CopyTensorOp::create(b, map, coordinatesOf(b, *view, copy.getRow()),
                       copy.getTarget(), /*pipeline=*/Value(),
                       /*fill=*/Value(), /*multicast=*/UnitAttr(),
                       /*evict=*/StringAttr(), second);
  if (view->rowsUsed)
    clearUnusedRows(b, *view, copy);
  copy.erase();
  return success();
}

static LogicalResult convertCopyOut(CopyOutOp copy, TensorMaps &maps,
                                    int64_t consumers) {
  FailureOr<MatrixView> view = viewOf(copy.getTarget());
  if (failed(view) || view->rowsUsed)
    return failure();
  ImplicitLocOpBuilder b(copy.getLoc(), copy);
  auto source = cast<MemRefType>(copy.getSource().getType());
  // Every consumer stores as much as any other.
  int64_t rows = source.getDimSize(0);
  if (!storesPages(source, consumers))
    rows /= consumers;
  Value map = maps.get(view->tensor, rows, source);
  CopyOutTensorOp::create(b, copy.getSource(), map,
                          coordinatesOf(b, *view, copy.getRow()));
  // What else the block does runs under the copy.
  b.setInsertionPoint(copy->getBlock()->getTerminator());
  CopyOutWaitOp::create(b);
  copy.erase();
  return success();
}

namespace {
struct UseTensorMapsPass
    : tile::impl::TileUseTensorMapsPassBase<UseTensorMapsPass> {
  void runOnOperation() override {
    for (auto &[kernel, launches] : collectLaunches(getOperation())) {
      ScheduleAttr schedule = getSchedule(kernel);
      if (!schedule || !schedule.getConsumers())
        continue;
      TensorMaps maps(kernel, launches);
      SmallVector<Operation *> copies;
      kernel.walk([&](Operation *op) {
        if (isa<CopyOp, CopyOutOp>(op))
          copies.push_back(op);
      });
      for (Operation *op : copies)
        convert(op, maps, schedule.getConsumers());
    }
  }

private:
  void convert(Operation *op, TensorMaps &maps, int64_t consumers) {
    int64_t alignment = 0;
    LogicalResult done = failure();
    if (auto copy = dyn_cast<CopyOp>(op)) {
      alignment = copy.getAlignment();
      done = alignment < kMapAlignment ? failure() : convertCopy(copy, maps);
    } else if (auto copy = dyn_cast<CopyOutOp>(op)) {
      alignment = copy.getAlignment();
      done = alignment < kMapAlignment ? failure()
                                       : convertCopyOut(copy, maps, consumers);
    }
    if (succeeded(done))
      return;
    InFlightDiagnostic remark =
        op->emitRemark("copied by threads, not by the tensor copy engine: ");
    if (alignment < kMapAlignment)
      remark << "rows are multiples of " << alignment
             << " bytes apart, a tensor map takes multiples of "
             << kMapAlignment;
    else
      remark << "the copy is not of whole rows of an argument";
  }
};
} // namespace
