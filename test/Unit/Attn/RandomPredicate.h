//===- RandomPredicate.h - masks drawn from a grammar ----------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TEST_UNIT_ATTN_RANDOMPREDICATE_H
#define ATTN_TEST_UNIT_ATTN_RANDOMPREDICATE_H

#include <cstdint>
#include <random>
#include <string>

/// Length of the captured tables, which indices of loads are clamped to.
inline constexpr int64_t kTableSize = 48;

/// The arguments that every predicate may use, as text of a function signature.
inline constexpr const char *kPredicateCaptures =
    "%width: index, %wide: i64, %level: f32, %ids: memref<?xi32>, "
    "%ids64: memref<?xi64>, %starts: memref<?xindex>, "
    "%flags: memref<?xi1>, %heights: memref<?xf32>, "
    "%blocks: memref<?x?xi1>, %matrix: memref<?x?xi32>";

/// Writes the body of a mask region: arithmetic on positions, captured scalars
/// and tables, comparisons, and boolean algebra.
class RandomPredicate {
public:
  explicit RandomPredicate(uint64_t seed) : random(seed) {}
  /// The ops and the yield.
  std::string write();
  /// A conjunction of limits of the positions, as closed bounds are made of.
  std::string writeLimits();

private:
  std::string limit();
  std::string condition(int depth);
  std::string comparison(int depth);
  std::string integer(int depth);
  std::string natural(int depth);
  std::string floatValue(int depth);
  std::string position();
  std::string clamped(const std::string &index);
  std::string divisor();
  std::string constant(int64_t value);
  std::string define(const std::string &text);
  int pick(int count) {
    return std::uniform_int_distribution<int>(0, count - 1)(random);
  }

  std::mt19937_64 random;
  std::string body;
  int names = 0;
};

#endif
