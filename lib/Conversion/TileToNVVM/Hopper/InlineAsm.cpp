//===- InlineAsm.cpp - several instructions as one op ---------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "InlineAsm.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::tile;

InlineAsm::InlineAsm(Integers &e, ValueRange tied)
    : e(e), types(tied.getTypes()), operands(tied), earlyClobber(false) {
  for (size_t i = 0; i < tied.size(); ++i)
    inputConstraints.push_back(std::to_string(i));
}

InlineAsm::InlineAsm(Integers &e, Type type, size_t count)
    : e(e), types(count, type), earlyClobber(true) {}

/// The letter of a register class.
static StringRef constraintOf(Type type) {
  if (type.isInteger(1))
    return "b";
  if (type.isF32())
    return "f";
  if (type.isInteger(64) || isa<LLVM::LLVMPointerType>(type))
    return "l";
  assert(type.isInteger(32) && "no register class for this type");
  return "r";
}

std::string InlineAsm::results() const {
  std::string names;
  for (size_t i = 0; i < types.size(); ++i)
    names += (i ? ", $" : "$") + std::to_string(i);
  return names;
}

std::string InlineAsm::input(Value value) {
  operands.push_back(value);
  inputConstraints.push_back(constraintOf(value.getType()).str());
  return "$" + std::to_string(types.size() + operands.size() - 1);
}

SmallVector<Value> InlineAsm::emit() {
  SmallVector<std::string> constraints;
  for (Type type : types)
    constraints.push_back((earlyClobber ? "=&" : "=") +
                          constraintOf(type).str());
  llvm::append_range(constraints, inputConstraints);
  constraints.push_back("~{memory}");
  MLIRContext *context = e.b.getContext();
  Type result;
  if (types.size() == 1)
    result = types.front();
  else if (!types.empty())
    result = LLVM::LLVMStructType::getLiteral(context, types);
  auto op = LLVM::InlineAsmOp::create(
      e.b, result ? TypeRange(result) : TypeRange(), operands,
      "{\n\t" + body + "}", llvm::join(constraints, ","),
      /*has_side_effects=*/true, /*is_align_stack=*/false,
      LLVM::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr());
  SmallVector<Value> values;
  if (types.size() == 1)
    values.push_back(op.getRes());
  else
    for (size_t i = 0; i < types.size(); ++i)
      values.push_back(LLVM::ExtractValueOp::create(e.b, op.getRes(), i));
  return values;
}
