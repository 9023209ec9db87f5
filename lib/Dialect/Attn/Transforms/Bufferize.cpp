//===- Bufferize.cpp - attention functions over strided memrefs -----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Upstream's one-shot bufferization would allocate results and copy them out:
// host memory for data that lives on a device. Here the caller owns every
// buffer.

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNBUFFERIZEPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

/// tensor<AxBxT> to a memref of the same shape with dynamic strides and offset.
static Type toMemRef(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return type;
  SmallVector<int64_t> strides(tensor.getRank(), ShapedType::kDynamic);
  auto layout =
      StridedLayoutAttr::get(type.getContext(), ShapedType::kDynamic, strides);
  return MemRefType::get(tensor.getShape(), tensor.getElementType(), layout);
}

namespace {
/// Rewrites one function in place. `memrefs` maps tensors to memrefs.
class FunctionBufferizer {
public:
  explicit FunctionBufferizer(func::FuncOp func) : func(func) {}

  LogicalResult run() {
    if (!func.getBody().hasOneBlock())
      return func.emitOpError("expected a single block around attn ops");
    ret = dyn_cast<func::ReturnOp>(func.getBody().front().getTerminator());
    if (!ret)
      return func.emitOpError("expected a func.return around attn ops");
    convertArguments();
    if (failed(appendResultArguments()))
      return failure();
    for (Operation &op : llvm::make_early_inc_range(func.getBody().front()))
      if (failed(convert(&op)))
        return failure();
    // Users come after their operands, so erase from the end.
    for (Operation *op : llvm::reverse(dead))
      op->erase();
    updateTypes();
    return success();
  }

private:
  void convertArguments() {
    Block &entry = func.getBody().front();
    OpBuilder builder = OpBuilder::atBlockBegin(&entry);
    for (BlockArgument argument : entry.getArguments()) {
      if (!isa<RankedTensorType>(argument.getType()))
        continue;
      // Uses of the tensor are rewritten one by one; until then they need a
      // value of the old type, which is the unconverted argument's stand-in.
      Type tensor = argument.getType();
      argument.setType(toMemRef(tensor));
      auto standIn = UnrealizedConversionCastOp::create(
          builder, argument.getLoc(), tensor, argument);
      argument.replaceAllUsesExcept(standIn.getResult(0), standIn);
      memrefs.map(standIn.getResult(0), argument);
      dead.push_back(standIn);
    }
  }

  /// Result i of the function becomes a memref argument after the inputs.
  LogicalResult appendResultArguments() {
    Block &entry = func.getBody().front();
    SmallVector<Value> kept;
    for (Value value : ret.getOperands()) {
      if (!isa<RankedTensorType>(value.getType())) {
        kept.push_back(value);
        continue;
      }
      if (!isa_and_nonnull<AttentionOpInterface, QuantizeOp, RotaryOp>(
              value.getDefiningOp()))
        return ret.emitOpError(
            "expected every returned tensor to be the result "
            "of an attn op");
      if (outputs.contains(value))
        return ret.emitOpError("expected every result to be returned once");
      outputs.map(value,
                  entry.addArgument(toMemRef(value.getType()), value.getLoc()));
    }
    ret->setOperands(kept);
    return success();
  }

  LogicalResult convert(Operation *op) {
    if (isa<AttentionOpInterface>(op))
      return convertAttention(op);
    if (auto rotary = dyn_cast<RotaryOp>(op))
      return convertRotary(rotary);
    if (auto quantize = dyn_cast<QuantizeOp>(op))
      return convertQuantize(quantize);
    OpBuilder builder(op);
    if (auto dim = dyn_cast<tensor::DimOp>(op)) {
      Value source = memrefs.lookupOrNull(dim.getSource());
      if (!source)
        return op->emitOpError("expected a dimension of a function argument");
      Value size =
          memref::DimOp::create(builder, op->getLoc(), source, dim.getIndex());
      dim.replaceAllUsesWith(size);
      dead.push_back(op);
      return success();
    }
    if (auto cast = dyn_cast<tensor::CastOp>(op)) {
      Value source = memrefs.lookupOrNull(cast.getSource());
      if (!source || !isa<RankedTensorType>(cast.getType()))
        return op->emitOpError("expected a cast of a function argument to a "
                               "ranked tensor");
      memrefs.map(cast.getResult(),
                  memref::CastOp::create(builder, op->getLoc(),
                                         toMemRef(cast.getType()), source));
      dead.push_back(op);
      return success();
    }
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      return convertSlice(slice);
    return checkUntouched(op);
  }

  /// A slice of an argument is a view of its memory, never a copy.
  LogicalResult convertSlice(tensor::ExtractSliceOp slice) {
    Value source = memrefs.lookupOrNull(slice.getSource());
    if (!source)
      return slice.emitOpError("expected a slice of a function argument");
    OpBuilder builder(slice);
    MemRefType type = memref::SubViewOp::inferRankReducedResultType(
        slice.getType().getShape(), cast<MemRefType>(source.getType()),
        slice.getMixedOffsets(), slice.getMixedSizes(),
        slice.getMixedStrides());
    Value view = memref::SubViewOp::create(
        builder, slice.getLoc(), type, source, slice.getMixedOffsets(),
        slice.getMixedSizes(), slice.getMixedStrides());
    if (type != toMemRef(slice.getType()))
      view = memref::CastOp::create(builder, slice.getLoc(),
                                    toMemRef(slice.getType()), view);
    memrefs.map(slice.getResult(), view);
    dead.push_back(slice);
    return success();
  }

  /// An op that stays must not see a tensor, nor may an op inside of it.
  LogicalResult checkUntouched(Operation *op) {
    auto isTensor = [](Type type) { return isa<TensorType>(type); };
    WalkResult result = op->walk([&](Operation *nested) {
      if (!llvm::is_contained(dead, nested) &&
          (llvm::any_of(nested->getOperandTypes(), isTensor) ||
           llvm::any_of(nested->getResultTypes(), isTensor))) {
        nested->emitOpError("cannot run on device tensors: expected only attn "
                            "ops, tensor.dim, tensor.cast and "
                            "tensor.extract_slice beside them, "
                            "directly in the function");
        return WalkResult::interrupt();
      }
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  /// The same op on memrefs: results become `outs`, its only other operands.
  LogicalResult convertAttention(Operation *op) {
    SmallVector<Value> inputs, outs;
    for (Value input : op->getOperands()) {
      Value memref = isa<RankedTensorType>(input.getType())
                         ? memrefs.lookupOrNull(input)
                         : input;
      if (!memref)
        return op->emitOpError("expected operands that are function arguments "
                               "or results of attn.rotary or attn.quantize; a "
                               "result of another op would need memory that "
                               "no one owns");
      inputs.push_back(memref);
    }
    for (Value result : op->getResults()) {
      Value out = outputs.lookupOrNull(result);
      if (!out)
        return op->emitOpError("expected result ")
               << cast<OpResult>(result).getResultNumber()
               << " to be returned by the function";
      outs.push_back(out);
    }
    Operation *bufferized = createBufferized(op, inputs, outs);
    // A schedule may be written on the op.
    bufferized->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    for (auto [to, from] :
         llvm::zip(bufferized->getRegions(), op->getRegions()))
      to.takeBody(from);
    WalkResult captures = bufferized->walk([&](LoadOp load) {
      Value memref = memrefs.lookupOrNull(load.getCapture());
      if (!memref) {
        load.emitOpError("expected a capture that is a function argument");
        return WalkResult::interrupt();
      }
      load.getCaptureMutable().assign(memref);
      return WalkResult::advance();
    });
    dead.push_back(op);
    return failure(captures.wasInterrupted());
  }

  static Operation *createBufferized(Operation *op, ValueRange inputs,
                                     ValueRange outs) {
    OpBuilder builder(op);
    if (auto attention = dyn_cast<AttentionOp>(op)) {
      auto optional = [next = 3u, inputs](Value operand) mutable {
        return operand ? inputs[next++] : Value();
      };
      Value queryScales = optional(attention.getQueryScales());
      Value keyScales = optional(attention.getKeyScales());
      Value valueScales = optional(attention.getValueScales());
      return AttentionOp::create(
          builder, op->getLoc(), TypeRange(), inputs[0], inputs[1], inputs[2],
          queryScales, keyScales, valueScales, outs, attention.getBlockAttr(),
          attention.getScaleAttr(), attention.getNormalizerAttr());
    }
    auto difference = cast<DifferentialOp>(op);
    return DifferentialOp::create(
        builder, op->getLoc(), TypeRange(), inputs[0], inputs[1], inputs[2],
        inputs[3], inputs[4], inputs[5],
        inputs.size() > 6 ? inputs[6] : Value(), outs,
        difference.getScaleAttr(), difference.getNormalizerAttr(),
        difference.getNormEpsilonAttr(), difference.getNormScaleAttr());
  }

  LogicalResult convertRotary(RotaryOp op) {
    SmallVector<Value> inputs;
    for (Value input :
         {op.getInput(), op.getPositions(), op.getCos(), op.getSin()}) {
      Value memref = input ? memrefs.lookupOrNull(input) : Value();
      if (input && !memref)
        return op.emitOpError("expected operands that are function arguments "
                              "or results of attn.rotary");
      inputs.push_back(memref);
    }
    // What later ops read alone lives in the workspace of the call.
    Value out = outputs.lookupOrNull(op.getResult());
    if (!out)
      out = takeWorkspace(op.getResult());
    OpBuilder builder(op);
    auto bufferized = RotaryOp::create(
        builder, op.getLoc(), /*result=*/Type(), inputs[0], op.getOffset(),
        inputs[1], op.getLength(), inputs[2], inputs[3], out,
        op.getInterleavedAttr(), op.getRotaryDimAttr(), op.getBaseAttr(),
        op.getScalingAttr());
    bufferized->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    memrefs.map(op.getResult(), out);
    dead.push_back(op);
    return success();
  }

  LogicalResult convertQuantize(QuantizeOp op) {
    Value input = memrefs.lookupOrNull(op.getInput());
    if (!input)
      return op.emitOpError("expected an input that is a function argument or "
                            "a result of attn.rotary");
    SmallVector<Value> outs;
    for (Value result : op.getResults()) {
      Value out = outputs.lookupOrNull(result);
      outs.push_back(out ? out : takeWorkspace(result));
      memrefs.map(result, outs.back());
    }
    OpBuilder builder(op);
    auto bufferized =
        QuantizeOp::create(builder, op.getLoc(), TypeRange(), input, outs,
                           op.getBlockAttr(), op.getHadamardSeedAttr());
    bufferized->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    dead.push_back(op);
    return success();
  }

  /// The argument whose sizes a tensor has: rotation and casts keep them, and
  /// so does attn.quantize where its outputs do not count blocks of rows.
  Value sizedLike(Value tensor) {
    for (;;) {
      if (auto rotary = tensor.getDefiningOp<RotaryOp>())
        tensor = rotary.getInput();
      else if (auto quantize = tensor.getDefiningOp<QuantizeOp>())
        tensor = quantize.getInput();
      else if (auto cast = tensor.getDefiningOp<tensor::CastOp>())
        tensor = cast.getSource();
      else
        return memrefs.lookup(tensor);
    }
  }

  /// How many rows of its input a dimension 2 of a tensor stands for.
  static int64_t rowsOfBlock(Value tensor) {
    auto quantize = tensor.getDefiningOp<QuantizeOp>();
    if (!quantize)
      return 1;
    if (tensor == quantize.getScales())
      return *quantize.getBlock();
    return std::max<int64_t>(quantize.getTransposedRows(), 1);
  }

  /// A dense buffer for a tensor that the function does not return. All of them
  /// are taken at the start of the function, before anything is launched.
  Value takeWorkspace(Value tensor) {
    auto type = cast<RankedTensorType>(tensor.getType());
    Value like = sizedLike(tensor);
    OpBuilder b = OpBuilder::atBlockBegin(&func.getBody().front());
    if (lastTaken)
      b.setInsertionPointAfter(lastTaken);
    Location loc = tensor.getLoc();
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, loc, value);
    };
    Value bytes = constant(type.getElementTypeBitWidth() / 8);
    SmallVector<Value> dynamicSizes;
    for (int64_t d = 0; d < type.getRank(); ++d) {
      Value size;
      if (type.isDynamicDim(d)) {
        size = memref::DimOp::create(b, loc, like, constant(d));
        if (int64_t rows = d == 2 ? rowsOfBlock(tensor) : 1; rows != 1)
          size = arith::CeilDivUIOp::create(b, loc, size, constant(rows));
        dynamicSizes.push_back(size);
      } else {
        size = constant(type.getDimSize(d));
      }
      bytes = arith::MulIOp::create(b, loc, bytes, size);
    }
    auto raw = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
    Value memory = WorkspaceOp::create(b, loc, raw, bytes);
    auto dense = MemRefType::get(type.getShape(), type.getElementType());
    lastTaken = memref::ViewOp::create(b, loc, dense, memory, constant(0),
                                       dynamicSizes);
    return lastTaken->getResult(0);
  }

  void updateTypes() {
    Builder builder(func.getContext());
    unsigned inputs = func.getFunctionType().getNumInputs();
    SmallVector<DictionaryAttr> attributes;
    func.getAllArgAttrs(attributes);
    Block &entry = func.getBody().front();
    attributes.resize(inputs, builder.getDictionaryAttr({}));
    // What a result is called, its argument is called.
    for (auto [i, type] : llvm::enumerate(func.getResultTypes()))
      if (isa<RankedTensorType>(type))
        attributes.push_back(builder.getDictionaryAttr(func.getResultAttrs(i)));
    func.removeResAttrsAttr();
    func.setFunctionType(builder.getFunctionType(entry.getArgumentTypes(),
                                                 ret.getOperandTypes()));
    func.setAllArgAttrs(attributes);
  }

  func::FuncOp func;
  func::ReturnOp ret;
  IRMapping memrefs;              // tensor value -> memref value
  IRMapping outputs;              // result of an attn op -> memref argument
  Operation *lastTaken = nullptr; // from the workspace
  SmallVector<Operation *> dead;
};

struct BufferizePass : mlir::attn::impl::AttnBufferizePassBase<BufferizePass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      bool onTensors = false;
      func.walk(
          [&](AttentionOpInterface op) { onTensors |= !op.isBufferized(); });
      func.walk([&](RotaryOp op) { onTensors |= !op.isBufferized(); });
      func.walk([&](QuantizeOp op) { onTensors |= !op.isBufferized(); });
      if (onTensors && failed(FunctionBufferizer(func).run()))
        return signalPassFailure();
    }
  }
};
} // namespace
