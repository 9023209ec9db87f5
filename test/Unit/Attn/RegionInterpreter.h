//===- RegionInterpreter.h - scalar ops, one at a time ---------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TEST_UNIT_ATTN_REGIONINTERPRETER_H
#define ATTN_TEST_UNIT_ATTN_REGIONINTERPRETER_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include <vector>

/// An integer of any width, or a float.
struct Scalar {
  int64_t integer = 0;
  double real = 0;
};

/// A captured tensor, its elements in row-major order.
struct Table {
  std::vector<int64_t> shape;
  std::vector<Scalar> elements;
};

/// Evaluates pure ops of arith, math, scf and attn.load for given values of
/// what they start from. Knows nothing of the analysis that it checks.
class RegionInterpreter {
public:
  void set(mlir::Value value, Scalar scalar) { inputs[value] = scalar; }
  void set(mlir::Value value, int64_t integer) { inputs[value] = {integer, 0}; }
  void setTable(mlir::Value value, Table table) {
    tables[value] = std::move(table);
  }
  /// Null for a tensor without one.
  const Table *findTable(mlir::Value value) const {
    auto it = tables.find(value);
    return it == tables.end() ? nullptr : &it->second;
  }
  /// Forgets what has been computed since an input was set.
  void restart() { results.clear(); }

  Scalar get(mlir::Value value);

private:
  Scalar compute(mlir::Operation *op, unsigned result);
  Scalar load(mlir::Operation *op);
  Scalar run(mlir::scf::ForOp loop, unsigned result);

  llvm::DenseMap<mlir::Value, Scalar> inputs, results;
  llvm::DenseMap<mlir::Value, Table> tables;
};

#endif
