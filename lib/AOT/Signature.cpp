//===- Signature.cpp - what a compiled function expects -------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Signature.h"
#include "Elements.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace ::attn;
using namespace ::attn::aot;
using mlir::attn::AttentionOpInterface;
using mlir::attn::DifferentialOp;
using mlir::attn::QuantizeOp;
using mlir::attn::RotaryOp;

/// Longer shapes than any score region indexes are a mistake, and C sizes are
/// written out.
static constexpr int64_t kMaxRank = 8;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static bool isCIdentifier(StringRef name) {
  auto isLetter = [](char c) { return llvm::isAlpha(c) || c == '_'; };
  return !name.empty() && isLetter(name.front()) &&
         llvm::all_of(name,
                      [&](char c) { return isLetter(c) || llvm::isDigit(c); });
}

/// The function argument behind a value, looking through casts and views.
static BlockArgument argumentOf(Value value) {
  while (Operation *op = value ? value.getDefiningOp() : nullptr) {
    if (!isa<memref::CastOp, memref::SubViewOp>(op))
      break;
    value = op->getOperand(0);
  }
  return dyn_cast_or_null<BlockArgument>(value);
}

namespace {
/// The names that follow from use, and which arguments are written.
class Roles {
public:
  explicit Roles(func::FuncOp function)
      : function(function), names(function.getNumArguments()) {
    function.walk([&](RotaryOp op) {
      if (BlockArgument argument = argumentOf(op.getOuts()))
        outputs.insert(argument.getArgNumber());
      else
        sources[op.getOuts()] = op.getInput();
    });
    function.walk([&](QuantizeOp op) {
      if (!argumentOf(op.getOut()))
        sources[op.getOut()] = op.getInput();
    });
    function.walk([&](AttentionOpInterface op) {
      for (Value query : op.getQueries())
        take(query, "query");
      for (Value key : op.getKeys())
        take(key, "key");
      take(op.getValue(), "value");
      if (auto attention =
              dyn_cast<mlir::attn::AttentionOp>(op.getOperation())) {
        take(attention.getQueryScales(), "query_scales");
        take(attention.getKeyScales(), "key_scales");
        take(attention.getValueScales(), "value_scales");
      }
      if (auto difference = dyn_cast<DifferentialOp>(op.getOperation())) {
        take(difference.getLambda(), "lambda");
        take(difference.getWeight(), "weight");
      }
      for (Value out : op.getOuts())
        if (BlockArgument argument = argumentOf(out))
          outputs.insert(argument.getArgNumber());
      take(op.getOut(), "out");
      take(op.getLse(), "lse");
    });
    function.walk([&](RotaryOp op) {
      take(op.getInput(), "input");
      take(op.getOffset(), "offset");
      take(op.getPositions(), "positions");
      take(op.getLength(), "length");
      take(op.getCos(), "cos");
      take(op.getSin(), "sin");
      take(op.getOuts(), "out");
    });
    function.walk([&](QuantizeOp op) {
      for (Value out : op.getOuts())
        if (BlockArgument argument = argumentOf(out))
          outputs.insert(argument.getArgNumber());
      take(op.getInput(), "input");
      take(op.getOut(), "out");
      take(op.getScales(), "scales");
    });
    unsigned captures = 0;
    function.walk([&](AttentionOpInterface op) {
      for (Value capture : op.getCaptures())
        if (BlockArgument argument = argumentOf(capture);
            isOurs(argument) && names[argument.getArgNumber()].empty())
          names[argument.getArgNumber()] =
              "capture" + std::to_string(captures++);
    });
  }

  std::string name(unsigned i) const {
    return names[i].empty() ? "argument" + std::to_string(i) : names[i];
  }
  bool isOutput(unsigned i) const { return outputs.contains(i); }

private:
  bool isOurs(BlockArgument argument) {
    return argument && argument.getOwner() == &function.getBody().front();
  }
  /// The second query of a function is query1.
  void take(Value value, StringRef role) {
    while (Value input = sources.lookup(value))
      value = input;
    BlockArgument argument = argumentOf(value);
    if (!isOurs(argument) || !names[argument.getArgNumber()].empty())
      return;
    unsigned count = counts[role]++;
    names[argument.getArgNumber()] =
        role.str() + (count ? std::to_string(count) : "");
  }

  func::FuncOp function;
  std::vector<std::string> names;
  llvm::DenseMap<Value, Value>
      sources; // in the workspace -> what it is made of
  llvm::StringMap<unsigned> counts;
  llvm::SmallDenseSet<unsigned> outputs;
};
} // namespace

/// The name that the program gives an argument; empty: none.
static FailureOr<std::string> givenName(func::FuncOp function, unsigned i) {
  Attribute attribute = function.getArgAttr(i, kNameAttribute);
  if (!attribute)
    return std::string();
  auto name = dyn_cast<StringAttr>(attribute);
  if (!name || !isCIdentifier(name.getValue()))
    return function.emitError("argument ")
           << i << ": expected " << kNameAttribute
           << " to be a C identifier, but got " << attribute;
  return name.str();
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static LogicalResult describe(func::FuncOp function, unsigned i,
                              Argument &argument) {
  Type type = function.getArgumentTypes()[i];
  auto memref = dyn_cast<MemRefType>(type);
  std::optional<int32_t> element =
      elementCode(memref ? memref.getElementType() : type);
  if (!element || (memref && memref.getRank() > kMaxRank))
    return function.emitError("argument ")
           << i << " (" << argument.name << "): expected a tensor of at most "
           << kMaxRank
           << " dimensions or a scalar, of f16, bf16, f32, f64, f8E4M3FN, "
              "f8E5M2, i1, i8, i32, i64 or index, but got "
           << type;
  argument.element = *element;
  argument.isTensor = bool(memref);
  if (memref)
    for (int64_t size : memref.getShape())
      argument.sizes.push_back(ShapedType::isDynamic(size) ? -1 : size);
  return success();
}

auto ::attn::aot::describeSignature(func::FuncOp function)
    -> FailureOr<Signature> {
  Signature signature;
  signature.name = function.getName().str();
  if (!isCIdentifier(signature.name))
    return function.emitError("expected a function whose name is a C "
                              "identifier, but got '")
           << signature.name << "'";
  if (function.getNumResults())
    return function.emitError("expected a function that returns tensors of "
                              "attn ops only, but got ")
           << function.getFunctionType();
  Roles roles(function);
  llvm::StringSet<> taken;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    Argument argument;
    FailureOr<std::string> name = givenName(function, i);
    if (failed(name))
      return failure();
    argument.name = name->empty() ? roles.name(i) : *name;
    argument.isOutput = roles.isOutput(i);
    if (failed(describe(function, i, argument)))
      return failure();
    if (!taken.insert(argument.name).second)
      return function.emitError("argument ")
             << i << ": expected a name of its own, but '" << argument.name
             << "' is taken";
    signature.arguments.push_back(std::move(argument));
  }
  return signature;
}

auto ::attn::aot::describeType(const Argument &argument) -> std::string {
  const std::string element = elementName(argument.element).str();
  if (!argument.isTensor)
    return element;
  if (argument.sizes.empty())
    return "one " + element;
  std::string text;
  for (int64_t size : argument.sizes)
    text += (text.empty() ? "" : " x ") +
            (size < 0 ? std::string("?") : std::to_string(size));
  return text + " of " + element;
}
