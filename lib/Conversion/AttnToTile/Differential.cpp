//===- Differential.cpp - the end of a differential kernel ----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of a block are its queries twice: the first half of the warps has
// them for the first map, the second half for the second map. So a warp has the
// registers of plain attention, and both halves read each value tile from the
// same buffer. Only here, once for a block of rows, do the halves meet.

#include "Differential.h"
#include "LiftedRegion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::attn;

namespace {
class DifferenceBuilder {
public:
  DifferenceBuilder(ImplicitLocOpBuilder &b, DifferentialOp op,
                    const MapRows &maps, Value result)
      : b(b), op(op), maps(maps), result(result),
        tileType(cast<RankedTensorType>(result.getType())),
        rowType(maps.types.rows(b.getF32Type())) {}

  void run() {
    result = scaledRows(result, factorOfMap());
    result =
        tile::SumHalvesOp::create(b, result.getType(), result, maps.outTile);
    if (op.getNormEpsilon())
      normalize();
    tile::StoreOp::create(b, result, maps.outTile);
    // The rows of half of the warps are copied out by all of them.
    if (maps.schedule.getConsumers())
      tile::FenceAsyncOp::create(b);
    tile::BarrierOp::create(b);
  }

private:
  Value constant(double value) {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(float(value)));
  }
  Value toI32(Value index) {
    return arith::IndexCastOp::create(b, b.getI32Type(), index);
  }
  Value scaledRows(Value tile, Value factor) {
    return arith::MulFOp::create(
        b, tile, tile::BroadcastOp::create(b, tile.getType(), factor));
  }

  /// 1 in the rows of the first map, -lambda in those of the second.
  Value factorOfMap() {
    Value group = tile::RowGroupOp::create(b, b.getI32Type(), 2);
    Value zero = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
    Value isFirst =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, group, zero);
    Value lambda = loadLambda(), one = constant(1.0);
    auto rows = dyn_cast<RankedTensorType>(lambda.getType());
    if (rows) {
      one = LiftedRegion::to(b, b.getLoc(), one, rows);
      isFirst = LiftedRegion::to(b, b.getLoc(), isFirst,
                                 maps.types.rows(b.getI1Type()));
    }
    Value factor = arith::SelectOp::create(b, isFirst, one,
                                           arith::NegFOp::create(b, lambda));
    return rows ? factor : LiftedRegion::to(b, b.getLoc(), factor, rowType);
  }

  /// A scalar, or a value for each row.
  Value loadLambda() {
    Value lambda = maps.arguments.lookup(op.getLambda());
    if (!isa<MemRefType>(lambda.getType()))
      return toF32(lambda);
    if (op.getLambdaRank() < 3) {
      ValueRange indices;
      if (op.getLambdaRank() == 1)
        indices = maps.head;
      return toF32(memref::LoadOp::create(b, lambda, indices));
    }
    Value i =
        tile::IndexOp::create(b, maps.types.rows(b.getI32Type()), maps.rowBase);
    Value last = arith::SubIOp::create(
        b, maps.queryLength,
        arith::ConstantOp::create(b, b.getI32IntegerAttr(1)));
    i = arith::MinSIOp::create(
        b, i,
        LiftedRegion::to(b, b.getLoc(), last,
                         cast<RankedTensorType>(i.getType())));
    return gather(lambda, {toI32(maps.batch), toI32(maps.head), i},
                  maps.types.rows(elementOf(lambda)));
  }

  static Type elementOf(Value memref) {
    return cast<MemRefType>(memref.getType()).getElementType();
  }
  Value gather(Value memref, ValueRange indices, RankedTensorType type) {
    return toF32(tile::GatherOp::create(b, type, memref, indices));
  }
  Value toF32(Value value) {
    if (getElementTypeOrSelf(value.getType()).isF32())
      return value;
    Type type = b.getF32Type();
    if (auto rows = dyn_cast<RankedTensorType>(value.getType()))
      type = RankedTensorType::get(rows.getShape(), type, rows.getEncoding());
    return arith::ExtFOp::create(b, type, value);
  }

  /// Divides each row by its root mean square; columns past the head dim are 0.
  void normalize() {
    Value squares = arith::MulFOp::create(b, result, result);
    Value sum = tile::ReduceOp::create(b, tile::ReduceKind::Add, squares,
                                       splat(b, b.getLoc(), rowType, 0.0));
    Value mean = arith::MulFOp::create(
        b, sum,
        splat(b, b.getLoc(), rowType, 1.0 / double(op.getValueHeadDim())));
    Value biased = arith::AddFOp::create(
        b, mean,
        splat(b, b.getLoc(), rowType, op.getNormEpsilon()->convertToDouble()));
    Value factor = math::RsqrtOp::create(b, biased);
    if (op.getNormScale())
      factor = arith::MulFOp::create(
          b, factor, splat(b, b.getLoc(), rowType, op.getNormScaleValue()));
    result = scaledRows(result, factor);
    if (op.getWeight())
      multiplyByWeight();
  }

  void multiplyByWeight() {
    int64_t columns = tileType.getDimSize(1);
    Value weight = maps.arguments.lookup(op.getWeight());
    RankedTensorType indexType = maps.types.columns(columns, b.getI32Type());
    Value zero = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
    Value column = tile::IndexOp::create(b, indexType, zero);
    if (columns > op.getValueHeadDim()) {
      Value last = arith::ConstantOp::create(
          b, b.getI32IntegerAttr(int32_t(op.getValueHeadDim() - 1)));
      column = arith::MinSIOp::create(
          b, column, LiftedRegion::to(b, b.getLoc(), last, indexType));
    }
    Value factors =
        gather(weight, column, maps.types.columns(columns, elementOf(weight)));
    result = arith::MulFOp::create(
        b, result, tile::BroadcastOp::create(b, tileType, factors));
  }

  ImplicitLocOpBuilder &b;
  DifferentialOp op;
  const MapRows &maps;
  Value result;
  RankedTensorType tileType, rowType;
};
} // namespace

void attn::buildDifference(ImplicitLocOpBuilder &b, DifferentialOp op,
                           const MapRows &maps, Value result) {
  DifferenceBuilder(b, op, maps, result).run();
}

LogicalResult attn::checkDifferentialSchedule(DifferentialOp op,
                                              tile::ScheduleAttr schedule) {
  if (schedule.getSplit() == tile::Split::Columns)
    return op.emitError("schedule ")
           << schedule
           << " splits columns, but the two maps take half of the rows each; "
              "use split = rows";
  if (schedule.getWarps() % 2)
    return op.emitError("schedule ")
           << schedule << " has " << schedule.getWarps()
           << " warps, but the two maps take half of the rows each; use an "
              "even number of warps";
  if (schedule.getConsumers() && schedule.getConsumers() != 2)
    return op.emitError("schedule ")
           << schedule << " has " << schedule.getConsumers()
           << " consumers, but each of the two maps is one; use consumers = 2";
  if (schedule.getCluster() > 1)
    return op.emitError("schedule ")
           << schedule
           << " shares tiles in a cluster, which the tiles of two keys do not "
              "support; use cluster = 1";
  return success();
}
