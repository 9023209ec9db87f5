//===- QuantizeLoops.cpp - loops of one attn.quantize ---------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "QuantizeLoops.h"
#include "Float8.h"
#include "ScalarRegion.h"
#include "TransposedColumn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::attn;

namespace {
class QuantizeLoops {
public:
  QuantizeLoops(QuantizeOp op, Type real, Type float8, bool rounds)
      : op(op), b(op.getLoc(), op), realType(real), float8(float8),
        rounds(rounds) {}

  void emit() {
    zero = index(0);
    length = sizeOf(2);
    columns = index(op.getHeadDim());
    if (op.hasHadamard())
      defineSigns();
    if (op.getScalesRank() == 1)
      return emitTensor();
    loop(zero, sizeOf(0), [&](Value batch) {
      loop(zero, sizeOf(1), [&](Value head) {
        emitHead(batch, head);
        clearPadding(batch, head);
      });
    });
  }

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value blockSize() { return index(int64_t(*op.getBlock())); }
  Value real(double value) {
    return arith::ConstantOp::create(b, b.getFloatAttr(realType, value));
  }
  Value sizeOf(int64_t dim) {
    return memref::DimOp::create(b, op.getInput(), dim);
  }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, predicate, x, y);
  }
  void loop(Value from, Value to, function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(b, from, to, index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  }
  /// value = body(i, value) for all i.
  Value accumulate(Value from, Value to, Value init,
                   function_ref<Value(Value, Value)> body) {
    auto loop = scf::ForOp::create(b, from, to, index(1), init);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value next = body(loop.getInductionVar(), loop.getRegionIterArg(0));
    scf::YieldOp::create(b, next);
    return loop.getResult(0);
  }

  /// +1 and -1, a constant of the module.
  void defineSigns() {
    SmallVector<float> values;
    llvm::BitVector negative = op.getHadamardSigns();
    for (unsigned d = 0; d < negative.size(); ++d)
      values.push_back(negative[d] ? -1.0f : 1.0f);
    auto type = MemRefType::get({op.getHeadDim()}, b.getF32Type());
    auto tensor = RankedTensorType::get(type.getShape(), type.getElementType());
    auto module = op->getParentOfType<ModuleOp>();
    OpBuilder detached(b.getContext());
    auto global = memref::GlobalOp::create(
        detached, op.getLoc(), "hadamard_signs",
        detached.getStringAttr("private"), type,
        DenseElementsAttr::get<float>(tensor, values),
        /*constant=*/true, /*alignment=*/IntegerAttr());
    SymbolTable(module).insert(global, module.getBody()->begin());
    signs = memref::GetGlobalOp::create(b, type, global.getSymName());
  }

  void emitHead(Value batch, Value head) {
    if (op.getScalesRank() == 2) {
      Value largest = largestOf(batch, head, zero, length, real(0));
      Value scale = storeScale(largest, {batch, head});
      return quantize(batch, head, zero, length, scale);
    }
    Value blocks = arith::CeilDivUIOp::create(b, length, blockSize());
    loop(zero, blocks, [&](Value number) {
      Value first = arith::MulIOp::create(b, number, blockSize());
      Value end = arith::MinUIOp::create(
          b, arith::AddIOp::create(b, first, blockSize()), length);
      Value largest = largestOf(batch, head, first, end, real(0));
      Value scale = storeScale(largest, {batch, head, number});
      quantize(batch, head, first, end, scale);
    });
  }

  void emitTensor() {
    Value largest =
        accumulate(zero, sizeOf(0), real(0), [&](Value batch, Value max) {
          return accumulate(zero, sizeOf(1), max, [&](Value head, Value max) {
            return largestOf(batch, head, zero, length, max);
          });
        });
    Value scale = storeScale(largest, zero);
    loop(zero, sizeOf(0), [&](Value batch) {
      loop(zero, sizeOf(1), [&](Value head) {
        quantize(batch, head, zero, length, scale);
        clearPadding(batch, head);
      });
    });
  }

  /// The largest finite magnitude of rows, or `init` if that is larger.
  Value largestOf(Value batch, Value head, Value first, Value end, Value init) {
    return accumulate(first, end, init, [&](Value i, Value max) {
      return accumulate(zero, columns, max, [&](Value d, Value max) -> Value {
        Value magnitude =
            math::AbsFOp::create(b, transformed(batch, head, i, d));
        Value infinity = real(std::numeric_limits<double>::infinity());
        // Neither an infinity nor NaN is below infinity.
        Value isFinite =
            compare(arith::CmpFPredicate::OLT, magnitude, infinity);
        return arith::MaxNumFOp::create(
            b, max, arith::SelectOp::create(b, isFinite, magnitude, real(0)));
      });
    });
  }

  Value storeScale(Value largest, ValueRange indices) {
    Value scale = scaleOf(largest);
    store(scale, op.getScales(), indices);
    return scale;
  }

  void quantize(Value batch, Value head, Value first, Value end, Value scale) {
    loop(first, end, [&](Value i) {
      loop(zero, columns, [&](Value d) {
        Value quotient =
            arith::DivFOp::create(b, transformed(batch, head, i, d), scale);
        storeRounded(quotient, outIndices(batch, head, i, d));
      });
    });
  }

  /// Where element d of row i is in the output.
  SmallVector<Value> outIndices(Value batch, Value head, Value i, Value d) {
    int64_t width = op.getTransposedRows();
    if (!width)
      return {batch, head, i, d};
    Value rows = index(width);
    return {batch, head, arith::DivUIOp::create(b, i, rows), d,
            emitTransposedColumn(b, arith::RemUIOp::create(b, i, rows))};
  }

  /// Zeros for the rows that the last of the transposed blocks has too many.
  void clearPadding(Value batch, Value head) {
    int64_t width = op.getTransposedRows();
    if (!width)
      return;
    Value rows = index(width);
    Value end = arith::MulIOp::create(
        b, arith::CeilDivUIOp::create(b, length, rows), rows);
    loop(length, end, [&](Value i) {
      loop(zero, columns, [&](Value d) {
        storeRounded(real(0), outIndices(batch, head, i, d));
      });
    });
  }

  Value scaleOf(Value largest) {
    Value scale = arith::DivFOp::create(b, largest, real(getMaxFinite(float8)));
    if (rounds)
      scale = convertFloat(b, convertFloat(b, scale, b.getF32Type()), realType);
    Value isTiny = compare(arith::CmpFPredicate::OLT, scale,
                           real(QuantizeOp::kLeastScale));
    return arith::SelectOp::create(b, isTiny, real(1), scale);
  }

  /// Element d of row i after the transform, if there is one.
  Value transformed(Value batch, Value head, Value i, Value d) {
    auto load = [&](Value column) {
      Value element = memref::LoadOp::create(
          b, op.getInput(), ValueRange{batch, head, i, column});
      return convertFloat(b, element, realType);
    };
    if (!op.hasHadamard())
      return load(d);
    int64_t width = op.getHadamardWidth();
    Value inPart = arith::RemUIOp::create(b, d, index(width));
    Value first = arith::SubIOp::create(b, d, inPart);
    Value sum = accumulate(
        zero, index(width), real(0), [&](Value e, Value sum) -> Value {
          Value column = arith::AddIOp::create(b, first, e);
          Value sign = convertFloat(
              b, memref::LoadOp::create(b, signs, ValueRange{column}),
              realType);
          Value term = arith::MulFOp::create(b, load(column), sign);
          Value negated = arith::NegFOp::create(b, term);
          return arith::AddFOp::create(
              b, sum,
              arith::SelectOp::create(b, isOdd(e, inPart), negated, term));
        });
    return arith::MulFOp::create(b, sum, real(1 / std::sqrt(double(width))));
  }

  /// Whether an odd number of bits is set in both.
  Value isOdd(Value x, Value y) {
    Type i64 = b.getI64Type();
    Value both =
        arith::IndexCastOp::create(b, i64, arith::AndIOp::create(b, x, y));
    return arith::TruncIOp::create(b, b.getI1Type(),
                                   math::CtPopOp::create(b, both));
  }

  void store(Value value, Value memref, ValueRange indices) {
    Type type = cast<MemRefType>(memref.getType()).getElementType();
    memref::StoreOp::create(b, convertFloat(b, value, type), memref, indices);
  }

  void storeRounded(Value value, ValueRange indices) {
    if (!rounds)
      return store(value, op.getOut(), indices);
    Value rounded =
        roundToFloat8(b, convertFloat(b, value, b.getF64Type()), float8);
    if (op.getOutType().getElementType() != float8)
      return store(rounded, op.getOut(), indices);
    memref::StoreOp::create(b, encodeFloat8(b, rounded, float8), op.getOut(),
                            indices);
  }

  QuantizeOp op;
  ImplicitLocOpBuilder b;
  Type realType, float8;
  bool rounds;
  Value zero, length, columns; // index
  Value signs;                 // with a transform
};
} // namespace

void attn::emitQuantizeLoops(QuantizeOp op, Type real, Type float8,
                             bool rounds) {
  QuantizeLoops(op, real, float8, rounds).emit();
}
