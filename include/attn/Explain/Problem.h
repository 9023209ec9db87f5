//===- Problem.h - what is asked of a program ------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_EXPLAIN_PROBLEM_H
#define ATTN_EXPLAIN_PROBLEM_H

#include "attn/Pipelines/Pipelines.h"
#include "llvm/ADT/SmallVector.h"
#include <map>
#include <optional>
#include <string>

namespace attn::explain {

/// A value of an argument of the function: the elements of a tensor, dense and
/// row by row, or a scalar without dimensions. They have the argument's type;
/// `i1` takes a byte, `index` eight. The memory is the caller's.
struct ArgumentValue {
  const void *data = nullptr;
  llvm::SmallVector<int64_t, 4> shape;
};

/// Sizes of one call. What the types of a program say already may be left out.
struct ProblemSizes {
  std::optional<int64_t> batch, heads, kvHeads, queries, keys;
};

/// What of a program is looked at, and for which call.
struct Problem {
  std::string function;              ///< empty: all of the program
  std::optional<unsigned> operation; ///< of the function's attn ops, from 0
  CompileOptions compile;            ///< chip, schedule, alignment
  ProblemSizes sizes;
  int64_t batch = 0, head = 0; ///< that a picture shows
  /// By number of the argument. Those of query, key and value are not looked
  /// at.
  std::map<unsigned, ArgumentValue> arguments;
};

} // namespace attn::explain

#endif
