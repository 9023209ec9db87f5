//===- Program.h - the function that is run, as a caller sees it -*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_PROGRAM_H
#define ATTN_TOOLS_ATTNRUN_PROGRAM_H

#include "TensorData.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace attn::run {

/// An argument of the entry function.
struct Argument {
  /// "query", "key0", "value", "input", "cos", "capture0", ... or "argument3"
  std::string role;
  Element element = Element::F32;
  bool isTensor = true;
  Shape shape; ///< as declared, negative where dynamic; empty for scalars
  /// B x H x S x D, so that --layout applies.
  bool isSequence = false;
  /// Of 8-bit floats, so that random ones are positive.
  bool isScales = false;
};

/// A tensor that the entry function returns.
struct Result {
  std::string role; ///< "out", "lse" or "scales", numbered if there are several
  bool isLse = false;
  /// Computed from tensors that another op has rounded.
  bool isOfRounded = false;
  Element element = Element::F32;
  bool isSequence = false;
  mlir::Operation *op = nullptr; ///< that defines it
  mlir::Value value;
};

/// A parsed file and its entry. Errors are one line.
class Program {
public:
  /// `entry` may be empty when the file has one function.
  static llvm::Expected<std::unique_ptr<Program>> load(llvm::StringRef path,
                                                       llvm::StringRef entry);

  mlir::ModuleOp module() { return *parsed; }
  llvm::StringRef entry() { return function.getName(); }
  const std::vector<Argument> &arguments() const { return args; }
  const std::vector<Result> &results() const { return outs; }
  bool isUsed(unsigned argument) {
    return !function.getArgument(argument).use_empty();
  }

  /// Checks that tensors of these shapes (one per argument, in B x H x S x D
  /// order, empty for scalars) fit together, which no device function can do
  /// for the reference, and gives the shapes of the results.
  llvm::Expected<std::vector<Shape>> bind(llvm::ArrayRef<Shape> shapes);

private:
  Program();
  llvm::Error parse(llvm::StringRef path);
  llvm::Error findEntry(llvm::StringRef name);
  llvm::Error describeArguments();
  llvm::Error describeResults();
  llvm::Error nameRoles();
  llvm::Error nameSequence(mlir::Value value, llvm::StringRef role);
  void nameScales(mlir::Value value, llvm::StringRef role);
  void nameOperand(mlir::Value value, llvm::StringRef role);
  void nameCaptures();
  llvm::Error checkCaptures(mlir::attn::AttentionOpInterface op,
                            llvm::ArrayRef<Shape> shapes);
  llvm::Expected<Shape> bindAttention(const Result &result,
                                      llvm::ArrayRef<Shape> shapes);

  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> parsed;
  mlir::func::FuncOp function;
  std::vector<Argument> args;
  std::vector<Result> outs;
};

} // namespace attn::run

#endif
