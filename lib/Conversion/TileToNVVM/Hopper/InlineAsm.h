//===- InlineAsm.h - several instructions as one op --------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_TILETONVVM_HOPPER_INLINEASM_H
#define ATTN_LIB_CONVERSION_TILETONVVM_HOPPER_INLINEASM_H

#include "Common/Integers.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace mlir::tile {

/// One llvm.inline_asm with side effects, whose text is a scope of its own:
/// registers and labels that it declares are not seen outside.
class InlineAsm {
public:
  /// `tied` values are read and written in place.
  InlineAsm(Integers &e, ValueRange tied);
  /// `count` values of `type` are written, before the inputs are read.
  InlineAsm(Integers &e, Type type, size_t count);
  explicit InlineAsm(Integers &e) : InlineAsm(e, ValueRange()) {}

  /// The names of the tied or written values, joined by commas.
  std::string results() const;
  /// The name of one more input.
  std::string input(Value value);
  void line(const Twine &text) { body += (text + "\n\t").str(); }
  /// The values after the last line.
  SmallVector<Value> emit();

private:
  Integers &e;
  SmallVector<Type> types;
  SmallVector<Value> operands;
  SmallVector<std::string> inputConstraints;
  bool earlyClobber;
  std::string body;
};

} // namespace mlir::tile

#endif
