//===- QuantizeKernel.cpp - the kernel of attn.quantize -------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bound by memory. The scale is known when all of a block of rows has been
// read, and it is to be read once: so the threads hold the block in registers.
// A row lies in neighbouring lanes, so that a transform of it takes shuffles
// only.
//
// In transposed blocks a word has four rows of a column. A thread holds these
// rows, and without a transform the lanes of a warp hold as much of a row as a
// sector has and many rows: a store of words then writes whole sectors.

#include "QuantizeKernel.h"
#include "KernelFunction.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "attn/Support/IntegerOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::attn;
using arith::IntegerOps;

/// Bytes of a load, and elements of all loads of a thread.
static constexpr int64_t kVectorBytes = 16;
static constexpr int64_t kGoodElements = 64, kMaxElements = 128;
static constexpr int64_t kMaxThreads = 1024, kWarpSize = 32;
static constexpr int64_t kSectorBytes = 32;
/// In transposed blocks rows are neighbours in groups of so many; the rows of a
/// word, from the first of them on.
static constexpr int64_t kGroup = 16;
static constexpr int64_t kRowsOfWord[] = {0, 1, 8, 9};
/// Rows of a block where it has no scale.
static constexpr int64_t kRowsOfPass = 64;

static int64_t bytesOf(Type element) {
  return element.getIntOrFloatBitWidth() / 8;
}

std::optional<QuantizePlan> QuantizePlan::of(QuantizeOp op) {
  const int64_t headDim = op.getHeadDim();
  QuantizePlan plan;
  plan.block = op.getBlock() ? int64_t(*op.getBlock()) : kRowsOfPass;
  int64_t most = kVectorBytes / bytesOf(op.getElementType());
  // A transform takes the lanes of one warp.
  if (op.hasHadamard())
    most = std::max(most, op.getHadamardWidth() / kWarpSize);
  plan.values = std::min(most, headDim & -headDim);
  plan.pieces = headDim / plan.values;
  plan.width = op.getTransposedRows();
  plan.lanes = plan.pieces;
  if (plan.width && !op.hasHadamard())
    plan.lanes =
        std::min(plan.pieces & -plan.pieces,
                 kSectorBytes / (plan.values * bytesOf(op.getElementType())));
  const int64_t rowsOfWord = plan.rowsOfWord();
  auto place = [&](int64_t rows) {
    plan.rows = rows;
    plan.steps = llvm::divideCeil(plan.block, rows) * rowsOfWord;
    plan.threads = llvm::alignTo(plan.pieces * rows / rowsOfWord, kWarpSize);
    return plan.threads <= kMaxThreads;
  };
  std::optional<QuantizePlan> best;
  for (int64_t rows = plan.width ? kGroup : 1; place(rows); rows *= 2) {
    best = plan;
    // A column of so many rows is a sector of transposed blocks.
    if (plan.width && rows < std::min(plan.block, kSectorBytes))
      continue;
    // Where the block is ours to choose, fewer registers are better.
    if (plan.steps * plan.values <=
        (op.getBlock() ? kGoodElements : kGoodElements / 2))
      break;
  }
  if (best && best->steps * best->values > kMaxElements)
    best.reset();
  return best;
}

LogicalResult attn::checkQuantize(QuantizeOp op) {
  if (!op.isBufferized())
    return op->emitError("expected memrefs: run attn-bufferize first");
  if (op.getTransposedRows() && op.getBlock() && *op.getBlock() % kGroup)
    return op->emitError("expected a block that is a multiple of 16 rows with "
                         "an out in transposed blocks, but got ")
           << int64_t(*op.getBlock());
  if (!QuantizePlan::of(op))
    return op->emitError("expected a smaller block or head_dim: a kernel "
                         "holds at most 131072 elements of ")
           << "a block in its registers, but got " << op.getBlock().value_or(1)
           << " rows of " << op.getHeadDim();
  return success();
}

int64_t QuantizePlan::outAlignment(QuantizeOp op, int64_t alignment) const {
  if (width)
    return std::min<int64_t>(alignment, rowsOfWord());
  int64_t elements =
      std::max<int64_t>(alignment / bytesOf(op.getElementType()), 1);
  return std::min(values, elements);
}

namespace {
/// Builds the body of the kernel. Everything below `run` is a step of it, in
/// order.
class QuantizeBody : IntegerOps {
public:
  QuantizeBody(QuantizeOp op, int64_t alignment, gpu::GPUFuncOp kernel)
      : IntegerOps{ImplicitLocOpBuilder(op.getLoc(), op.getContext())}, op(op),
        plan(*QuantizePlan::of(op)), element(op.getElementType()),
        alignment(alignment), kernel(kernel), input(kernel.getArgument(0)) {
    b.setInsertionPointToStart(&kernel.getBody().front());
  }

  void run() {
    out = kernel.getArgument(1);
    scales = kernel.getArgument(2);
    locate();
    SmallVector<Piece> rows = loadRows();
    Value bits = op.getBlock() ? largestOf(rows) : largestBefore();
    bits = tile::ReduceThreadsOp::create(b, tile::End::Largest, bits);
    Value scale, factor;
    std::tie(scale, factor) = scaleOf(fromBits(bits));
    storeScale(scale);
    for (int64_t step = 0; step < plan.steps; step += plan.rowsOfWord())
      if (plan.width)
        storeWords(step, ArrayRef(rows).slice(step, plan.rowsOfWord()), factor);
      else
        store(step, rows[step], factor);
    gpu::ReturnOp::create(b);
  }

  /// Only the largest magnitude of each block, as bits.
  void runMaxima() {
    locate();
    Value bits = tile::ReduceThreadsOp::create(b, tile::End::Largest,
                                               largestOf(loadRows()));
    when(isZero(thread), [&] {
      memref::StoreOp::create(b, bits, kernel.getArgument(1), toIndex(number));
    });
    gpu::ReturnOp::create(b);
  }

private:
  using Piece = SmallVector<Value>;

  //===--------------------------------------------------------------------===//
  // Values
  //===--------------------------------------------------------------------===//

  Value real(double value) {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(float(value)));
  }
  Value isZero(Value value) {
    return compare(arith::CmpIPredicate::eq, value, i32(0));
  }
  Value roundedUp(Value u, int64_t unit) {
    return mul(div(add(u, i32(unit - 1)), i32(unit)), i32(unit));
  }
  Value bitAnd(Value u, int64_t v) {
    return arith::AndIOp::create(b, u, i32(v));
  }
  Value mulf(Value u, Value v) { return arith::MulFOp::create(b, u, v); }
  Value less(Value u, Value v) {
    return compare(arith::CmpIPredicate::slt, u, v);
  }
  Value bitsOf(Value f32) {
    return arith::BitcastOp::create(b, b.getI32Type(), f32);
  }
  Value fromBits(Value i32) {
    return arith::BitcastOp::create(b, b.getF32Type(), i32);
  }
  Value sizeOf(int64_t d) {
    Value dim = arith::ConstantIndexOp::create(b, d);
    return toI32(memref::DimOp::create(b, input, dim));
  }
  void inBlock(Block *block, function_ref<void()> body) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(block);
    body();
  }
  void when(Value condition, function_ref<void()> body) {
    auto branch = scf::IfOp::create(b, condition, /*withElseRegion=*/false);
    inBlock(branch.thenBlock(), body);
  }

  //===--------------------------------------------------------------------===//
  // Steps
  //===--------------------------------------------------------------------===//

  void locate() {
    thread = toI32(gpu::ThreadIdOp::create(b, gpu::Dimension::x));
    number = toI32(gpu::BlockIdOp::create(b, gpu::Dimension::x));
    Value length = sizeOf(2), rowsOfBlock = i32(plan.block);
    // The rows of the output: those past the end are 0, and no scale's.
    Value outLength = plan.width ? roundedUp(length, plan.width) : length;
    blocks = div(add(outLength, i32(plan.block - 1)), rowsOfBlock);
    // A head without rows has a scale nonetheless, and a block for it.
    if (!op.getBlock())
      blocks = max(blocks, i32(1));
    block = rem(number, blocks);
    Value group = div(number, blocks), heads = sizeOf(1);
    head = rem(group, heads);
    batch = div(group, heads);
    Value first = mul(block, rowsOfBlock), last = add(first, rowsOfBlock);
    end = arith::MinSIOp::create(b, last, length);
    outEnd =
        plan.width ? Value(arith::MinSIOp::create(b, last, outLength)) : end;
    hasScale = less(first, length);
    locateThread(first);
  }

  /// The piece that the thread has, and the first of its rows.
  void locateThread(Value first) {
    const int64_t starts = plan.rows / plan.rowsOfWord();
    Value lane = rem(thread, i32(plan.lanes));
    Value start = div(thread, i32(plan.lanes));
    piece = lane;
    if (plan.lanes < plan.pieces) {
      piece = add(mul(div(start, i32(starts)), i32(plan.lanes)), lane);
      start = rem(start, i32(starts));
    }
    column = mul(piece, i32(plan.values));
    if (plan.width) // the first row of word `start`
      start = add(mul(div(start, i32(4)), i32(kGroup)),
                  mul(bitAnd(start, 3), i32(2)));
    row = add(first, start);
    // The last threads of the last warp would begin with another one's row.
    if (plan.pieces * starts % kWarpSize)
      row = select(less(thread, i32(plan.pieces * starts)), row, outEnd);
  }

  Value rowOf(int64_t step) {
    int64_t from = step;
    if (plan.width)
      from = step / 4 * plan.rows + kRowsOfWord[step % 4];
    else
      from *= plan.rows;
    return from ? add(row, i32(from)) : row;
  }

  SmallVector<Value> indicesOf(int64_t step) {
    return {batch, head, rowOf(step), column};
  }

  /// All that the thread holds, after the transform.
  SmallVector<Piece> loadRows() {
    SmallVector<Piece> rows;
    for (int64_t step = 0; step < plan.steps; ++step)
      rows.push_back(load(step));
    if (op.hasHadamard())
      transform(rows);
    return rows;
  }

  /// As f32; zeros behind the end.
  Piece load(int64_t step) {
    SmallVector<Type> types(plan.values, element);
    auto branch = scf::IfOp::create(b, types, less(rowOf(step), end),
                                    /*withElseRegion=*/true);
    inBlock(branch.thenBlock(), [&] {
      int64_t bytes = bytesOf(element);
      int64_t aligned =
          std::min(std::max(alignment, bytes), plan.values * bytes);
      auto loaded =
          tile::LoadValuesOp::create(b, types, input, indicesOf(step), aligned);
      scf::YieldOp::create(b, loaded.getValues());
    });
    inBlock(branch.elseBlock(), [&] {
      Value zero = arith::ConstantOp::create(b, b.getFloatAttr(element, 0.0));
      scf::YieldOp::create(b, Piece(plan.values, zero));
    });
    Piece values;
    for (Value value : branch.getResults())
      values.push_back(element.isF32() ? value
                                       : Value(arith::ExtFOp::create(
                                             b, b.getF32Type(), value)));
    return values;
  }

  //===--------------------------------------------------------------------===//
  // Transform
  //===--------------------------------------------------------------------===//

  /// Random signs, then sums and differences: the transform times the root of
  /// its width. Bit k of the column is in a thread's piece or a bit of its
  /// lane.
  void transform(SmallVectorImpl<Piece> &rows) {
    const int64_t width = op.getHadamardWidth();
    SmallVector<Value> masks = signMasks();
    for (Piece &values : rows)
      for (auto [value, mask] : llvm::zip(values, masks))
        value = fromBits(arith::XOrIOp::create(b, bitsOf(value), mask));
    for (int64_t bit = 1; bit < plan.values; bit *= 2)
      for (Piece &values : rows)
        for (int64_t i = 0; i < plan.values; ++i)
          if (!(i & bit)) {
            Value u = values[i], v = values[i | bit];
            values[i] = arith::AddFOp::create(b, u, v);
            values[i | bit] = arith::SubFOp::create(b, u, v);
          }
    for (int64_t bit = 1; bit < width / plan.values; bit *= 2) {
      Value isHigh =
          compare(arith::CmpIPredicate::ne, bitAnd(thread, bit), i32(0));
      Value sign = select(isHigh, real(-1), real(1));
      for (Piece &values : rows)
        for (Value &value : values)
          value = math::FmaOp::create(
              b, value, sign, tile::ExchangeLanesOp::create(b, value, bit));
    }
  }

  /// For each value of a piece the sign bit, where it is to be turned. The
  /// signs are constants: a word has those of four pieces.
  SmallVector<Value> signMasks() {
    const llvm::BitVector negative = op.getHadamardSigns();
    const int64_t piecesOfWord = 32 / plan.values;
    Value word;
    for (int64_t w = 0; w * piecesOfWord < plan.pieces; ++w) {
      uint32_t bits = 0;
      for (unsigned d = w * 32; d < negative.size() && d < (w + 1) * 32; ++d)
        bits |= uint32_t(negative[d]) << (d % 32);
      Value constant = i32(int32_t(bits));
      word = w == 0
                 ? constant
                 : select(less(piece, i32(w * piecesOfWord)), word, constant);
    }
    Value shift = mul(bitAnd(piece, piecesOfWord - 1), i32(plan.values));
    Value bits = arith::ShRUIOp::create(b, word, shift);
    SmallVector<Value> masks;
    for (int64_t i = 0; i < plan.values; ++i)
      masks.push_back(
          bitAnd(arith::ShLIOp::create(b, bits, i32(31 - i)), INT32_MIN));
    return masks;
  }

  //===--------------------------------------------------------------------===//
  // Scale
  //===--------------------------------------------------------------------===//

  /// The largest finite magnitude that the thread has, as bits: those of
  /// numbers that are not negative are in the order of the numbers.
  Value largestOf(ArrayRef<Piece> rows) {
    Value infinity = real(std::numeric_limits<double>::infinity());
    Value largest = real(0);
    for (const Piece &values : rows)
      for (Value value : values) {
        Value magnitude = math::AbsFOp::create(b, value);
        Value isFinite = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT,
                                               magnitude, infinity);
        largest = arith::MaxNumFOp::create(
            b, largest, select(isFinite, magnitude, real(0)));
      }
    return bitsOf(largest);
  }

  /// The largest of what the kernel before has found, for this thread's share
  /// of the blocks of the head, or of all.
  Value largestBefore() {
    Value first = thread, last = blocks;
    if (op.getScalesRank() == 2) {
      Value before = arith::SubIOp::create(b, number, block);
      first = add(first, before);
      last = add(last, before);
    } else {
      last = mul(last, mul(sizeOf(0), sizeOf(1)));
    }
    auto loop = scf::ForOp::create(b, first, last, i32(plan.threads), i32(0));
    inBlock(loop.getBody(), [&] {
      Value known =
          tile::LoadConstantOp::create(b, b.getI32Type(), kernel.getArgument(3),
                                       toIndex(loop.getInductionVar()));
      Value larger = max(loop.getRegionIterArg(0), known);
      scf::YieldOp::create(b, larger);
    });
    return loop.getResult(0);
  }

  /// By the first thread of the first block that the scale is of.
  void storeScale(Value scale) {
    SmallVector<Value> indices = {batch, head, block};
    Value others = thread;
    if (op.getScalesRank() == 1) {
      indices = {i32(0)};
      others = arith::OrIOp::create(b, thread, number);
    } else if (op.getScalesRank() == 2) {
      indices.pop_back();
      others = arith::OrIOp::create(b, thread, block);
    }
    Value writes = isZero(others);
    // Some blocks may have rows past the end alone.
    if (op.getBlock() && plan.width)
      writes = arith::AndIOp::create(b, writes, hasScale);
    when(writes,
         [&] { tile::StoreValuesOp::create(b, scale, scales, indices, 4); });
  }

  /// The scale, and what a value is multiplied with to divide it by that.
  std::pair<Value, Value> scaleOf(Value largest) {
    const auto &format =
        cast<FloatType>(op.getOutType().getElementType()).getFloatSemantics();
    const double most = llvm::APFloat::getLargest(format).convertToDouble();
    // What the sums of the transform are too large by.
    const double root =
        op.hasHadamard() ? std::sqrt(double(op.getHadamardWidth())) : 1;
    Value isTiny =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, largest,
                              real(QuantizeOp::kLeastScale * most * root));
    Value scale = mulf(largest, real(1 / (most * root)));
    Value factor = arith::DivFOp::create(b, real(most), largest);
    return {select(isTiny, real(1), scale),
            select(isTiny, real(1 / root), factor)};
  }

  void store(int64_t step, const Piece &values, Value factor) {
    when(less(rowOf(step), end), [&] {
      Piece scaled;
      for (Value value : values)
        scaled.push_back(mulf(value, factor));
      tile::StoreValuesOp::create(b, scaled, out, indicesOf(step),
                                  plan.outAlignment(op, alignment));
    });
  }

  /// Four rows, as a word of each column. All of a group are in the output, or
  /// none.
  void storeWords(int64_t step, ArrayRef<Piece> rows, Value factor) {
    Value first = rowOf(step);
    when(less(first, outEnd), [&] {
      Value width = i32(plan.width);
      Value position = add(rem(first, width), bitAnd(first, kGroup - 1));
      for (int64_t i = 0; i < plan.values; ++i) {
        Piece word;
        for (const Piece &values : rows)
          word.push_back(mulf(values[i], factor));
        tile::StoreValuesOp::create(b, word, out,
                                    ValueRange{batch, head, div(first, width),
                                               add(column, i32(i)), position},
                                    plan.outAlignment(op, alignment));
      }
    });
  }

  QuantizeOp op;
  QuantizePlan plan;
  Type element;
  int64_t alignment; // of rows of the input, in bytes

  gpu::GPUFuncOp kernel;
  Value input, out, scales;                           // arguments
  Value thread, piece, column;                        // i32
  Value number, blocks, batch, head, block, row, end; // i32
  Value outEnd;                                       // i32
  Value hasScale;                                     // i1
};
} // namespace

static gpu::GPUFuncOp createKernel(QuantizeOp op, ArrayRef<Value> operands,
                                   bool hasMaxima, gpu::GPUModuleOp module,
                                   StringRef name) {
  SmallVector<Type> types;
  for (Value operand : operands)
    types.push_back(getRowMajorType(operand.getType()));
  if (hasMaxima)
    types.push_back(MemRefType::get({ShapedType::kDynamic},
                                    IntegerType::get(op.getContext(), 32)));
  return createKernelFunction(module, op.getLoc(), name, types,
                              QuantizePlan::of(op)->threads);
}

gpu::GPUFuncOp attn::buildQuantizeKernel(QuantizeOp op, int64_t alignment,
                                         gpu::GPUModuleOp module,
                                         StringRef name) {
  gpu::GPUFuncOp kernel =
      createKernel(op, {op.getInput(), op.getOut(), op.getScales()},
                   /*hasMaxima=*/!op.getBlock(), module, name);
  QuantizeBody(op, alignment, kernel).run();
  return kernel;
}

gpu::GPUFuncOp attn::buildMaximaKernel(QuantizeOp op, int64_t alignment,
                                       gpu::GPUModuleOp module,
                                       StringRef name) {
  gpu::GPUFuncOp kernel = createKernel(op, Value(op.getInput()),
                                       /*hasMaxima=*/true, module, name);
  QuantizeBody(op, alignment, kernel).runMaxima();
  return kernel;
}
