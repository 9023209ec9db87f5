//===- Forward.cpp - the forward kernel in its plain form -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Forward.h"
#include "Differential.h"
#include "KernelFunction.h"
#include "LiftedRegion.h"
#include "OperandScales.h"
#include "RegionLoads.h"
#include "TileLoop.h"
#include "TileRows.h"
#include "attn/Conversion/RealArithmetic.h"
#include "attn/Conversion/TileWalk.h"
#include "attn/Dialect/Attn/Analysis/KeyColumns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"
#include <utility>

using namespace mlir;
using namespace mlir::attn;

/// What is copied in tiles; maps may share a tensor, and a key may hold the
/// value.
static SmallVector<Value> getTiledOperands(AttentionOpInterface op) {
  llvm::SetVector<Value> operands;
  operands.insert_range(op.getQueries());
  operands.insert_range(op.getKeys());
  if (!isValueInKey(op))
    operands.insert(op.getValue());
  operands.insert(op.getOut());
  return operands.takeVector();
}

SmallVector<Value> attn::getKernelOperands(AttentionOpInterface op) {
  SmallVector<Value> operands = getTiledOperands(op);
  if (Value lse = op.getLse())
    operands.push_back(lse);
  if (auto attention = dyn_cast<AttentionOp>(op.getOperation()))
    llvm::append_range(operands, attention.getScales());
  llvm::append_range(operands, op.getEpilogueInputs());
  llvm::append_range(operands, op.getCaptures());
  return operands;
}

Type attn::getKernelArgumentType(AttentionOpInterface op, Value operand,
                                 int64_t n) {
  if (op.getTransposedKeys() && operand == op.getValue())
    return getStackedType(cast<MemRefType>(operand.getType()), n);
  bool isRowMajor = llvm::is_contained(getTiledOperands(op), operand);
  return isRowMajor ? getRowMajorType(operand.getType()) : operand.getType();
}

namespace {
/// Builds one kernel. Everything below `run` is a step of it, in order.
class ForwardKernel {
public:
  ForwardKernel(AttentionOpInterface op, const FusedRotations &rotations,
                tile::ScheduleAttr schedule, int64_t alignment,
                gpu::GPUFuncOp kernel)
      : op(op), schedule(schedule), alignment(alignment),
        blockRows(getQueriesOfBlock(op, schedule)),
        b(op.getLoc(), op.getContext()),
        types{op.getContext(), schedule.getM(), schedule.getRowWarps(),
              schedule.getGroups()},
        rows(types), normalizer(op.getNormalizerOrDefault()) {
    b.setInsertionPointToStart(&kernel.getBody().front());
    SmallVector<Value> operands = getKernelOperands(op);
    ArrayRef<BlockArgument> rest = kernel.getArguments();
    for (auto [value, argument] : llvm::zip(operands, rest))
      arguments.map(value, argument);
    rest = rest.drop_front(operands.size());
    takeRotations(rotations, kernel->getParentOfType<gpu::GPUModuleOp>(), rest);
    if (!rest.empty())
      liveTiles = rest.back();
    valueInKey = isValueInKey(op);
    headDim = padded(op.getHeadDim(), elementOf(op.getQuery()));
    valueHeadDim =
        llvm::alignTo(padded(op.getValueHeadDim(), elementOf(op.getOut())),
                      16 * schedule.getGroups());
    if (valueInKey)
      shareKeyTile();
    foldScale = op.getScore().empty() && op.getScaleValue() > 0;
  }

  LogicalResult run() {
    locateBlock();
    narrowCaptures();
    allocateBuffers();
    tile::CopyOp::create(b, query, firstRow, queryTile, Value(), alignment,
                         query1);
    scoreScale = getScoreScale();
    if (failed(walkKeys()) || failed(storeResults()))
      return failure();
    gpu::ReturnOp::create(b);
    return success();
  }

private:
  void takeRotations(const FusedRotations &rotations, gpu::GPUModuleOp module,
                     ArrayRef<BlockArgument> &rest) {
    if (rotations.query)
      queryRotation.emplace(rotations.query, b, module, rest);
    if (rotations.key)
      keyRotation.emplace(rotations.key, b, module, rest);
  }

  static Type elementOf(Value memref) {
    return cast<MemRefType>(memref.getType()).getElementType();
  }

  /// Head dims of the tiles: whole matrix instructions, and with tensor copies
  /// whole wide pages as well.
  int64_t padded(int64_t dim, Type element) const {
    int64_t depth = 256 / element.getIntOrFloatBitWidth();
    if (!schedule.getConsumers())
      return llvm::alignTo(dim, depth);
    for (int64_t size : {16, 32, 64, 96, 128, 192})
      if (dim <= size && size % depth == 0)
        return size;
    return llvm::alignTo(dim, 64);
  }

  /// What is left to the normalizer; rows have a factor of their own with
  /// scales of query and key.
  ScoreScale getScoreScale() {
    ScoreScale scale(foldScale ? op.getScaleValue() : 1.0);
    auto attention = dyn_cast<AttentionOp>(op.getOperation());
    if (!attention || !isFloat8(op.getElementType()))
      return scale;
    scale.weights = kFloat8WeightFactor;
    scale.rows = scales.ofRows(b, rowBase, queryLength);
    if (!scale.rows && scales.haveKeyBlocks())
      scale.rows = rows.constant(b, b.getLoc(), 1.0);
    return scale;
  }

  /// The columns of the key tile that are the value tile: whole pages of it,
  /// for each group that shares them. What they have beyond the value is
  /// dropped with the columns of the output that it makes. A tile that becomes
  /// wider for them may have wider pages.
  void shareKeyTile() {
    while (true) {
      int64_t page = tile::getPageColumns(tile::getSharedType(
          schedule.getN(), headDim, elementOf(op.getKey())));
      int64_t unit = std::max<int64_t>(page, 16) * schedule.getGroups();
      valueHeadDim = llvm::alignTo(op.getValueHeadDim(), unit);
      if (valueHeadDim <= headDim)
        return;
      headDim = valueHeadDim;
    }
  }

  Value i32(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  Value i1(bool value) {
    return arith::ConstantOp::create(b, b.getBoolAttr(value));
  }
  Value toI32(Value index) {
    return arith::IndexCastOp::create(b, b.getI32Type(), index);
  }
  Value dim(Value memref, int64_t d) {
    return memref::DimOp::create(b, memref,
                                 arith::ConstantIndexOp::create(b, d));
  }
  Value compare(arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, predicate, x, y);
  }

  /// The slice of one batch and head: length x head dim, or length for lse.
  Value slice(Value memref, Value headIndex) {
    return slice(memref, ValueRange{batch, headIndex});
  }

  /// The slice at some of the first dimensions.
  Value slice(Value memref, ValueRange at) {
    auto type = cast<MemRefType>(memref.getType());
    unsigned rank = type.getRank();
    SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)), sizes,
        strides(rank, b.getIndexAttr(1));
    llvm::copy(at, offsets.begin());
    for (unsigned d = 0; d < rank; ++d)
      if (d < at.size())
        sizes.push_back(b.getIndexAttr(1));
      else if (type.isDynamicDim(d))
        sizes.push_back(dim(memref, d));
      else
        sizes.push_back(b.getIndexAttr(type.getDimSize(d)));
    auto reduced = memref::SubViewOp::inferRankReducedResultType(
        type.getShape().drop_front(at.size()), type, offsets, sizes, strides);
    return memref::SubViewOp::create(b, cast<MemRefType>(reduced), memref,
                                     offsets, sizes, strides);
  }

  /// The first rows of a slice.
  Value firstRows(Value memref, Value count) {
    auto type = cast<MemRefType>(memref.getType());
    Value size = arith::IndexCastOp::create(b, b.getIndexType(), count);
    OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
    OpFoldResult columns = b.getIndexAttr(type.getDimSize(1));
    return memref::SubViewOp::create(b, memref,
                                     ArrayRef<OpFoldResult>{zero, zero},
                                     ArrayRef<OpFoldResult>{size, columns},
                                     ArrayRef<OpFoldResult>{one, one});
  }

  void locateBlock() {
    Value q = arguments.lookup(op.getQuery()),
          k = arguments.lookup(op.getKey());
    block = gpu::BlockIdOp::create(b, gpu::Dimension::x);
    head = gpu::BlockIdOp::create(b, gpu::Dimension::y);
    batch = gpu::BlockIdOp::create(b, gpu::Dimension::z);
    Value group = arith::DivUIOp::create(b, dim(q, 1), dim(k, 1));
    Value keyHead = arith::DivUIOp::create(b, head, group);
    queryLength = toI32(dim(q, 2));
    keyLength = toI32(dim(k, 2));
    rows.keyLength = keyLength;
    firstRow = arith::MulIOp::create(b, toI32(block), i32(blockRows));
    rowBase = firstRow;
    query = slice(q, head);
    key = slice(k, keyHead);
    if (op.getQueries().size() > 1)
      locateSecondMap(keyHead);
    if (!valueInKey)
      value = slice(arguments.lookup(op.getValue()), keyHead);
    if (auto attention = dyn_cast<AttentionOp>(op.getOperation()))
      scales = OperandScales(attention, types, arguments, batch, head, keyHead);
    out = slice(arguments.lookup(op.getOut()), head);
    if (op.getLse())
      lse = slice(arguments.lookup(op.getLse()), head);
  }

  /// The rows of the second map follow those of the first one and are the same
  /// queries. A key that both maps use is one tile.
  void locateSecondMap(Value keyHead) {
    query1 = slice(arguments.lookup(op.getQueries()[1]), head);
    if (op.getKeys()[1] != op.getKey())
      key1 = slice(arguments.lookup(op.getKeys()[1]), keyHead);
    rowBase = arith::SubIOp::create(
        b, firstRow,
        arith::MulIOp::create(b, tile::RowGroupOp::create(b, b.getI32Type(), 2),
                              i32(blockRows)));
  }

  void narrowCaptures() {
    for (Value capture : op.getCaptures()) {
      Value argument = arguments.lookup(capture);
      captures.map(capture, capture.getType().isIndex()
                                ? narrowIndex(b, op.getLoc(), argument)
                                : argument);
    }
  }

  void allocateBuffers() {
    int64_t groups = schedule.getGroups();
    auto alloc = [&](MemRefType type) -> Value {
      return tile::AllocOp::create(b, type, IntegerAttr(), /*slots=*/1);
    };
    auto allocTile = [&](int64_t rowCount, int64_t columns, Value of,
                         int64_t shares) -> Value {
      return alloc(
          tile::getSharedType(rowCount, columns, elementOf(of), shares));
    };
    if (groups > 1)
      rows.exchange =
          alloc(tile::getSharedType(groups, schedule.getM(), b.getF32Type()));
    int64_t n = schedule.getN();
    queryTile = allocTile(schedule.getM(), headDim, op.getQuery(), 1);
    keyTile = allocTile(n * (key1 ? 2 : 1), headDim, op.getKey(), 1);
    if (op.getTransposedKeys())
      valueTile = allocTile(valueHeadDim, n, op.getValue(), 1);
    else if (!valueInKey)
      valueTile = allocTile(n, valueHeadDim, op.getValue(), groups);
    outTile = allocTile(blockRows, valueHeadDim, op.getOut(), groups);
  }

  /// A region with its batch, head and captures mapped; positions are the
  /// caller's.
  LiftedRegion lifted(Region &region) {
    LiftedRegion result(types, schedule.getN(), captures);
    if (!region.empty()) {
      // The first two indices; a score region has the score before them.
      unsigned first = region.getArgument(0).getType().isIndex() ? 0 : 1;
      result.map(region.getArgument(first), toI32(batch));
      result.map(region.getArgument(first + 1), toI32(head));
    }
    return result;
  }

  LogicalResult walkKeys() {
    bounds = analyzeMask(op.getMask(), Axis::Key);
    Value rowEnd = arith::AddIOp::create(b, firstRow, i32(blockRows - 1));
    Value lastQuery = arith::SubIOp::create(b, queryLength, i32(1));
    Value lastRow = arith::MinSIOp::create(b, rowEnd, lastQuery);
    LiftedRegion scalars = lifted(op.getMask());
    FailureOr<TileLoop> range = buildTileLoop(
        b, b.getLoc(), {firstRow, lastRow, keyLength, schedule.getN()}, bounds,
        scalars);
    if (failed(range))
      return failure();

    // Keys that no row keeps are copied as zeros: what a buffer holds beyond a
    // sequence's end, NaN included, stays there. Masked scores need no such
    // care, but their keys need not be read either: where it costs nothing.
    bool clearsValues = !schedule.getConsumers() || isBoundedAbove();
    if (!schedule.getConsumers() || (valueInKey && clearsValues)) {
      key = firstRows(key, range->end);
      key1 = key1 ? firstRows(key1, range->end) : Value();
    }
    if (!valueInKey && !op.getTransposedKeys() && clearsValues)
      value = firstRows(value, range->end);
    if (liveTiles)
      walkLiveTiles(*range);
    if (schedule.getConsumers()) {
      if (isCountFolded())
        range->count = tile::UniformOp::create(b, range->count);
      maskFirstTile(b, b.getLoc(), *range, !op.getMask().empty());
    }

    SmallVector<Value> state = normalizer.init(b, b.getLoc(), rows);
    if (scales.haveValueBlocks())
      state.push_back(arith::ConstantOp::create(b, b.getF32FloatAttr(1.0)));
    state.push_back(
        splat(b, b.getLoc(), types.tile(valueHeadDim, b.getF32Type()), 0.0));
    Value zero = i32(0), one = i32(1);
    // Not before the first keys are on their way.
    if (queryRotation)
      queryRotation->build(b, queryTile, firstRow, queryLength, batch,
                           alignment);
    auto loop = scf::ForOp::create(b, zero, range->count, one, state);
    b.setInsertionPointToStart(loop.getBody());
    if (failed(buildStep(loop, *range)))
      return failure();
    b.setInsertionPointAfter(loop);
    finalState.assign(loop.getResults().begin(), loop.getResults().end());
    return success();
  }

  /// A mask that does not ask for the batch or the head has one list for all.
  void walkLiveTiles(TileLoop &range) {
    Value zero = arith::ConstantIndexOp::create(b, 0);
    MaskFormulas formulas(op.getMask());
    Value row[] = {formulas.dependsOn(0) ? batch : zero,
                   formulas.dependsOn(1) ? head : zero, block};
    useLiveTiles(b, b.getLoc(), range, liveTiles, row,
                 normalizer.dependsOnOrder());
  }

  bool isBoundedAbove() const {
    return llvm::any_of(bounds.limits, [](const PositionLimit &limit) {
      return limit.walked <= 0;
    });
  }

  /// Whether the number of tiles may turn out to be a constant. A loop of one
  /// iteration would be inlined, and roles share loops.
  bool isCountFolded() {
    bool isStatic = !cast<MemRefType>(op.getKey().getType()).isDynamicDim(2);
    return isStatic ||
           llvm::any_of(bounds.limits, [](const PositionLimit &limit) {
             return llvm::any_of(limit.alternatives,
                                 [](const LinearForm &form) {
                                   return form.query == 0 && form.terms.empty();
                                 });
           });
  }

  LogicalResult buildStep(scf::ForOp loop, const TileLoop &range) {
    Value t = loop.getInductionVar();
    Value tileIndex = range.tileAt(b, b.getLoc(), t);
    Value firstKey = arith::MulIOp::create(b, tileIndex, i32(schedule.getN()));
    Value full = isFull(t, range);
    // Only the first tile of the walk can reach past the end of the keys.
    isLaterTile = compare(arith::CmpIPredicate::sgt, t, i32(0));
    Value inBounds = isLaterTile;
    if (full)
      inBounds = arith::OrIOp::create(b, full, inBounds);

    // The one tile of a walk over no keys lies outside of them.
    Value copyRow = firstKey;
    if (schedule.getConsumers())
      copyRow = arith::SelectOp::create(
          b, compare(arith::CmpIPredicate::sgt, keyLength, i32(0)), firstKey,
          i32(schedule.getN()));

    Value keyScale = scales.ofKeys(b, firstKey, keyLength),
          valueScale = scales.ofValues(b, firstKey, keyLength);
    tile::CopyOp::create(b, key, copyRow, keyTile, inBounds, alignment, key1);
    if (keyRotation)
      keyRotation->build(b, keyTile, firstKey, keyLength, batch, alignment);
    RankedTensorType scoreType = types.tile(schedule.getN(), b.getF32Type());
    Value zero = splat(b, b.getLoc(), scoreType, 0.0);
    Value scores = tile::DotOp::create(b, scoreType, queryTile, keyTile, zero,
                                       /*transposed=*/true,
                                       /*batches=*/key1 ? 2 : 1);
    copyValue(copyRow, inBounds);

    ValueRange state = loop.getRegionIterArgs().drop_back(valueScale ? 2 : 1);
    ScoreScale scale = scoreScale;
    if (keyScale)
      scale.rows = timesScalar(scale.rows, keyScale);
    FailureOr<NormalizerStep> step =
        full ? buildBothWays(full, scores, firstKey, scale, state)
             : buildWeights(scores, firstKey, scale, state, /*masked=*/true);
    if (failed(step))
      return failure();

    Value carried = loop.getRegionIterArgs().back();
    if (valueScale) {
      // The output is carried in units of the scale of the values at hand.
      Value before = loop.getRegionIterArgs().drop_back().back();
      step->rescale = timesScalar(step->rescale,
                                  arith::DivFOp::create(b, before, valueScale));
    }
    if (step->rescale)
      carried = arith::MulFOp::create(
          b, carried,
          tile::BroadcastOp::create(b, carried.getType(), step->rescale));
    Type weightType = elementOf(op.getValue());
    if (isFloat8(weightType))
      weightType = getFloat8WeightType(b.getContext());
    Value operand = tile::ConvertOp::create(
        b, types.operandA(schedule.getN(), weightType), step->weights);
    Value start = carried;
    if (schedule.getPromote())
      start =
          splat(b, b.getLoc(), cast<RankedTensorType>(carried.getType()), 0.0);
    Value sum =
        tile::DotOp::create(b, carried.getType(), operand, valueTile, start,
                            /*transposed=*/op.getTransposedKeys() > 0);
    if (schedule.getPromote())
      sum = arith::AddFOp::create(b, carried, sum);
    SmallVector<Value> next = step->state;
    if (valueScale)
      next.push_back(valueScale);
    next.push_back(sum);
    scf::YieldOp::create(b, next);
    return success();
  }

  /// The rows of a transposed tile are columns of the value.
  void copyValue(Value row, Value inBounds) {
    if (valueInKey) {
      valueTile = firstColumns(keyTile, valueHeadDim);
    } else if (op.getTransposedKeys()) {
      int64_t keys = op.getTransposedKeys(), n = schedule.getN();
      Value first =
          arith::MulIOp::create(b, arith::DivUIOp::create(b, row, i32(keys)),
                                i32(op.getValueHeadDim()));
      Value part = arith::DivUIOp::create(
          b, arith::RemUIOp::create(b, row, i32(keys)), i32(n));
      Value source = value;
      if (keys != n)
        source = slice(value, ValueRange{arith::IndexCastOp::create(
                                  b, b.getIndexType(), part)});
      tile::CopyOp::create(b, source, first, valueTile, Value(), alignment);
    } else {
      tile::CopyOp::create(b, value, row, valueTile, inBounds, alignment);
    }
  }

  /// Rows, or ones, times a scalar.
  Value timesScalar(Value factor, Value scalar) {
    Value everywhere =
        tile::BroadcastOp::create(b, types.rows(b.getF32Type()), scalar);
    return factor ? arith::MulFOp::create(b, factor, everywhere) : everywhere;
  }

  /// A shared tile seen as narrower.
  Value firstColumns(Value tile, int64_t columns) {
    auto type = cast<MemRefType>(tile.getType());
    MemRefType view =
        MemRefType::Builder(type).setShape({type.getDimSize(0), columns});
    return tile::AliasOp::create(b, view, tile);
  }

  Value isFull(Value t, const TileLoop &range) {
    if (!range.fullBegin)
      return {};
    Value full = compare(arith::CmpIPredicate::sge, t, range.fullBegin);
    if (!range.fullEnd)
      return full;
    return arith::AndIOp::create(
        b, full, compare(arith::CmpIPredicate::slt, t, range.fullEnd));
  }

  /// Weights of a full tile without, of a partial tile with the mask.
  FailureOr<NormalizerStep> buildBothWays(Value full, Value scores,
                                          Value firstKey,
                                          const ScoreScale &scale,
                                          ValueRange state) {
    bool wrong = false, rescales = false;
    auto way = [&](bool masked) {
      return [&, masked](OpBuilder &, Location) {
        FailureOr<NormalizerStep> step =
            buildWeights(scores, firstKey, scale, state, masked);
        SmallVector<Value> values;
        if (succeeded(step)) {
          values.push_back(step->weights);
          rescales = bool(step->rescale);
          if (rescales)
            values.push_back(step->rescale);
          llvm::append_range(values, step->state);
        }
        wrong |= failed(step);
        scf::YieldOp::create(b, values);
      };
    };
    auto branch = scf::IfOp::create(b, full, way(false), way(true));
    if (wrong)
      return failure();
    NormalizerStep step;
    step.weights = branch.getResult(0);
    if (rescales)
      step.rescale = branch.getResult(1);
    llvm::append_range(step.state,
                       branch.getResults().drop_front(1 + rescales));
    return step;
  }

  FailureOr<NormalizerStep> buildWeights(Value scores, Value firstKey,
                                         ScoreScale scale, ValueRange state,
                                         bool masked) {
    if (!foldScale)
      scores = scaled(scores, std::exchange(scale.rows, Value()));
    FailureOr<Value> final = buildScores(scores, firstKey, masked);
    if (failed(final))
      return failure();
    // A score region may yield -inf itself, in any tile.
    bool mayDropRow = masked || !op.getScore().empty();
    return normalizer.update(b, b.getLoc(), rows, *final, scale, mayDropRow,
                             double(schedule.getThreshold()), state);
  }

  /// Scores times the op's scale and, where it is not null, one of each row.
  Value scaled(Value scores, Value factor) {
    auto type = cast<RankedTensorType>(scores.getType());
    Value everywhere = splat(b, b.getLoc(), type, op.getScaleValue());
    if (factor)
      everywhere = tile::BroadcastOp::create(
          b, type,
          arith::MulFOp::create(
              b, factor, rows.constant(b, b.getLoc(), op.getScaleValue())));
    return arith::MulFOp::create(b, scores, everywhere, kRealProduct);
  }

  FailureOr<Value> buildScores(Value scores, Value firstKey, bool masked) {
    RankedTensorType rowType = types.rows(b.getI32Type());
    RankedTensorType columnType =
        types.columns(schedule.getN(), b.getI32Type());
    Value i = tile::IndexOp::create(b, rowType, rowBase);
    Value j = tile::IndexOp::create(b, columnType, firstKey);
    if (!op.getScore().empty()) {
      Region &region = op.getScore();
      LiftedRegion lift = lifted(region);
      lift.map(region.getArgument(0), scores);
      mapPositions(lift, region, i, j, masked);
      Value result = lift.lift(b, yielded(region));
      if (!result)
        return failure();
      scores = LiftedRegion::to(b, b.getLoc(), result,
                                cast<RankedTensorType>(scores.getType()));
    }
    return masked ? buildMasked(scores, i, j, firstKey)
                  : FailureOr<Value>(scores);
  }

  /// Positions past the end are evaluated as the last one, so that what the
  /// region loads is in bounds.
  void mapPositions(LiftedRegion &lift, Region &region, Value i, Value j,
                    bool masked) {
    if (loadsByPosition(region)) {
      auto clamp = [&](Value position, Value length) -> Value {
        Value last = arith::SubIOp::create(b, length, i32(1));
        return arith::MinSIOp::create(
            b, position,
            LiftedRegion::to(b, b.getLoc(), last,
                             cast<RankedTensorType>(position.getType())));
      };
      i = clamp(i, queryLength);
      j = masked ? clamp(j, keyLength) : j;
    }
    unsigned last = region.getNumArguments();
    lift.map(region.getArgument(last - 2), i);
    lift.map(region.getArgument(last - 1), j);
  }

  FailureOr<Value> buildMasked(Value scores, Value i, Value j, Value firstKey) {
    FailureOr<Value> keep = isIntervalOfKeys()
                                ? buildIntervalMask(i, j, firstKey)
                                : buildRegionMask(i, j);
    if (failed(keep))
      return failure();
    Value nothing =
        splat(b, b.getLoc(), cast<RankedTensorType>(scores.getType()),
              normalizer.getDroppedScore());
    return Value(arith::SelectOp::create(b, *keep, scores, nothing));
  }

  bool isIntervalOfKeys() const {
    return bounds.complete &&
           llvm::all_of(bounds.limits, [](const PositionLimit &limit) {
             return limit.walked != 0;
           });
  }

  /// low(i) <= j <= high(i): the limits cost once per row and leave the loop.
  FailureOr<Value> buildIntervalMask(Value i, Value j, Value firstKey) {
    LiftedRegion scalars = lifted(op.getMask());
    FailureOr<RowLimits> limits =
        buildRowLimits(b, b.getLoc(), types, i, bounds, scalars);
    if (failed(limits))
      return failure();
    RankedTensorType type = types.tile(schedule.getN(), b.getI1Type());
    auto rows = [&](Value scalar) {
      return LiftedRegion::to(b, b.getLoc(), scalar,
                              types.rows(b.getI32Type()));
    };
    auto within = [&](tile::Bound bound, Value limit) -> Value {
      // Fewer instructions, but a few more registers: those of a kernel without
      // roles are all in use.
      if (schedule.getConsumers())
        return tile::CompareColumnsOp::create(
            b, type, bound, arith::SubIOp::create(b, limit, rows(firstKey)));
      auto spread = [&](Value v) {
        return LiftedRegion::to(b, b.getLoc(), v,
                                types.tile(schedule.getN(), b.getI32Type()));
      };
      return compare(bound == tile::Bound::AtMost ? arith::CmpIPredicate::sle
                                                  : arith::CmpIPredicate::sge,
                     spread(j), spread(limit));
    };
    Value last = rows(arith::SubIOp::create(b, keyLength, i32(1)));
    Value keep = within(
        tile::Bound::AtMost,
        limits->high ? arith::MinSIOp::create(b, last, limits->high) : last);
    // Later tiles end before the keys do; asked for where the first one stands
    // apart, so that the answer is known.
    if (schedule.getOverlap()) {
      Value later = LiftedRegion::to(b, b.getLoc(), i1(true), type);
      if (limits->diagonal)
        later = belowDiagonal(limits->diagonal, firstKey);
      else if (limits->high)
        later = within(tile::Bound::AtMost, limits->high);
      keep = arith::SelectOp::create(b, isLaterTile, later, keep);
    }
    if (limits->low)
      keep = arith::AndIOp::create(b, keep,
                                   within(tile::Bound::AtLeast, limits->low));
    return keep;
  }

  /// j <= diagonal + i, for rows and keys counted from the block's first ones.
  Value belowDiagonal(Value diagonal, Value firstKey) {
    Value limit = arith::SubIOp::create(
        b, arith::AddIOp::create(b, diagonal, rowBase), firstKey);
    return tile::CompareColumnsOp::create(
        b, types.tile(schedule.getN(), b.getI1Type()), tile::Bound::AtMost,
        limit);
  }

  FailureOr<Value> buildRegionMask(Value i, Value j) {
    Region &region = op.getMask();
    LiftedRegion lift = lifted(region);
    mapPositions(lift, region, i, j, /*masked=*/true);
    Value kept = lift.lift(b, yielded(region));
    if (!kept)
      return failure();
    Value inside =
        compare(arith::CmpIPredicate::slt, j,
                LiftedRegion::to(b, b.getLoc(), keyLength,
                                 cast<RankedTensorType>(j.getType())));
    Value keep = arith::AndIOp::create(b, lift.toTile(b, b.getLoc(), kept),
                                       lift.toTile(b, b.getLoc(), inside));
    if (schedule.getOverlap())
      keep = arith::SelectOp::create(b, isLaterTile,
                                     lift.toTile(b, b.getLoc(), kept), keep);
    return keep;
  }

  LogicalResult storeResults() {
    Value result = finalState.pop_back_val();
    if (!op.getSink().empty()) {
      LiftedRegion scalars = lifted(op.getSink());
      rows.sinkLogit = scalars.lift(b, yielded(op.getSink()));
      if (!rows.sinkLogit)
        return failure();
    }
    Value valueScale = scales.haveValueBlocks() ? finalState.pop_back_val()
                                                : scales.ofValue(b);
    ScoreScale scale = scoreScale;
    if (!foldScale)
      scale.rows = Value();
    NormalizerFinish finish =
        normalizer.finish(b, b.getLoc(), rows, scale, finalState);
    if (valueScale)
      finish.factor = timesScalar(finish.factor, valueScale);
    if (finish.factor)
      result = arith::MulFOp::create(
          b, result,
          tile::BroadcastOp::create(b, result.getType(), finish.factor));
    if (auto difference = dyn_cast<DifferentialOp>(op.getOperation())) {
      MapRows maps{batch,   head,     rowBase, queryLength,
                   outTile, schedule, types,   arguments};
      buildDifference(b, difference, maps, result);
    } else {
      tile::StoreOp::create(b, result, outTile);
    }
    tile::CopyOutOp::create(b, outTile, out, firstRow, alignment);
    if (lse)
      tile::StoreRowsOp::create(b, finish.lse, lse, firstRow);
    return success();
  }

  static Value yielded(Region &region) {
    return cast<YieldOp>(region.front().getTerminator()).getValue();
  }

  AttentionOpInterface op;
  tile::ScheduleAttr schedule;
  int64_t alignment; // of the rows of query, key, value and out, in bytes
  int64_t blockRows; // queries of a block: those of each map
  ImplicitLocOpBuilder b;
  FragmentTypes types;
  TileRows rows;
  NormalizerAttrInterface normalizer;
  int64_t headDim, valueHeadDim; // padded to the depth of a matrix instruction
  bool foldScale;                // the normalizer applies the scale
  bool valueInKey;               // one tile has both

  IRMapping arguments; // operand of the op -> kernel argument
  IRMapping captures;  // capture -> value in the kernel, indices as i32
  MaskBounds bounds;

  OperandScales scales;  // none with 16-bit operands
  ScoreScale scoreScale; // but for that of a key tile

  Value liveTiles;                        // lists, null for a range of keys
  Value block, batch, head;               // index
  Value queryLength, keyLength, firstRow; // i32
  Value isLaterTile; // i1: only the first tile of the walk can pass the end
  Value rowBase;     // i32: the query of row r is rowBase + r
  Value query, key, value, out, lse; // slices of this block's head
  Value query1, key1; // those of a second map; null: there is none, the same
  Value queryTile, keyTile, valueTile, outTile;
  std::optional<TileRotation> queryRotation, keyRotation;
  SmallVector<Value> finalState; // normalizer state and accumulated output
};
} // namespace

LogicalResult attn::buildForwardKernel(AttentionOpInterface op,
                                       const FusedRotations &rotations,
                                       tile::ScheduleAttr schedule,
                                       int64_t alignment,
                                       gpu::GPUFuncOp kernel) {
  return ForwardKernel(op, rotations, schedule, alignment, kernel).run();
}
