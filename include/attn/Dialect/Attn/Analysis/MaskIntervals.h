//===- MaskIntervals.h - what a mask keeps of a rectangle ------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_ANALYSIS_MASKINTERVALS_H
#define ATTN_DIALECT_ATTN_ANALYSIS_MASKINTERVALS_H

#include "attn/Dialect/Attn/Analysis/MaskFormula.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

class LoadOp;

/// Positions [firstQuery, lastQuery] x [firstKey, lastKey], of type index.
struct MaskExtent {
  Value firstQuery, lastQuery, firstKey, lastKey;

  void set(Axis axis, Value first, Value last) {
    (axis == Axis::Query ? firstQuery : firstKey) = first;
    (axis == Axis::Query ? lastQuery : lastKey) = last;
  }
};

/// Proved about a rectangle, as i1: no position is kept; every one is. Neither
/// holds where it is mixed, or where nothing could be proved.
struct MaskClass {
  Value empty, full;
};

/// Least and largest value over a rectangle; null where there is no bound.
struct MaskInterval {
  Value low, high;
};

/// Emits values that the analysis takes as given, for one batch and head.
class MaskScalars {
public:
  virtual ~MaskScalars() = default;
  /// A value of the region that depends on no position, in its own type.
  virtual Value scalar(ImplicitLocOpBuilder &b, Value value) = 0;
  /// The ends of a fact over the rectangle: index values, or f32 for floats. An
  /// end that is not known makes both the least and the largest i32, or NaN.
  virtual MaskInterval fact(ImplicitLocOpBuilder &b, Value value) = 0;
  /// An element of a capture, in its own type. An index may be outside of it
  /// where the region's is not: any element will do then.
  virtual Value load(ImplicitLocOpBuilder &b, LoadOp load,
                     ValueRange indices) = 0;
};

/// Abstract interpretation of a mask over a rectangle, as a generator of scalar
/// code whose bounds are values of run time: intervals (Cousot and Cousot,
/// 1977), linear forms of the two positions, which are exact at the corners,
/// and congruences. Sound: a class is only given where it is proved.
///
/// Emptiness is asked clause by clause of the disjunctive normal form, where
/// the conditions on one linear form meet; a mask is full when its negation is
/// empty.
class MaskIntervals {
public:
  MaskIntervals(MaskFormulas &formulas, MaskScalars &scalars,
                ImplicitLocOpBuilder &b, MaskExtent extent)
      : formulas(formulas), scalars(scalars), b(b), extent(extent) {}

  MaskClass classify();

private:
  using Clause = SmallVector<const MaskLiteral *, 4>;
  struct Group;

  // Null stands for "not proved".
  Value isEmpty(const MaskFormula &formula);
  Value isEmptyTree(const MaskFormula &formula);
  Value isEmptyClause(ArrayRef<const MaskLiteral *> clause);
  Value isEmptyGroup(const Group &group, MaskExtent &within);
  Value isNever(const MaskLiteral &literal);
  Value isNeverOrdered(const MaskLiteral &literal);
  Value isNeverMultiple(const MaskLiteral &literal);

  MaskInterval integers(Value value);
  MaskInterval computeIntegers(Value value);
  MaskInterval floats(Value value);
  MaskInterval sumOf(const LinearForm &form, const MaskExtent &within,
                     bool positions);
  MaskInterval loaded(Value value);
  MaskInterval scan(LoadOp load, ArrayRef<MaskInterval> ranges,
                    SmallVector<Value> indices, MaskInterval soFar);
  MaskInterval quotient(Operation *op, MaskInterval x, Value divisor);
  MaskInterval remainder(MaskInterval x, Value divisor, bool floored);
  MaskInterval ofTruth(Value condition, int64_t one);
  Value scalarIndex(Value value);

  Value constant(int64_t value);
  Value add(Value x, Value y);
  Value sub(Value x, Value y);
  Value mul(Value x, Value y);
  Value scaled(int64_t factor, Value x);
  Value min(Value x, Value y);
  Value max(Value x, Value y);
  Value floorDiv(Value x, Value y);
  Value compare(arith::CmpIPredicate predicate, Value x, Value y);
  Value all(Value x, Value y);
  Value any(Value x, Value y);
  Value no(Value x);
  Value select(Value condition, Value x, Value y);

  MaskFormulas &formulas;
  MaskScalars &scalars;
  ImplicitLocOpBuilder &b;
  MaskExtent extent;
  llvm::DenseMap<Value, MaskInterval> known;
  Value isWide; ///< a 64-bit fact did not fit its summary
};

} // namespace mlir::attn

#endif
