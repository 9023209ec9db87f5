//===- Signature.h - what a compiled function expects -----------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_AOT_SIGNATURE_H
#define ATTN_LIB_AOT_SIGNATURE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Support/LLVM.h"
#include <string>
#include <vector>

namespace attn::aot {

/// An argument of a function after attn-bufferize, as attn_rt_argument has it.
struct Argument {
  std::string name;
  int32_t element = 0; ///< ATTN_RT_ELEMENT_
  bool isTensor = true;
  bool isOutput = false;
  llvm::SmallVector<int64_t> sizes; ///< -1: any
};

struct Signature {
  std::string name;
  std::vector<Argument> arguments;
};

/// Attribute of a function's argument or result that names it.
constexpr llvm::StringLiteral kNameAttribute = "attn.name";

/// Names come from the attribute, else from what attn ops do with the argument:
/// query, key, value, capture0, out, lse. They are C identifiers, each once.
/// Fails with a diagnostic for a type or a name that C cannot pass.
mlir::FailureOr<Signature> describeSignature(mlir::func::FuncOp function);

/// "B x 8 x ? x 64 of f16", for comments and messages; a scalar is "f32".
std::string describeType(const Argument &argument);

} // namespace attn::aot

#endif
