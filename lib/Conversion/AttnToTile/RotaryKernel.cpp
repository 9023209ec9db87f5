//===- RotaryKernel.cpp - the kernel of attn.rotary -----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bound by memory: what counts is that every element moves once, in 16 bytes,
// and that enough loads are in flight. So a thread loads its piece of several
// heads first, computes the angles of the piece, which are the same for all
// heads, under these loads, and then rotates and stores.

#include "RotaryKernel.h"
#include "KernelFunction.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace mlir::attn;

/// Bytes of the widest load of a thread.
static constexpr int64_t kVectorBytes = 16;
static constexpr int64_t kHeadsPerThread = 4;

static int64_t lowestBit(int64_t value) { return value & -value; }

static int64_t bytesOf(Type element) {
  return element.getIntOrFloatBitWidth() / 8;
}

RotaryPlan RotaryPlan::of(RotaryOp op) {
  int64_t width = op.getRotaryWidth(), copied = op.getHeadDim() - width;
  int64_t most = kVectorBytes / bytesOf(op.getElementType());
  // A pair lies in one load, or in two of the same place in a half.
  int64_t unit = op.getInterleaved() ? width : width / 2;
  RotaryPlan plan;
  plan.values = std::min(most, lowestBit(unit));
  plan.pairs = op.getInterleaved() ? plan.values / 2 : plan.values;
  plan.rotatedPieces = unit / plan.values;
  plan.copiedValues =
      copied ? std::min({most, lowestBit(width), lowestBit(copied)}) : 1;
  plan.pieces = plan.rotatedPieces + copied / plan.copiedValues;
  plan.heads = kHeadsPerThread;
  return plan;
}

int64_t RotaryPlan::tableAlignment(Type element, int64_t alignment) const {
  int64_t bytes = bytesOf(element);
  return std::max(bytes, std::min({kVectorBytes, alignment, pairs * bytes}));
}

Value attn::getRotaryFrequencies(ImplicitLocOpBuilder &b, RotaryOp op,
                                 gpu::GPUModuleOp module) {
  auto rows = op.getFrequencies();
  SmallVector<float> values;
  for (ArrayRef<float> frequencies : rows)
    llvm::append_range(values, frequencies);
  SmallVector<int64_t> shape = {int64_t(rows.size()), int64_t(rows[0].size())};
  auto type =
      MemRefType::get(shape, b.getF32Type(), MemRefLayoutAttrInterface(),
                      b.getI64IntegerAttr(/*global=*/1));
  auto tensor = RankedTensorType::get(shape, b.getF32Type());
  auto content = DenseElementsAttr::get<float>(tensor, values);
  memref::GlobalOp table;
  for (auto known : module.getOps<memref::GlobalOp>())
    if (known.getInitialValueAttr() == content)
      table = known;
  if (!table) {
    OpBuilder detached(b.getContext());
    table = memref::GlobalOp::create(
        detached, op.getLoc(), "rotary_frequencies", b.getStringAttr("private"),
        type, content, /*constant=*/true, b.getI64IntegerAttr(kVectorBytes));
    SymbolTable(module).insert(table, module.getBody()->begin());
  }
  return memref::GetGlobalOp::create(b, type, table.getSymName());
}

namespace {
/// Builds the part of a kernel that is for one op. Everything below `run` is a
/// step of it, in order.
class RotaryBody {
public:
  /// `arguments` are the kernel's, those of the op come first and are dropped.
  RotaryBody(RotaryOp op, int64_t alignment, ImplicitLocOpBuilder &b,
             gpu::GPUModuleOp module, ArrayRef<BlockArgument> &arguments)
      : op(op), plan(RotaryPlan::of(op)), b(b), module(module),
        element(op.getElementType()), alignment(alignment) {
    auto take = [&](bool exists) {
      Value argument = exists ? Value(arguments.front()) : Value();
      arguments = arguments.drop_front(exists);
      return argument;
    };
    input = take(true);
    out = take(true);
    positions = take(bool(op.getPositions()));
    cosTable = take(op.hasTables());
    sinTable = take(op.hasTables());
    offset = take(bool(op.getOffset()));
    frequencyRow = take(op.getLengthLimit().has_value());
  }

  /// How many blocks of threads the op takes.
  Value blocks() {
    return arith::MulIOp::create(
        b, arith::MulIOp::create(b, blocksOfHead(), headGroups()),
        sizeOf(input, 0));
  }

  /// What block `number` of them does.
  void run(Value number) {
    if (!op.hasTables())
      frequencies = getRotaryFrequencies(b, op, module);
    locatePiece(number);
    when(less(row, sizeOf(input, 2)), [&] {
      if (plan.rotatedPieces == plan.pieces)
        return rotatePiece();
      Value isRotated = less(piece, i32(plan.rotatedPieces));
      auto branch = scf::IfOp::create(b, isRotated, /*withElseRegion=*/true);
      inBlock(branch.thenBlock(), [&] { rotatePiece(); });
      inBlock(branch.elseBlock(), [&] { copyPiece(); });
    });
  }

private:
  using Piece = SmallVector<Value>;

  //===--------------------------------------------------------------------===//
  // Values
  //===--------------------------------------------------------------------===//

  Value i32(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  Value toI32(Value value) {
    if (value.getType().isIndex())
      return arith::IndexCastOp::create(b, b.getI32Type(), value);
    return value.getType().isInteger(64)
               ? Value(arith::TruncIOp::create(b, b.getI32Type(), value))
               : value;
  }
  Value toIndex(Value value) {
    return arith::IndexCastOp::create(b, b.getIndexType(), value);
  }
  Value add(Value u, Value v) { return arith::AddIOp::create(b, u, v); }
  Value mul(Value u, int64_t v) { return arith::MulIOp::create(b, u, i32(v)); }
  Value mulf(Value u, Value v) { return arith::MulFOp::create(b, u, v); }
  Value less(Value u, Value v) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, u, v);
  }
  Value sizeOf(Value memref, int64_t d) {
    Value dim = arith::ConstantIndexOp::create(b, d);
    return toI32(memref::DimOp::create(b, memref, dim));
  }
  Value toF32(Value value) {
    return value.getType().isF32()
               ? value
               : Value(arith::ExtFOp::create(b, b.getF32Type(), value));
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

  Value ceilDiv(Value value, int64_t by) {
    return arith::DivUIOp::create(b, add(value, i32(by - 1)), i32(by));
  }
  Value blocksOfHead() {
    return ceilDiv(mul(sizeOf(input, 2), plan.pieces), RotaryPlan::kThreads);
  }
  Value headGroups() { return ceilDiv(sizeOf(input, 1), plan.heads); }

  /// Pieces of the rows of a head are numbered through, and blocks of threads
  /// take them in order.
  void locatePiece(Value block) {
    Value blocks = blocksOfHead(), groups = headGroups();
    Value group = arith::DivUIOp::create(b, block, blocks);
    Value thread = toI32(gpu::ThreadIdOp::create(b, gpu::Dimension::x));
    Value number =
        add(mul(arith::RemUIOp::create(b, block, blocks), RotaryPlan::kThreads),
            thread);
    row = arith::DivUIOp::create(b, number, i32(plan.pieces));
    piece = arith::RemUIOp::create(b, number, i32(plan.pieces));
    firstHead = mul(arith::RemUIOp::create(b, group, groups), plan.heads);
    batch = arith::DivUIOp::create(b, group, groups);
  }

  void copyPiece() {
    Value inCopied = arith::SubIOp::create(b, piece, i32(plan.rotatedPieces));
    Value column =
        add(mul(inCopied, plan.copiedValues), i32(op.getRotaryWidth()));
    SmallVector<Piece> heads;
    for (int64_t h = 0; h < plan.heads; ++h)
      heads.push_back(load(h, column, plan.copiedValues));
    for (auto [h, values] : llvm::enumerate(heads))
      store(h, {{column, values}});
  }

  void rotatePiece() {
    Value column = mul(piece, plan.values);
    Value otherColumn = add(column, i32(op.getRotaryWidth() / 2));
    SmallVector<Piece> heads, others;
    for (int64_t h = 0; h < plan.heads; ++h) {
      heads.push_back(load(h, column, plan.values));
      if (!op.getInterleaved())
        others.push_back(load(h, otherColumn, plan.values));
    }
    auto [cosines, sines] = rotations();
    for (int64_t h = 0; h < plan.heads; ++h) {
      if (op.getInterleaved()) {
        store(h, {{column, rotateNeighbours(heads[h], cosines, sines)}});
        continue;
      }
      Piece low, high;
      for (int64_t i = 0; i < plan.pairs; ++i) {
        auto [x, y] = rotate(heads[h][i], others[h][i], cosines[i], sines[i]);
        low.push_back(x);
        high.push_back(y);
      }
      store(h, {{column, low}, {otherColumn, high}});
    }
  }

  Piece rotateNeighbours(const Piece &values, const Piece &cosines,
                         const Piece &sines) {
    Piece result;
    for (int64_t i = 0; i < plan.pairs; ++i) {
      auto [x, y] =
          rotate(values[2 * i], values[2 * i + 1], cosines[i], sines[i]);
      result.append({x, y});
    }
    return result;
  }

  std::pair<Value, Value> rotate(Value x, Value y, Value cosine, Value sine) {
    x = toF32(x);
    y = toF32(y);
    return {arith::SubFOp::create(b, mulf(x, cosine), mulf(y, sine)),
            arith::AddFOp::create(b, mulf(y, cosine), mulf(x, sine))};
  }

  /// Cosines and sines of the pairs of this thread's piece.
  std::pair<Piece, Piece> rotations() {
    Value position = positionOfRow();
    Value firstPair = mul(piece, plan.pairs);
    if (op.hasTables())
      return {loadTable(cosTable, alignment, position, firstPair),
              loadTable(sinTable, alignment, position, firstPair)};
    Value which = frequencyRow ? toI32(frequencyRow) : i32(0);
    Value real = arith::SIToFPOp::create(b, b.getF32Type(), position);
    Value magnitude;
    if (op.getMagnitude() != 1)
      magnitude = arith::ConstantOp::create(
          b, b.getF32FloatAttr(float(op.getMagnitude())));
    Piece cosines, sines;
    for (Value frequency :
         loadTable(frequencies, kVectorBytes, which, firstPair)) {
      auto both = math::SincosOp::create(b, mulf(real, frequency));
      auto scaled = [&](Value v) { return magnitude ? mulf(v, magnitude) : v; };
      cosines.push_back(scaled(both.getCos()));
      sines.push_back(scaled(both.getSin()));
    }
    return {cosines, sines};
  }

  Value positionOfRow() {
    if (positions) {
      SmallVector<Value> indices = {toIndex(row)};
      if (cast<MemRefType>(positions.getType()).getRank() == 2)
        indices.insert(indices.begin(), toIndex(batch));
      return toI32(memref::LoadOp::create(b, positions, indices));
    }
    return offset ? add(row, toI32(offset)) : row;
  }

  //===--------------------------------------------------------------------===//
  // Memory
  //===--------------------------------------------------------------------===//

  /// Whether head h of this thread exists; null when it always does.
  Value isPresent(int64_t h) {
    int64_t count = op.getInputType().getShape()[1];
    if (!ShapedType::isDynamic(count) && count % plan.heads == 0)
      return {};
    return less(add(firstHead, i32(h)), sizeOf(input, 1));
  }

  SmallVector<Value> indicesOf(int64_t h, Value column) {
    return {batch, add(firstHead, i32(h)), row, column};
  }

  /// Columns of pieces are whole numbers of pieces behind the start of a row.
  int64_t alignmentOf(int64_t count) {
    return std::min(std::max(alignment, bytesOf(element)),
                    count * bytesOf(element));
  }

  Piece load(int64_t h, Value column, int64_t count) {
    SmallVector<Type> types(count, element);
    auto loaded = [&] {
      return tile::LoadValuesOp::create(b, types, input, indicesOf(h, column),
                                        alignmentOf(count))
          .getValues();
    };
    Value present = isPresent(h);
    if (!present)
      return Piece(loaded());
    auto branch = scf::IfOp::create(b, types, present, /*withElseRegion=*/true);
    inBlock(branch.thenBlock(), [&] { scf::YieldOp::create(b, loaded()); });
    inBlock(branch.elseBlock(), [&] {
      Value zero = arith::ConstantOp::create(b, b.getFloatAttr(element, 0.0));
      scf::YieldOp::create(b, Piece(count, zero));
    });
    return Piece(branch.getResults());
  }

  void store(int64_t h, ArrayRef<std::pair<Value, Piece>> pieces) {
    auto storeAll = [&] {
      for (const auto &[column, values] : pieces)
        tile::StoreValuesOp::create(b, values, out, indicesOf(h, column),
                                    alignmentOf(values.size()));
    };
    if (Value present = isPresent(h))
      when(present, storeAll);
    else
      storeAll();
  }

  Piece loadTable(Value table, int64_t alignment, Value tableRow,
                  Value column) {
    auto type = cast<MemRefType>(table.getType());
    SmallVector<Type> types(plan.pairs, type.getElementType());
    auto loaded = tile::LoadValuesOp::create(
        b, types, table, ValueRange{tableRow, column},
        plan.tableAlignment(type.getElementType(), alignment));
    Piece values;
    for (Value value : loaded.getValues())
      values.push_back(toF32(value));
    return values;
  }

  RotaryOp op;
  RotaryPlan plan;
  ImplicitLocOpBuilder &b;
  gpu::GPUModuleOp module;
  Type element;
  int64_t alignment; // of rows of input, out and tables, in bytes

  // Arguments; null where the op has none.
  Value input, out, positions, cosTable, sinTable, offset, frequencyRow;
  Value frequencies;                  // without tables
  Value batch, firstHead, row, piece; // i32: what this thread works on
};
} // namespace

/// Appends the types of the arguments that the kernel has for `op`.
static void appendArguments(RotaryOp op, SmallVectorImpl<Type> &types) {
  for (Value operand : {op.getInput(), Value(op.getOuts()), op.getPositions(),
                        op.getCos(), op.getSin()})
    if (operand)
      types.push_back(getRowMajorType(operand.getType()));
  types.append(bool(op.getOffset()) + op.getLengthLimit().has_value(),
               IndexType::get(op.getContext()));
}

/// Blocks are those of the first op, then those of the next.
static void buildBodies(ArrayRef<RotaryOp> ops, int64_t alignment,
                        ImplicitLocOpBuilder &b, gpu::GPUModuleOp module,
                        ArrayRef<BlockArgument> arguments, Value number) {
  RotaryBody body(ops.front(), alignment, b, module, arguments);
  if (ops.size() == 1)
    return body.run(number);
  Value blocks = body.blocks();
  Value isMine =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, number, blocks);
  auto branch = scf::IfOp::create(b, isMine, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  body.run(number);
  b.setInsertionPointToStart(branch.elseBlock());
  buildBodies(ops.drop_front(), alignment, b, module, arguments,
              arith::SubIOp::create(b, number, blocks));
}

gpu::GPUFuncOp attn::buildRotaryKernel(ArrayRef<RotaryOp> ops,
                                       int64_t alignment,
                                       gpu::GPUModuleOp module,
                                       StringRef name) {
  RotaryOp first = ops.front();
  ImplicitLocOpBuilder b(first.getLoc(), module.getContext());
  SmallVector<Type> types;
  for (RotaryOp op : ops)
    appendArguments(op, types);
  gpu::GPUFuncOp kernel = createKernelFunction(module, first.getLoc(), name,
                                               types, RotaryPlan::kThreads);
  b.setInsertionPointToStart(&kernel.getBody().front());
  Value number = arith::IndexCastOp::create(
      b, b.getI32Type(), gpu::BlockIdOp::create(b, gpu::Dimension::x));
  buildBodies(ops, alignment, b, module, kernel.getArguments(), number);
  gpu::ReturnOp::create(b);
  return kernel;
}
