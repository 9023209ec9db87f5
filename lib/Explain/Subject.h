//===- Subject.h - the ops that are explained -------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_EXPLAIN_SUBJECT_H
#define ATTN_LIB_EXPLAIN_SUBJECT_H

#include "attn/Conversion/TileWalk.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "attn/Explain/Problem.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace attn::explain {

/// One attention op on memrefs, with its named masks expanded and a schedule.
struct Subject {
  // Handles, whose methods are not const.
  mutable mlir::attn::AttentionOpInterface op;
  mutable mlir::func::FuncOp function;
  unsigned number = 0; ///< among the function's ops
  mlir::tile::ScheduleAttr schedule;
  std::string reason; ///< of the schedule
  /// Ops of the mask as written, "attn.causal, ..."; empty without a mask. One
  /// that keeps everything has been dropped from the op.
  std::string masks;
  ProblemSizes sizes;

  int64_t queriesOfBlock() const {
    return mlir::attn::getQueriesOfBlock(op, schedule);
  }
};

/// The ops that a problem asks for, in a copy of the program.
class Subjects {
public:
  static llvm::Expected<Subjects> find(mlir::ModuleOp program,
                                       const Problem &problem);

  std::vector<Subject> &all() { return subjects; }

private:
  llvm::Error lower(const Problem &problem);
  llvm::Error collect(const Problem &problem);
  llvm::Error checkArguments(const Problem &problem);
  bool isCapture(unsigned number);

  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<Subject> subjects;
};

/// A copy of `program` with all its functions, or with the one that is named.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
copyProgram(mlir::ModuleOp program, llvm::StringRef function);

/// The argument of the function that `value` is, through casts.
mlir::BlockArgument traceArgument(mlir::Value value);

} // namespace attn::explain

#endif
