//===- TileRows.cpp - rows of a normalizer as fragments -------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TileRows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::attn;

RankedTensorType FragmentTypes::tile(int64_t columns, Type element) const {
  return RankedTensorType::get(
      {m, columns}, element,
      tile::AccumulatorAttr::get(context, warps, groups));
}

RankedTensorType FragmentTypes::rows(Type element, bool partial) const {
  return RankedTensorType::get(
      {m}, element, tile::RowsAttr::get(context, warps, partial, groups));
}

RankedTensorType FragmentTypes::columns(int64_t count, Type element) const {
  return RankedTensorType::get({count}, element,
                               tile::ColumnsAttr::get(context, warps, groups));
}

RankedTensorType FragmentTypes::operandA(int64_t columns, Type element) const {
  return RankedTensorType::get({m, columns}, element,
                               tile::OperandAAttr::get(context, warps, groups));
}

Value attn::splat(OpBuilder &b, Location loc, RankedTensorType type,
                  double value) {
  Value scalar = arith::ConstantOp::create(
      b, loc, b.getFloatAttr(type.getElementType(), value));
  return tile::BroadcastOp::create(b, loc, type, scalar);
}

Value TileRows::constant(OpBuilder &b, Location loc, double value) {
  return splat(b, loc, types.rows(b.getF32Type()), value);
}

Value TileRows::partialZero(OpBuilder &b, Location loc) {
  return splat(b, loc, types.rows(b.getF32Type(), /*partial=*/true), 0.0);
}

Value TileRows::reduceMax(OpBuilder &b, Location loc, Value tile, Value init) {
  return combined(
      b, loc, tile::ReduceKind::Max,
      tile::ReduceOp::create(b, loc, tile::ReduceKind::Max, tile, init));
}

Value TileRows::combined(OpBuilder &b, Location loc, tile::ReduceKind kind,
                         Value rows) {
  if (!exchange)
    return rows;
  return tile::CombineOp::create(b, loc, kind, rows, exchange);
}

Value TileRows::reduceAdd(OpBuilder &b, Location loc, Value tile, Value init) {
  return tile::ReduceOp::create(b, loc, tile::ReduceKind::Add, tile, init);
}

Value TileRows::total(OpBuilder &b, Location loc, Value partial) {
  Value sum =
      tile::TotalOp::create(b, loc, types.rows(b.getF32Type()), partial);
  // Nothing else makes the groups meet before the next block of rows.
  sum = combined(b, loc, tile::ReduceKind::Add, sum);
  if (exchange)
    tile::BarrierOp::create(b, loc);
  return sum;
}

Value TileRows::broadcast(OpBuilder &b, Location loc, Value row, Value tile) {
  return tile::BroadcastOp::create(b, loc, tile.getType(), row);
}

Value TileRows::asPartial(OpBuilder &b, Location loc, Value row) {
  return tile::BroadcastOp::create(
      b, loc, types.rows(b.getF32Type(), /*partial=*/true), row);
}

std::pair<Value, Value> TileRows::scanFromLast(OpBuilder &b, Location loc,
                                               Value tile, Value init) {
  auto scan =
      tile::ScanOp::create(b, loc, tile.getType(), init.getType(), tile, init);
  return {scan.getResult(), scan.getTotal()};
}

Value TileRows::sink(OpBuilder &b, Location loc) {
  if (!sinkLogit)
    return {};
  return tile::BroadcastOp::create(b, loc, types.rows(b.getF32Type()),
                                   sinkLogit);
}

Value TileRows::keyCount(OpBuilder &b, Location loc) {
  Value count = arith::SIToFPOp::create(b, loc, b.getF32Type(), keyLength);
  return tile::BroadcastOp::create(b, loc, types.rows(b.getF32Type()), count);
}
