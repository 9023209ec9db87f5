//===- QuantizeLaunch.cpp - the host's side of attn.quantize --------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "HostChecks.h"
#include "KernelFunction.h"
#include "QuantizeKernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::attn;

namespace {
class QuantizeHost : HostChecks {
public:
  explicit QuantizeHost(QuantizeOp op)
      : HostChecks(op), op(op), plan(*QuantizePlan::of(op)) {}

  void check(int64_t alignment) {
    constexpr StringLiteral kDims[] = {"batch", "num_heads", "length",
                                       "head_dim"};
    for (auto [d, name] : llvm::enumerate(kDims))
      if (d != 2 || !plan.width)
        same((name + " in input and out of attn.quantize").str(), op.getInput(),
             d, op.getOut(), d);
    if (plan.width)
      require(blocksOf(dim(op.getInput(), 2), plan.width), dim(op.getOut(), 2),
              "transposed blocks in out of attn.quantize");
    checkScales();
    rowsAligned("input", op.getInput(), alignment);
    rowsAligned("out", op.getOut(), plan.outAlignment(op, alignment));
    requireAtMost(constant(INT32_MAX - plan.block - plan.width),
                  dim(op.getInput(), 2), "largest length of attn.quantize");
  }

  void launch(gpu::GPUFuncOp maxima, gpu::GPUFuncOp kernel) {
    Value count = blocks();
    for (int64_t d : {0, 1})
      count = arith::MulIOp::create(b, count, dim(op.getInput(), d));
    SmallVector<Value> operands = {op.getInput(), op.getOut(), op.getScales()};
    if (maxima) {
      Value bytes = arith::MulIOp::create(b, count, constant(4));
      auto raw = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
      auto type = MemRefType::get({ShapedType::kDynamic}, b.getI32Type());
      Value found = memref::ViewOp::create(
          b, type, WorkspaceOp::create(b, raw, bytes), constant(0), count);
      run(maxima, count, {op.getInput(), found});
      operands.push_back(found);
    }
    run(kernel, count, operands);
  }

private:
  void checkScales() {
    const int64_t rank = op.getScalesRank();
    if (rank == 1) {
      require(constant(1), dim(op.getScales(), 0),
              "size of scales of attn.quantize");
      // Some block of the grid has to write it.
      requireAtLeast(constant(1), dim(op.getInput(), 0),
                     "smallest batch of attn.quantize with one scale");
      requireAtLeast(constant(1), dim(op.getInput(), 1),
                     "smallest num_heads of attn.quantize with one scale");
    } else {
      same("batch in input and scales of attn.quantize", op.getInput(), 0,
           op.getScales(), 0);
      same("num_heads in input and scales of attn.quantize", op.getInput(), 1,
           op.getScales(), 1);
    }
    if (rank == 3)
      require(blocksOf(dim(op.getInput(), 2), plan.block),
              dim(op.getScales(), 2), "blocks in scales of attn.quantize");
    innermostIsDense("scales", op.getScales());
  }

  /// Blocks of a head of the output; where they have no scales, one at least.
  Value blocks() {
    Value rows = dim(op.getInput(), 2);
    if (plan.width)
      rows = arith::MulIOp::create(b, blocksOf(rows, plan.width),
                                   constant(plan.width));
    Value count = blocksOf(rows, plan.block);
    return op.getBlock() ? count
                         : Value(arith::MaxUIOp::create(b, count, constant(1)));
  }

  void run(gpu::GPUFuncOp kernel, Value count, ValueRange operands) {
    Value one = constant(1);
    createLaunch(b, b.getLoc(), kernel, {count, one, one}, plan.threads,
                 operands);
  }

  QuantizeOp op;
  QuantizePlan plan;
};
} // namespace

void attn::buildQuantizeChecks(QuantizeOp op, int64_t alignment) {
  QuantizeHost(op).check(alignment);
}

void attn::buildQuantizeLaunch(QuantizeOp op, gpu::GPUFuncOp maxima,
                               gpu::GPUFuncOp kernel) {
  QuantizeHost(op).launch(maxima, kernel);
}
