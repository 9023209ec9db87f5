//===- QuantizeLaunch.cpp - the host's side of attn.quantize --------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "HostChecks.h"
#include "KernelFunction.h"
#include "QuantizeKernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

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
      same((name + " in input and out of attn.quantize").str(), op.getInput(),
           d, op.getOut(), d);
    for (unsigned d : {0u, 1u})
      same((kDims[d] + " in input and scales of attn.quantize").str(),
           op.getInput(), d, op.getScales(), d);
    require(blocks(), dim(op.getScales(), 2),
            "blocks in scales of attn.quantize");
    rowsAligned("input", op.getInput(), alignment);
    rowsAligned("out", op.getOut(), plan.outAlignment(op, alignment));
    innermostIsDense("scales", op.getScales());
    requireAtMost(constant(INT32_MAX - op.getBlock()), dim(op.getInput(), 2),
                  "largest length of attn.quantize");
  }

  void launch(gpu::GPUFuncOp kernel) {
    Value one = constant(1), count = blocks();
    for (int64_t d : {0, 1})
      count = arith::MulIOp::create(b, count, dim(op.getInput(), d));
    createLaunch(b, b.getLoc(), kernel, {count, one, one}, plan.threads,
                 {op.getInput(), op.getOut(), op.getScales()});
  }

private:
  Value blocks() {
    return arith::CeilDivUIOp::create(b, dim(op.getInput(), 2),
                                      constant(op.getBlock()));
  }

  QuantizeOp op;
  QuantizePlan plan;
};
} // namespace

void attn::buildQuantizeChecks(QuantizeOp op, int64_t alignment) {
  QuantizeHost(op).check(alignment);
}

void attn::buildQuantizeLaunch(QuantizeOp op, gpu::GPUFuncOp kernel) {
  QuantizeHost(op).launch(kernel);
}
