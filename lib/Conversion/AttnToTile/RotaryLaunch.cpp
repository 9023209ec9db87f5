//===- RotaryLaunch.cpp - the host's side of attn.rotary ------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "HostChecks.h"
#include "KernelFunction.h"
#include "RotaryKernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::attn;

namespace {
class RotaryChecks : HostChecks {
public:
  RotaryChecks(RotaryOp op, int64_t alignment)
      : HostChecks(op), op(op), plan(RotaryPlan::of(op)), alignment(alignment) {
  }

  void run() {
    constexpr StringLiteral kDims[] = {"batch", "num_heads", "length",
                                       "head_dim"};
    for (auto [d, name] : llvm::enumerate(kDims))
      same((name + " in input and out of attn.rotary").str(), op.getInput(), d,
           op.getOuts(), d);
    rowsAligned("input", op.getInput(), alignment);
    rowsAligned("out", op.getOuts(), alignment);
    requireAtMost(constant(INT32_MAX / plan.pieces), dim(op.getInput(), 2),
                  "largest length of attn.rotary");
    runFused();
  }

  void runFused() {
    if (op.getPositions())
      checkPositions();
    if (op.hasTables())
      checkTables();
  }

private:
  void checkPositions() {
    Value positions = op.getPositions();
    int64_t rank = cast<MemRefType>(positions.getType()).getRank();
    if (rank == 2)
      same("batch in input and positions", op.getInput(), 0, positions, 0);
    same("length in input and positions", op.getInput(), 2, positions,
         rank - 1);
    innermostIsDense("positions", positions);
  }

  void checkTables() {
    same("number of positions in cos and sin", op.getCos(), 0, op.getSin(), 0);
    Type element = cast<MemRefType>(op.getCos().getType()).getElementType();
    int64_t rows = plan.tableAlignment(element, alignment);
    rowsAligned("cos", op.getCos(), rows);
    rowsAligned("sin", op.getSin(), rows);
    if (op.getPositions())
      return;
    Value end = dim(op.getInput(), 2);
    if (Value offset = op.getOffset()) {
      requireAtLeast(constant(0), offset,
                     "smallest offset of attn.rotary with tables");
      end = arith::AddIOp::create(b, end, offset);
    }
    requireAtMost(dim(op.getCos(), 0), end,
                  "largest position of attn.rotary with tables, plus one");
  }

  RotaryOp op;
  RotaryPlan plan;
  int64_t alignment;
};

class RotaryOperands : HostChecks {
public:
  explicit RotaryOperands(RotaryOp op) : HostChecks(op), op(op) {}

  SmallVector<Value> run() {
    SmallVector<Value> operands;
    for (Value operand : {op.getPositions(), op.getCos(), op.getSin()})
      if (operand)
        operands.push_back(operand);
    if (op.getOffset())
      operands.push_back(op.getOffset());
    if (std::optional<int64_t> limit = op.getLengthLimit())
      operands.push_back(whichFrequencies(*limit));
    return operands;
  }

private:
  /// 1 for a sequence that is longer than the limit.
  Value whichFrequencies(int64_t limit) {
    Value length = op.getLength();
    if (!length) {
      length = dim(op.getInput(), 2);
      if (op.getOffset())
        length = arith::AddIOp::create(b, length, op.getOffset());
    }
    Value isLong = arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, length,
                                         constant(limit));
    return arith::SelectOp::create(b, isLong, constant(1), constant(0));
  }

  RotaryOp op;
};

/// Emits the launch; the order of operands is that of the kernel's arguments.
class RotaryLaunch : HostChecks {
public:
  RotaryLaunch(ArrayRef<RotaryOp> ops, gpu::GPUFuncOp kernel)
      : HostChecks(ops.back()), kernel(kernel) {
    for (RotaryOp op : ops) {
      Value count = blocksOf(op);
      blocks = blocks ? arith::AddIOp::create(b, blocks, count) : count;
      appendOperands(op);
    }
  }

  void run() {
    Value one = constant(1);
    createLaunch(b, b.getLoc(), kernel, {blocks, one, one},
                 RotaryPlan::kThreads, operands);
  }

private:
  Value blocksOf(RotaryOp op) {
    const RotaryPlan plan = RotaryPlan::of(op);
    auto ceilDiv = [&](Value value, int64_t by) -> Value {
      return arith::CeilDivUIOp::create(b, value, constant(by));
    };
    auto multiply = [&](Value u, Value v) -> Value {
      return arith::MulIOp::create(b, u, v);
    };
    Value pieces = multiply(dim(op.getInput(), 2), constant(plan.pieces));
    Value ofHead = ceilDiv(pieces, RotaryPlan::kThreads);
    Value groups = ceilDiv(dim(op.getInput(), 1), plan.heads);
    return multiply(multiply(ofHead, groups), dim(op.getInput(), 0));
  }

  void appendOperands(RotaryOp op) {
    operands.append({op.getInput(), op.getOuts()});
    llvm::append_range(operands, buildRotaryOperands(op));
  }

  gpu::GPUFuncOp kernel;
  Value blocks;
  SmallVector<Value> operands;
};
} // namespace

void attn::buildRotaryChecks(RotaryOp op, int64_t alignment) {
  RotaryChecks(op, alignment).run();
}

void attn::buildFusedRotaryChecks(RotaryOp op, int64_t alignment) {
  RotaryChecks(op, alignment).runFused();
}

SmallVector<Value> attn::buildRotaryOperands(RotaryOp op) {
  return RotaryOperands(op).run();
}

void attn::buildRotaryLaunch(ArrayRef<RotaryOp> ops, gpu::GPUFuncOp kernel) {
  RotaryLaunch(ops, kernel).run();
}
