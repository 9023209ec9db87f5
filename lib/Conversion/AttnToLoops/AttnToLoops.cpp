//===- AttnToLoops.cpp - the reference semantics as loops -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AttentionLoops.h"
#include "QuantizeLoops.h"
#include "RotaryLoops.h"
#include "attn/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

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

template <typename OpT> static LogicalResult checkInput(OpT op) {
  if (op.isBufferized())
    return success();
  return op.emitOpError("expected memrefs; run attn-bufferize first");
}

/// Whether loops take the operand with elements of any float type.
static bool takesAnyFloat(OpOperand &use) {
  Operation *user = use.getOwner();
  if (auto rotary = dyn_cast<RotaryOp>(user))
    return rotary.getOuts() != rotary.getInput();
  if (auto cast = dyn_cast<memref::CastOp>(user))
    return llvm::all_of(cast->getUses(), takesAnyFloat);
  return isa<AttentionOpInterface, QuantizeOp, memref::DimOp>(user);
}

/// Gives a memref, and casts of it, another element type.
static void setElementType(Value memref, Type element) {
  auto type = cast<MemRefType>(memref.getType());
  memref.setType(MemRefType::Builder(type).setElementType(element));
  for (Operation *user : memref.getUsers())
    if (auto cast = dyn_cast<memref::CastOp>(user))
      setElementType(cast.getResult(), element);
}

/// Gives `out` the element type f64. It has to be an argument of a function, or
/// a buffer that was allocated so: who calls the function sees its new type.
static LogicalResult widen(Operation *op, Value out) {
  if (out.getDefiningOp<memref::AllocOp>() &&
      cast<MemRefType>(out.getType()).getElementType().isF64())
    return success();
  auto argument = dyn_cast<BlockArgument>(out);
  auto func = argument
                  ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
                  : func::FuncOp();
  if (!func || !argument.getOwner()->isEntryBlock())
    return op->emitOpError(
        "expected outs that are function arguments, to turn them into f64");
  for (OpOperand &use : out.getUses()) {
    if (takesAnyFloat(use))
      continue;
    auto diag = op->emitOpError("expected outs that nothing but attn ops "
                                "reads, to turn them into f64");
    diag.attachNote(use.getOwner()->getLoc()) << "a reader is here";
    return diag;
  }
  Builder b(op->getContext());
  setElementType(out, b.getF64Type());
  func.setType(b.getFunctionType(func.getBody().getArgumentTypes(),
                                 func.getResultTypes()));
  return success();
}

/// `types` are those of the op's tensors, whatever an op before it has widened.
static LogicalResult lower(AttentionOpInterface op, const RoundedTypes &types,
                           ReferencePrecision precision) {
  if (precision != ReferencePrecision::Element)
    for (Value out : op.getOuts())
      if (failed(widen(op, out)))
        return failure();
  auto loops = precision == ReferencePrecision::Same
                   ? makeTwoPassLoops(op, types)
                   : makeStreamingLoops(op, Float64Type::get(op.getContext()));
  loops->emit();
  op.erase();
  return success();
}

static LogicalResult lower(RotaryOp op, const RoundedTypes &types,
                           ReferencePrecision precision) {
  MLIRContext *context = op.getContext();
  const bool isSame = precision == ReferencePrecision::Same;
  // What later ops read has been rounded to the element type by then, except
  // where nothing is rounded; an argument shows the caller a number of its
  // type.
  const bool isArgument = isa<BlockArgument>(op.getOuts());
  if (precision == ReferencePrecision::Float64 || (isSame && isArgument))
    if (failed(widen(op, op.getOuts())))
      return failure();
  if (isSame)
    emitRotaryLoops(op, Float32Type::get(context), types.out);
  else
    emitRotaryLoops(op, Float64Type::get(context), /*rounded=*/Type());
  op.erase();
  return success();
}

static LogicalResult lower(QuantizeOp op, const RoundedTypes &types,
                           ReferencePrecision precision) {
  MLIRContext *context = op.getContext();
  // As above: what is in workspace has been rounded, unless nothing is.
  for (Value out : op.getOuts())
    if (precision == ReferencePrecision::Float64 ||
        (precision == ReferencePrecision::Same && isa<BlockArgument>(out)))
      if (failed(widen(op, out)))
        return failure();
  Type real = precision == ReferencePrecision::Same
                  ? Type(Float32Type::get(context))
                  : Type(Float64Type::get(context));
  emitQuantizeLoops(op, real, types.out,
                    precision != ReferencePrecision::Float64);
  op.erase();
  return success();
}

/// Memory of the host for what is handed from op to op, of f64 where nothing is
/// rounded.
static void allocateWorkspace(ModuleOp module, ReferencePrecision precision) {
  SmallVector<memref::ViewOp> views;
  module.walk([&](memref::ViewOp view) {
    if (view.getSource().getDefiningOp<WorkspaceOp>())
      views.push_back(view);
  });
  for (memref::ViewOp view : views) {
    auto workspace = view.getSource().getDefiningOp<WorkspaceOp>();
    OpBuilder b(view);
    Value buffer = memref::AllocOp::create(b, view.getLoc(), view.getType(),
                                           view.getSizes());
    b.setInsertionPoint(view->getBlock()->getTerminator());
    memref::DeallocOp::create(b, view.getLoc(), buffer);
    view->replaceAllUsesWith(ValueRange{buffer});
    // Until they are lowered, the ops see another element type than theirs.
    if (precision == ReferencePrecision::Float64)
      setElementType(buffer, b.getF64Type());
    view.erase();
    if (workspace->use_empty())
      workspace.erase();
  }
}

namespace {
struct AttnToLoops : attn::impl::AttnToLoopsPassBase<AttnToLoops> {
  using AttnToLoopsPassBase::AttnToLoopsPassBase;

  void runOnOperation() override {
    SmallVector<std::pair<Operation *, RoundedTypes>> ops;
    getOperation()->walk([&](Operation *op) {
      TypeSwitch<Operation *>(op)
          .Case<AttentionOpInterface>([&](AttentionOpInterface attention) {
            ops.push_back(
                {op,
                 {attention.getElementType(), attention.getOutElementType()}});
          })
          .Case<RotaryOp>([&](RotaryOp rotary) {
            Type element = rotary.getElementType();
            ops.push_back({op, {element, element}});
          })
          .Case<QuantizeOp>([&](QuantizeOp quantize) {
            ops.push_back({op,
                           {quantize.getElementType(),
                            quantize.getOutType().getElementType()}});
          });
    });
    allocateWorkspace(getOperation(), precision);
    for (auto &[op, types] : ops)
      if (failed(convert(op, types)))
        return signalPassFailure();
  }

private:
  LogicalResult convert(Operation *op, const RoundedTypes &types) {
    auto convert = [&](auto attnOp) {
      return success(succeeded(checkInput(attnOp)) &&
                     succeeded(lower(attnOp, types, precision)));
    };
    return TypeSwitch<Operation *, LogicalResult>(op)
        .Case<AttentionOpInterface, QuantizeOp, RotaryOp>(convert);
  }
};
} // namespace
