//===- AttnToLoops.cpp - the reference semantics as loops -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AttentionLoops.h"
#include "attn/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNTOLOOPSPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

static LogicalResult checkInput(AttentionOpInterface op) {
  if (!op.isBufferized())
    return op.emitOpError("expected memrefs; run attn-bufferize first");
  WalkResult named = op->walk([&](ScoreOpInterface nested) {
    nested->emitOpError(
        "expected only arith and math; run attn-expand-score-ops first");
    return WalkResult::interrupt();
  });
  return failure(named.wasInterrupted());
}

/// Gives `out` the element type f64. It has to be an argument of a function
/// that only writes it: who calls the function sees its new type.
static LogicalResult widen(AttentionOpInterface op, Value out) {
  auto argument = dyn_cast<BlockArgument>(out);
  auto func = argument
                  ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
                  : func::FuncOp();
  if (!func || !argument.getOwner()->isEntryBlock())
    return op.emitOpError(
        "expected outs that are function arguments, to turn them into f64");
  for (OpOperand &use : out.getUses()) {
    auto attention = dyn_cast<AttentionOpInterface>(use.getOwner());
    bool written = attention && llvm::is_contained(attention.getOuts(), out) &&
                   use.getOperandNumber() >=
                       attention->getNumOperands() - attention.getOuts().size();
    if (written || isa<memref::DimOp>(use.getOwner()))
      continue;
    auto diag = op.emitOpError("expected outs that nothing reads, to turn them "
                               "into f64");
    diag.attachNote(use.getOwner()->getLoc()) << "a reader is here";
    return diag;
  }
  auto type = cast<MemRefType>(out.getType());
  Builder b(op.getContext());
  out.setType(MemRefType::Builder(type).setElementType(b.getF64Type()));
  func.setType(b.getFunctionType(func.getBody().getArgumentTypes(),
                                 func.getResultTypes()));
  return success();
}

static LogicalResult lower(AttentionOpInterface op,
                           ReferencePrecision precision) {
  if (precision != ReferencePrecision::Element)
    for (Value out : op.getOuts())
      if (failed(widen(op, out)))
        return failure();
  auto loops = precision == ReferencePrecision::Same
                   ? makeTwoPassLoops(op)
                   : makeStreamingLoops(op, Float64Type::get(op.getContext()));
  loops->emit();
  op.erase();
  return success();
}

namespace {
struct AttnToLoops : attn::impl::AttnToLoopsPassBase<AttnToLoops> {
  using AttnToLoopsPassBase::AttnToLoopsPassBase;

  void runOnOperation() override {
    SmallVector<AttentionOpInterface> ops;
    getOperation()->walk([&](AttentionOpInterface op) { ops.push_back(op); });
    for (AttentionOpInterface op : ops)
      if (failed(checkInput(op)) || failed(lower(op, precision)))
        return signalPassFailure();
  }
};
} // namespace
