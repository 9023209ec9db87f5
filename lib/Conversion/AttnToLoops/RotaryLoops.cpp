//===- RotaryLoops.cpp - loops of one attn.rotary -------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RotaryLoops.h"
#include "ScalarRegion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::attn;

namespace {
/// One row: its indices, and the position that it is rotated to.
struct RotatedRow {
  Value b, h, i;
  Value position; // index
};

class RotaryLoops {
public:
  RotaryLoops(RotaryOp op, Type real, Type rounded)
      : op(op), b(op.getLoc(), op), realType(real), rounded(rounded) {}

  void emit() {
    zero = index(0);
    pairs = index(op.getRotaryWidth() / 2);
    if (!op.hasTables())
      defineFrequencies();
    loop(zero, sizeOf(0), [&](Value batch) {
      loop(zero, sizeOf(1), [&](Value head) {
        loop(zero, sizeOf(2), [&](Value i) { emitRow(batch, head, i); });
      });
    });
  }

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value real(double value) {
    return arith::ConstantOp::create(b, b.getFloatAttr(realType, value));
  }
  Value sizeOf(int64_t dim) {
    return memref::DimOp::create(b, op.getInput(), dim);
  }
  void loop(Value from, Value to, function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(b, from, to, index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  }
  Value load(Value memref, ValueRange indices) {
    return convertFloat(b, memref::LoadOp::create(b, memref, indices),
                        realType);
  }
  void store(Value value, const RotatedRow &row, Value d) {
    Type type = cast<MemRefType>(op.getOuts().getType()).getElementType();
    if (rounded)
      value = convertFloat(b, value, rounded);
    memref::StoreOp::create(b, convertFloat(b, value, type), op.getOuts(),
                            ValueRange{row.b, row.h, row.i, d});
  }

  /// A constant of the module, and the row of it that this call takes.
  void defineFrequencies() {
    auto rows = op.getFrequencies();
    SmallVector<float> values;
    for (ArrayRef<float> row : rows)
      llvm::append_range(values, row);
    auto type = MemRefType::get({int64_t(rows.size()), int64_t(rows[0].size())},
                                b.getF32Type());
    auto tensor = RankedTensorType::get(type.getShape(), type.getElementType());
    auto module = op->getParentOfType<ModuleOp>();
    OpBuilder detached(b.getContext());
    auto global = memref::GlobalOp::create(
        detached, op.getLoc(), "rotary_frequencies",
        detached.getStringAttr("private"), type,
        DenseElementsAttr::get<float>(tensor, values),
        /*constant=*/true, /*alignment=*/IntegerAttr());
    SymbolTable(module).insert(global, module.getBody()->begin());
    frequencies = memref::GetGlobalOp::create(b, type, global.getSymName());
    frequencyRow = zero;
    if (std::optional<int64_t> limit = op.getLengthLimit())
      frequencyRow = arith::SelectOp::create(
          b,
          arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, length(),
                                index(*limit)),
          index(1), zero);
  }

  Value length() {
    if (op.getLength())
      return op.getLength();
    Value rows = sizeOf(2);
    return op.getOffset() ? arith::AddIOp::create(b, rows, op.getOffset())
                          : rows;
  }

  void emitRow(Value batch, Value head, Value i) {
    RotatedRow row{batch, head, i, positionOf(batch, i)};
    loop(zero, pairs, [&](Value d) { rotatePair(row, d); });
    loop(index(op.getRotaryWidth()), index(op.getHeadDim()), [&](Value d) {
      store(load(op.getInput(), {row.b, row.h, row.i, d}), row, d);
    });
  }

  Value positionOf(Value batch, Value i) {
    if (Value positions = op.getPositions()) {
      SmallVector<Value> indices = {i};
      if (cast<MemRefType>(positions.getType()).getRank() == 2)
        indices.insert(indices.begin(), batch);
      return arith::IndexCastOp::create(
          b, b.getIndexType(), memref::LoadOp::create(b, positions, indices));
    }
    return op.getOffset() ? arith::AddIOp::create(b, i, op.getOffset()) : i;
  }

  void rotatePair(const RotatedRow &row, Value d) {
    auto [cosine, sine] = rotation(row, d);
    Value low = d, high;
    if (op.getInterleaved()) {
      low = arith::AddIOp::create(b, d, d);
      high = arith::AddIOp::create(b, low, index(1));
    } else {
      high = arith::AddIOp::create(b, d, pairs);
    }
    Value x = load(op.getInput(), {row.b, row.h, row.i, low});
    Value y = load(op.getInput(), {row.b, row.h, row.i, high});
    auto multiply = [&](Value u, Value v) -> Value {
      return arith::MulFOp::create(b, u, v);
    };
    store(arith::SubFOp::create(b, multiply(x, cosine), multiply(y, sine)), row,
          low);
    store(arith::AddFOp::create(b, multiply(y, cosine), multiply(x, sine)), row,
          high);
  }

  /// Cosine and sine for pair d.
  std::pair<Value, Value> rotation(const RotatedRow &row, Value d) {
    if (op.hasTables())
      return {load(op.getCos(), {row.position, d}),
              load(op.getSin(), {row.position, d})};
    Value position = arith::SIToFPOp::create(
        b, b.getF32Type(),
        arith::IndexCastOp::create(b, b.getI64Type(), row.position));
    Value frequency =
        memref::LoadOp::create(b, frequencies, ValueRange{frequencyRow, d});
    Value angle = convertFloat(b, arith::MulFOp::create(b, position, frequency),
                               realType);
    Value magnitude = real(op.getMagnitude());
    return {arith::MulFOp::create(b, math::CosOp::create(b, angle), magnitude),
            arith::MulFOp::create(b, math::SinOp::create(b, angle), magnitude)};
  }

  RotaryOp op;
  ImplicitLocOpBuilder b;
  Type realType, rounded;
  Value zero, pairs;               // index
  Value frequencies, frequencyRow; // without tables
};
} // namespace

void attn::emitRotaryLoops(RotaryOp op, Type real, Type rounded) {
  RotaryLoops(op, real, rounded).emit();
}
