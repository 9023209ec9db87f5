//===- AttentionLoops.cpp - loops of one attention op ---------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AttentionLoops.h"
#include "Float8.h"
#include "ScalarRegion.h"
#include "TransposedColumn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::attn;

AttentionLoops::AttentionLoops(AttentionOpInterface op, Type real)
    : op(op), b(op.getLoc(), op), realType(real),
      normalizer(op.getNormalizerOrDefault()), rows(real),
      attention(dyn_cast<AttentionOp>(op.getOperation())) {}

void AttentionLoops::emit() {
  zero = arith::ConstantIndexOp::create(b, 0);
  one = arith::ConstantIndexOp::create(b, 1);
  headDim = sizeOf(op.getQuery(), 3);
  valueDim = sizeOf(op.getValue(), 3);
  keys = sizeOf(op.getKey(), 2);
  rows.keys = arith::UIToFPOp::create(
      b, realType, arith::IndexCastOp::create(b, b.getI64Type(), keys));
  query = allocate(op.getHeadDim(), realType);
  output = allocate(op.getValueHeadDim(), realType);
  allocateBuffers();
  if (size_t maps = op.getQueries().size(); maps > 1)
    for (size_t i = 0; i < maps; ++i)
      mapRows.push_back(allocate(op.getValueHeadDim(), realType));

  Value heads = sizeOf(op.getQuery(), 1), kvHeads = sizeOf(op.getKey(), 1);
  Value queries = sizeOf(op.getQuery(), 2);
  loop(sizeOf(op.getQuery(), 0), [&](Value batch) {
    loop(heads, [&](Value head) {
      // h / (Hq / Hkv), in the order that never divides by zero.
      Value scaled = arith::MulIOp::create(b, head, kvHeads);
      Value kvHead = arith::DivUIOp::create(b, scaled, heads);
      loop(queries, [&](Value i) { emitMaps({batch, head, i, kvHead}); });
    });
  });
  for (Value buffer : buffers)
    memref::DeallocOp::create(b, buffer);
}

void AttentionLoops::emitMaps(const Row &row) {
  for (map = 0; map < op.getQueries().size(); ++map)
    emitRow(row);
  if (auto difference = dyn_cast<DifferentialOp>(op.getOperation()))
    emitDifference(difference, row);
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

SmallVector<Value> AttentionLoops::loop(Value size, ValueRange state,
                                        LoopBody body) {
  auto loop = scf::ForOp::create(b, zero, size, one, state);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next =
      body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!state.empty()) // otherwise the loop came with its terminator
    scf::YieldOp::create(b, next);
  return SmallVector<Value>(loop.getResults());
}

void AttentionLoops::loop(Value size, function_ref<void(Value)> body) {
  loop(size, ValueRange(), [&](Value index, ValueRange) {
    body(index);
    return SmallVector<Value>();
  });
}

SmallVector<Value> AttentionLoops::loopOverKeys(ValueRange state,
                                                LoopBody body) {
  if (!normalizer.dependsOnOrder())
    return loop(keys, state, body);
  Value last = arith::SubIOp::create(b, keys, one);
  return loop(keys, state, [&](Value t, ValueRange before) {
    return body(arith::SubIOp::create(b, last, t), before);
  });
}

SmallVector<Value>
AttentionLoops::ifKept(const Row &row, Value j, ValueRange state,
                       function_ref<SmallVector<Value>()> body) {
  if (op.getMask().empty())
    return body();
  Value keep =
      evaluateRegion(b, op.getMask(), {row.b, row.h, row.i, j}, realType);
  auto branch = scf::IfOp::create(b, state.getTypes(), keep,
                                  /*withElseRegion=*/!state.empty());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  SmallVector<Value> next = body();
  if (!state.empty()) {
    scf::YieldOp::create(b, next);
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, state);
  }
  return SmallVector<Value>(branch.getResults());
}

//===----------------------------------------------------------------------===//
// Rows of a normalizer
//===----------------------------------------------------------------------===//

Value ScalarRows::constant(OpBuilder &b, Location loc, double value) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
}

Value ScalarRows::partialZero(OpBuilder &b, Location loc) {
  return constant(b, loc, 0.0);
}

Value ScalarRows::reduceMax(OpBuilder &b, Location loc, Value tile,
                            Value init) {
  return arith::MaximumFOp::create(b, loc, init, tile);
}

Value ScalarRows::reduceAdd(OpBuilder &b, Location loc, Value tile,
                            Value init) {
  return arith::AddFOp::create(b, loc, init, tile);
}

Value ScalarRows::total(OpBuilder &, Location, Value partial) {
  return partial;
}

Value ScalarRows::broadcast(OpBuilder &, Location, Value row, Value) {
  return row;
}

Value ScalarRows::asPartial(OpBuilder &, Location, Value row) { return row; }

std::pair<Value, Value> ScalarRows::scanFromLast(OpBuilder &b, Location loc,
                                                 Value tile, Value init) {
  Value sum = arith::AddFOp::create(b, loc, init, tile);
  return {sum, sum};
}

//===----------------------------------------------------------------------===//
// Values and memory
//===----------------------------------------------------------------------===//

Value AttentionLoops::sizeOf(Value memref, int64_t dim) {
  int64_t size = AttentionOp::getShape(memref)[dim];
  if (!ShapedType::isDynamic(size))
    return arith::ConstantIndexOp::create(b, size);
  return memref::DimOp::create(b, memref, dim);
}

Value AttentionLoops::allocate(int64_t staticSize, Type type, Value size) {
  auto memref = MemRefType::get({staticSize}, type);
  Value buffer = memref::AllocOp::create(
      b, memref, size ? ValueRange(size) : ValueRange());
  buffers.push_back(buffer);
  return buffer;
}

Value AttentionLoops::load(Value memref, ValueRange indices) {
  Value element = memref::LoadOp::create(b, memref, indices);
  if (isFloat8(element.getType()))
    element = decodeFloat8(b, element);
  return convertFloat(b, element, realType);
}

void AttentionLoops::store(Value value, Value memref, ValueRange indices) {
  Type type = cast<MemRefType>(memref.getType()).getElementType();
  memref::StoreOp::create(b, convertFloat(b, value, type), memref, indices);
}

Value AttentionLoops::real(double value) {
  return arith::ConstantOp::create(b, b.getFloatAttr(realType, value));
}

//===----------------------------------------------------------------------===//
// Pieces of the definition
//===----------------------------------------------------------------------===//

void AttentionLoops::beginRow(const Row &row) {
  loop(headDim, [&](Value d) {
    store(load(op.getQueries()[map], {row.b, row.h, row.i, d}), query, d);
  });
  if (attention)
    queryScale = loadScale(attention.getQueryScales(), row.b, row.h, row.i);
  if (!op.getSink().empty())
    rows.sinkLogit = evaluateRegion(b, op.getSink(), {row.b, row.h}, realType);
}

void AttentionLoops::clearOutput() {
  Value nothing = real(0.0);
  loop(valueDim, [&](Value d) { store(nothing, output, d); });
}

Value AttentionLoops::loadScale(Value scales, Value batch, Value head,
                                Value position) {
  if (!scales)
    return {};
  int64_t rank = AttentionOp::getShape(scales).size();
  if (rank == 1)
    return load(scales, zero);
  if (rank == 2)
    return load(scales, {batch, head});
  Value block = arith::ConstantIndexOp::create(b, *attention.getBlock());
  return load(scales,
              {batch, head, arith::DivUIOp::create(b, position, block)});
}

AttentionLoops::ScaledRow AttentionLoops::keyRow(const Row &row, Value j) {
  Value scales = attention ? attention.getKeyScales() : Value();
  return {{row.b, row.kvHead, j}, {}, loadScale(scales, row.b, row.kvHead, j)};
}

AttentionLoops::ScaledRow AttentionLoops::valueRow(const Row &row, Value j) {
  Value scales = attention ? attention.getValueScales() : Value();
  Value scale = loadScale(scales, row.b, row.kvHead, j);
  int64_t width = op.getTransposedKeys();
  if (!width)
    return {{row.b, row.kvHead, j}, {}, scale};
  Value keysOfBlock = arith::ConstantIndexOp::create(b, width);
  Value block = arith::DivUIOp::create(b, j, keysOfBlock);
  Value inBlock = arith::RemUIOp::create(b, j, keysOfBlock);
  return {
      {row.b, row.kvHead, block}, {emitTransposedColumn(b, inBlock)}, scale};
}

Value AttentionLoops::loadElement(Value memref, const ScaledRow &row,
                                  Value column) {
  SmallVector<Value> indices = row.before;
  indices.push_back(column);
  llvm::append_range(indices, row.after);
  Value element = load(memref, indices);
  if (!row.scale || !scalesElements())
    return element;
  return rounded(arith::MulFOp::create(b, element, row.scale));
}

Value AttentionLoops::withScale(Value value, const ScaledRow &row) {
  if (!row.scale || scalesElements())
    return value;
  return arith::MulFOp::create(b, value, row.scale);
}

Value AttentionLoops::scaledDot(const Row &row, Value j) {
  const ScaledRow key = keyRow(row, j);
  auto step = [&](Value d, ValueRange sum) -> SmallVector<Value> {
    Value k = loadElement(op.getKeys()[map], key, d);
    Value product = arith::MulFOp::create(b, load(query, d), k);
    return {arith::AddFOp::create(b, sum[0], product)};
  };
  Value dot = loop(headDim, real(0.0), step).front();
  dot = arith::MulFOp::create(b, dot, real(op.getScaleValue()));
  if (queryScale)
    dot = arith::MulFOp::create(b, dot, queryScale);
  return withScale(dot, key);
}

Value AttentionLoops::score(const Row &row, Value j, Value dot) {
  if (op.getScore().empty())
    return dot;
  return evaluateRegion(b, op.getScore(), {dot, row.b, row.h, row.i, j},
                        realType);
}

void AttentionLoops::accumulate(const Row &row, Value j, Value weight,
                                Value rescale) {
  const ScaledRow value = valueRow(row, j);
  weight = withScale(weight, value);
  loop(valueDim, [&](Value d) {
    Value sum = load(output, d);
    if (rescale)
      sum = arith::MulFOp::create(b, sum, rescale);
    Value v = loadElement(op.getValue(), value, d);
    Value product = arith::MulFOp::create(b, weight, v);
    store(arith::AddFOp::create(b, sum, product), output, d);
  });
}

void AttentionLoops::finishMap(const Row &row,
                               function_ref<Value(Value)> element) {
  loop(valueDim, [&](Value d) {
    if (mapRows.empty())
      store(element(d), op.getOut(), {row.b, row.h, row.i, d});
    else
      store(element(d), mapRows[map], d);
  });
}
