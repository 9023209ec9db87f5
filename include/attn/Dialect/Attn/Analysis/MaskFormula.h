//===- MaskFormula.h - a mask predicate in normal form ---------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_ANALYSIS_MASKFORMULA_H
#define ATTN_DIALECT_ATTN_ANALYSIS_MASKFORMULA_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Region.h"
#include "llvm/ADT/DenseMap.h"
#include <vector>

namespace mlir::attn {

/// Which positions a value of a mask region depends on.
enum class Positions : uint8_t { None = 0, Query = 1, Key = 2, Both = 3 };

/// One of the two positions. A kernel walks along one of them, tile by tile,
/// for each block of the other one.
enum class Axis : uint8_t { Query, Key };

constexpr Axis across(Axis axis) {
  return axis == Axis::Query ? Axis::Key : Axis::Query;
}

/// The position of a mask region (b, h, i, j).
inline BlockArgument argumentOf(Region &mask, Axis axis) {
  return mask.getArgument(axis == Axis::Query ? 2 : 3);
}

/// query * i + key * j + constant + sum(coefficient * term). A term is a value
/// that is not such a sum itself; one that depends on no position is a scalar
/// of the tile's batch and head.
struct LinearForm {
  int64_t query = 0;
  int64_t key = 0;
  int64_t constant = 0;
  SmallVector<std::pair<int64_t, Value>> terms;

  /// The coefficient of a position.
  int64_t along(Axis axis) const { return axis == Axis::Query ? query : key; }

  /// Adds factor * term, where the same term may stand already.
  void add(int64_t factor, Value term);
  void add(int64_t factor, const LinearForm &form);
};

/// A condition that the normal form does not take apart.
struct MaskLiteral {
  enum Kind {
    AtLeastZero, ///< form >= 0
    Multiple,    ///< form is a multiple of `divisor`
    Ordered,     ///< `lhs` `predicate` `rhs`, floats
    Truth,       ///< `value`, or its negation: depends on one position at most
    Unknown,     ///< nothing is known about `value`
  };
  Kind kind;
  LinearForm form = {};
  Value divisor = {};
  Value lhs = {}, rhs = {};
  arith::CmpFPredicate predicate = {};
  Value value = {};
  bool negated = false;
};

/// Literals under conjunctions and disjunctions; a negation has moved into the
/// literals.
struct MaskFormula {
  enum Kind { And, Or, Literal };
  Kind kind;
  std::vector<MaskFormula> children = {}; ///< none: true of And, false of Or
  MaskLiteral literal = {MaskLiteral::Unknown};
};

/// A value that depends on one of the two positions, through memory. Over the
/// positions of a tile it is summed up by its least and largest value.
struct MaskFact {
  Value value;
  Axis axis;
};

/// An expanded mask region (b, h, i, j) -> i1 as formulas. Positions and values
/// computed from them are taken as integers that do not wrap (A14).
class MaskFormulas {
public:
  explicit MaskFormulas(Region &mask);

  /// The mask and its negation; an empty region keeps all.
  MaskFormula keep() { return build(/*negated=*/false); }
  MaskFormula drop() { return build(/*negated=*/true); }

  Positions getPositions(Value value) const;
  bool isUniform(Value value) const {
    return getPositions(value) == Positions::None;
  }
  /// Whether `value` is such a summary's subject.
  bool isFact(Value value) const;
  /// The facts that the formulas and their terms may ask for.
  SmallVector<MaskFact> getFacts() const;
  /// Whether the region uses its batch (0) or head (1) argument.
  bool dependsOn(unsigned argument) const;

  /// `value` of type index as a linear form.
  LinearForm linearize(Value value) const;
  /// Whether `value` is known to be at least 0: a position, and what is made of
  /// positions and of constants that are not negative.
  bool isNonNegative(Value value) const;
  /// Whether `op` divides, or takes the remainder, of integers as signed ones,
  /// rounding to zero. An unsigned op does where nothing is negative.
  bool isDivision(Operation *op) const;
  bool isRemainder(Operation *op) const;
  /// Whether bounds of `value` over a tile can be computed at all.
  bool isBounded(Value value) const;
  /// x - floor(x / n) * n: x and n.
  std::optional<std::pair<Value, Value>> matchFloorMod(Value value) const;

  /// Condition `value` (negated) of the region as a formula.
  MaskFormula formulaOf(Value value, bool negated) const;

private:
  MaskFormula build(bool negated);
  MaskFormula compareIntegers(arith::CmpIOp compare, bool negated) const;
  MaskFormula compareFloats(arith::CmpFOp compare, bool negated) const;
  std::optional<MaskFormula> matchMultiple(arith::CmpIOp compare,
                                           bool negated) const;
  bool areNonNegative(ValueRange values) const;
  bool isBoundedForm(const LinearForm &form) const;
  void accumulate(Value value, int64_t scale, LinearForm &form) const;

  Region &mask;
  llvm::DenseMap<Value, Positions> positions;
  llvm::DenseMap<Value, bool> readsByPosition;
};

} // namespace mlir::attn

#endif
