//===- HostLaunch.cpp - the host's side of a kernel -----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "HostLaunch.h"
#include "Forward.h"
#include "HostChecks.h"
#include "KernelFunction.h"
#include "OperandScales.h"
#include "attn/Conversion/TileWalk.h"
#include "attn/Dialect/Attn/Analysis/KeyColumns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace mlir::attn;

namespace {
class ArgumentChecks : HostChecks {
public:
  ArgumentChecks(AttentionOpInterface op, int64_t alignment)
      : HostChecks(op), op(op), alignment(alignment) {}

  void run() {
    Value q = op.getQuery(), k = op.getKey(), v = op.getValue(),
          o = op.getOut();
    same("batch in query and key", q, 0, k, 0);
    same("batch in key and value", k, 0, v, 0);
    same("num_kv_heads in key and value", k, 1, v, 1);
    if (op.getTransposedKeys())
      transposedBlocks();
    else
      same("length in key and value", k, 2, v, 2);
    same("batch in query and out", q, 0, o, 0);
    same("num_heads in query and out", q, 1, o, 1);
    same("length in query and out", q, 2, o, 2);
    if (Value lse = op.getLse())
      for (int64_t d : {0, 1, 2})
        same(("dimension " + Twine(d) + " of query and lse").str(), q, d, lse,
             d);
    headsDivide();
    if (auto difference = dyn_cast<DifferentialOp>(op.getOperation()))
      checkMaps(difference);
    checkRows("query", op.getQueries());
    checkRows("key", op.getKeys());
    if (!isValueInKey(op))
      checkRows("value", v);
    checkRows("out", o);
    if (auto attention = dyn_cast<AttentionOp>(op.getOperation()))
      checkScales(attention);
  }

private:
  void checkRows(StringRef name, ValueRange values) {
    for (auto [i, value] : llvm::enumerate(values))
      rowsAligned(values.size() > 1 ? (name + Twine(i)).str() : name.str(),
                  value, alignment);
  }

  /// Blocks of value, each of them in one piece: a kernel sees rows of columns.
  void transposedBlocks() {
    Value v = op.getValue();
    int64_t keys = op.getTransposedKeys();
    require(blocksOf(dim(op.getKey(), 2), keys), dim(v, 2),
            "transposed blocks of value");
    auto strides = memref::ExtractStridedMetadataOp::create(b, v).getStrides();
    Value isOne = arith::CmpIOp::create(b, arith::CmpIPredicate::sle, dim(v, 2),
                                        constant(1));
    Value whole =
        arith::MulIOp::create(b, strides[3], constant(op.getValueHeadDim()));
    require(whole, arith::SelectOp::create(b, isOne, whole, strides[2]),
            "stride between transposed blocks of value, which follow one "
            "another");
  }

  void checkScales(AttentionOp attention) {
    auto check = [&](StringRef name, Value tensor, Value scales) {
      if (!scales)
        return;
      int64_t rank = cast<MemRefType>(scales.getType()).getRank();
      std::string what = (name + " and " + name + "_scales").str();
      if (rank == 1)
        return require(constant(1), dim(scales, 0),
                       "size of " + name + "_scales");
      same("batch in " + what, tensor, 0, scales, 0);
      same("heads in " + what, tensor, 1, scales, 1);
      if (rank == 3)
        require(blocksOf(dim(tensor, 2), int64_t(*attention.getBlock())),
                dim(scales, 2), "blocks in " + name + "_scales");
    };
    check("query", attention.getQuery(), attention.getQueryScales());
    check("key", attention.getKey(), attention.getKeyScales());
    check("value", attention.getKey(), attention.getValueScales());
  }

  /// The second map has the sizes of the first one, lambda and weight fit them.
  void checkMaps(DifferentialOp difference) {
    Value q = op.getQuery(), k = op.getKey(), lambda = difference.getLambda(),
          weight = difference.getWeight();
    auto all = [&](StringRef names, Value x, Value y, ArrayRef<int64_t> dims) {
      for (auto [d, dim] : llvm::enumerate(dims))
        same(("dimension " + Twine(d) + " of " + names).str(), x, dim, y, d);
    };
    all("query0 and query1", q, difference.getQuery1(), {0, 1, 2});
    all("key0 and key1", k, difference.getKey1(), {0, 1, 2});
    if (difference.getLambdaRank() == 3)
      all("query0 and lambda", q, lambda, {0, 1, 2});
    if (difference.getLambdaRank() == 1)
      same("num_heads in query0 and lambda", q, 1, lambda, 0);
    if (weight)
      same("head_dim in value and weight", op.getValue(), 3, weight, 0);
  }

  void headsDivide() {
    if (!cast<MemRefType>(op.getQuery().getType()).isDynamicDim(1) &&
        !cast<MemRefType>(op.getKey().getType()).isDynamicDim(1))
      return;
    Value heads = dim(op.getQuery(), 1), kvHeads = dim(op.getKey(), 1);
    // max: a remainder by zero heads would trap; zero never divides one.
    Value divisor = arith::MaxSIOp::create(b, kvHeads, constant(1));
    Value whole = arith::MulIOp::create(
        b, arith::DivSIOp::create(b, heads, divisor), kvHeads);
    require(heads, whole, "multiple of num_kv_heads in num_heads");
  }

  AttentionOpInterface op;
  int64_t alignment;
};
} // namespace

void attn::buildArgumentChecks(AttentionOpInterface op, int64_t alignment) {
  ArgumentChecks(op, alignment).run();
}

void attn::buildLaunch(AttentionOpInterface op, tile::ScheduleAttr schedule,
                       gpu::GPUFuncOp kernel, ValueRange more) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, value);
  };
  auto dim = [&](int64_t d) -> Value {
    return memref::DimOp::create(b, op.getQuery(), constant(d));
  };
  Value blocks = arith::CeilDivUIOp::create(
      b, dim(2), constant(getQueriesOfBlock(op, schedule)));
  gpu::KernelDim3 grid{blocks, dim(1), dim(0)};
  SmallVector<Value> operands = getKernelOperands(op);
  if (op.getTransposedKeys())
    llvm::replace(operands, op.getValue(),
                  stackBlocks(b, b.getLoc(), op.getValue(), schedule.getN()));
  llvm::append_range(operands, more);
  createLaunch(b, b.getLoc(), kernel, grid, schedule.getThreads(), operands);
}
