//===- HostFunction.cpp - scalar code of a program, on this CPU -----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "HostFunction.h"
#include "attn/Pipelines/Diagnostics.h"
#include "attn/Pipelines/Reference.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace ::attn::explain;
using mlir::attn::AttentionOpInterface;

//===----------------------------------------------------------------------===//
// Code that cannot fail
//===----------------------------------------------------------------------===//

void GuardedCloner::report(Value isWrong, unsigned bit) {
  Value mark = arith::ConstantOp::create(
      b, b.getI32IntegerAttr(int64_t(1) << std::min(bit, kLastBit)));
  Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
  faults = arith::OrIOp::create(
      b, faults, arith::SelectOp::create(b, isWrong, mark, none));
}

void GuardedCloner::clone(Operation *op) {
  Operation *copy = b.clone(*op, map);
  if (!isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
           arith::FloorDivSIOp, arith::CeilDivSIOp, arith::CeilDivUIOp>(op))
    return;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(copy);
  Value divisor = copy->getOperand(1);
  Type type = divisor.getType();
  Value zero = arith::ConstantOp::create(b, b.getIntegerAttr(type, 0));
  Value one = arith::ConstantOp::create(b, b.getIntegerAttr(type, 1));
  Value isZero =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, divisor, zero);
  report(isZero, kDivisionByZero);
  copy->setOperand(1, arith::SelectOp::create(b, isZero, one, divisor));
}

void GuardedCloner::cloneLoad(mlir::attn::LoadOp op, unsigned bit) {
  Value source = map.lookup(op.getCapture());
  Value zero = arith::ConstantIndexOp::create(b, 0);
  SmallVector<Value> inside;
  for (auto [d, index] : llvm::enumerate(op.getIndices())) {
    Value position = map.lookup(index);
    Value size = memref::DimOp::create(b, source, d);
    // As unsigned numbers negative ones are outside as well.
    Value isOutside =
        arith::CmpIOp::create(b, arith::CmpIPredicate::uge, position, size);
    report(isOutside, bit);
    inside.push_back(arith::SelectOp::create(b, isOutside, zero, position));
  }
  map.map(op.getResult(), Value(memref::LoadOp::create(b, source, inside)));
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

auto ::attn::explain::findSources(Value value) -> Sources {
  Sources sources;
  SmallVector<Value> pending = {value};
  while (!pending.empty()) {
    Value next = pending.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(next)) {
      // Those of other blocks belong to ops that are copied as a whole.
      if (isa<func::FuncOp>(argument.getOwner()->getParentOp()))
        sources.arguments.insert(argument);
      continue;
    }
    Operation *op = next.getDefiningOp();
    if (!sources.ops.insert(op))
      continue;
    if (!isMemoryEffectFree(op))
      sources.obstacle = op;
    llvm::append_range(pending, op->getOperands());
    SetVector<Value> above;
    getUsedValuesDefinedAbove(op->getRegions(), above);
    llvm::append_range(pending, above);
  }
  return sources;
}

static func::FuncOp createFunction(ModuleOp module, func::FuncOp source,
                                   StringRef name, TypeRange more) {
  // Nobody else may have made an op of these so far.
  module.getContext()
      ->loadDialect<arith::ArithDialect, func::FuncDialect,
                    memref::MemRefDialect, scf::SCFDialect>();
  SmallVector<Type> types(source.getArgumentTypes());
  llvm::append_range(types, more);
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  auto function = func::FuncOp::create(b, source.getLoc(), name,
                                       b.getFunctionType(types, {}));
  function.addEntryBlock();
  return function;
}

HostFunction::HostFunction(ModuleOp module, func::FuncOp source, StringRef name,
                           TypeRange more)
    : function(createFunction(module, source, name, more)),
      b(source.getLoc(), OpBuilder::atBlockEnd(&function.getBody().front())),
      first(source.getNumArguments()) {
  for (auto [from, to] :
       llvm::zip(source.getArguments(), function.getArguments()))
    map.map(from, to);
  faults = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
}

void HostFunction::clone(Value value) {
  for (Operation *op : topologicalSort(findSources(value).ops)) {
    if (llvm::all_of(op->getResults(),
                     [&](Value result) { return map.contains(result); }))
      continue;
    GuardedCloner cloner(b, map, faults);
    cloner.clone(op);
    faults = cloner.getFaults();
  }
}

void HostFunction::finish() { func::ReturnOp::create(b); }

auto ::attn::explain::compileHost(ModuleOp module)
    -> llvm::Expected<std::unique_ptr<::attn::jit::Engine>> {
  ::attn::DiagnosticCollector diagnostics(module.getContext());
  PassManager manager(module.getContext());
  buildScalarHostPipeline(manager);
  if (failed(manager.run(module)))
    return diagnostics.takeError("the mask cannot be compiled for the host");
  auto engine = jit::Engine::create(module);
  if (!engine) {
    llvm::consumeError(engine.takeError());
    return diagnostics.takeError("the mask cannot be compiled for the host");
  }
  return engine;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// Sizes of an argument that is query, key, value or an output of the op.
static SmallVector<int64_t> shapeOf(const Subject &subject,
                                    BlockArgument argument) {
  AttentionOpInterface op = subject.op;
  const ProblemSizes &sizes = subject.sizes;
  auto is = [&](Value value) {
    return value && traceArgument(value) == argument;
  };
  bool isKey = llvm::any_of(op.getKeys(), is) || is(op.getValue());
  bool isQuery =
      llvm::any_of(op.getQueries(), is) || is(op.getOut()) || is(op.getLse());
  SmallVector<int64_t> shape(cast<MemRefType>(argument.getType()).getShape());
  std::optional<int64_t> keys = sizes.keys;
  if (int64_t width = shape.size() == 5 ? op.getTransposedKeys() : 0;
      width && keys)
    keys = llvm::divideCeil(*keys, width);
  std::optional<int64_t> known[] = {sizes.batch,
                                    isKey ? sizes.kvHeads : sizes.heads,
                                    isKey ? keys : sizes.queries};
  for (auto [d, size] : llvm::enumerate(shape)) {
    if (!ShapedType::isDynamic(size))
      continue;
    size = 0;
    if ((isKey || isQuery) && d < 3)
      size = known[d].value_or(0);
  }
  return shape;
}

HostArguments::HostArguments(const Subject &subject, const Problem &problem) {
  func::FuncOp function = subject.function;
  for (BlockArgument argument : function.getArguments()) {
    auto given = problem.arguments.find(argument.getArgNumber());
    bool isGiven = given != problem.arguments.end();
    if (!isa<MemRefType>(argument.getType())) {
      int64_t bits = 0;
      if (isGiven)
        std::memcpy(&bits, given->second.data,
                    argument.getType().isIndex()
                        ? 8
                        : llvm::divideCeil(
                              argument.getType().getIntOrFloatBitWidth(), 8));
      addScalar(bits);
    } else if (isGiven) {
      addTable(const_cast<void *>(given->second.data), given->second.shape);
    } else {
      addTable(nullptr, shapeOf(subject, argument));
    }
  }
}

void HostArguments::addTable(void *data, ArrayRef<int64_t> shape) {
  // Allocated pointer, aligned pointer, offset, sizes, strides: the layout of a
  // memref descriptor.
  auto &descriptor = descriptors.emplace_back();
  descriptor.append(2, reinterpret_cast<intptr_t>(data));
  descriptor.push_back(0);
  descriptor.append(shape.begin(), shape.end());
  SmallVector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0; stride *= shape[i])
    strides[i] = stride;
  descriptor.append(strides.begin(), strides.end());
  addScalar(reinterpret_cast<intptr_t>(descriptor.data()));
}

auto ::attn::explain::evaluate(const Subject &subject, const Problem &problem,
                               func::FuncOp function, ArrayRef<Value> values)
    -> llvm::Expected<SmallVector<int64_t>> {
  MLIRContext *context = function.getContext();
  OwningOpRef<ModuleOp> module = ModuleOp::create(function.getLoc());
  auto table =
      MemRefType::get({ShapedType::kDynamic}, IntegerType::get(context, 64));
  HostFunction host(*module, function, "values", Type(table));
  for (auto [i, value] : llvm::enumerate(values)) {
    host.clone(value);
    Value wide = arith::IndexCastOp::create(host.b, host.b.getI64Type(),
                                            host.lookup(value));
    Value at = arith::ConstantIndexOp::create(host.b, i);
    memref::StoreOp::create(host.b, wide, host.argument(0), at);
  }
  host.finish();
  auto engine = compileHost(*module);
  if (!engine)
    return engine.takeError();
  SmallVector<int64_t> results(values.size());
  HostArguments arguments(subject, problem);
  arguments.addTable(results.data(), int64_t(results.size()));
  if (llvm::Error error = arguments.invoke(**engine, "values"))
    return error;
  return results;
}
