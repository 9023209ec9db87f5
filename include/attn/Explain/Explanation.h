//===- Explanation.h - what the compiler makes of an op --------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_EXPLAIN_EXPLANATION_H
#define ATTN_EXPLAIN_EXPLANATION_H

#include "attn/Explain/Problem.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace attn::explain {

/// For people: schedule and its reason, key tiles, work, traffic, resources and
/// a bound on the time, of each attn op of `program`. What is not known is said
/// to be so. `program` is as parsed, and stays so. Errors are one line.
llvm::Expected<std::string> explainAsText(mlir::ModuleOp program,
                                          const Problem &problem);

/// The same for programs, as JSON; null is what is not known.
llvm::Expected<std::string> explainAsJson(mlir::ModuleOp program,
                                          const Problem &problem);

} // namespace attn::explain

#endif
