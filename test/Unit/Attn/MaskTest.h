//===- MaskTest.h - masks and what they keep, by brute force ---*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TEST_UNIT_ATTN_MASKTEST_H
#define ATTN_TEST_UNIT_ATTN_MASKTEST_H

#include "RandomPredicate.h"
#include "RegionInterpreter.h"
#include "attn/Dialect/Attn/Analysis/MaskIntervals.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "gtest/gtest.h"

enum class Kept { None, Some, All };

/// Queries [i0, i1) and keys [j0, j1).
struct Rectangle {
  int64_t i0, i1, j0, j1;
  std::string str() const;
};

/// What the analysis has proved of each rectangle of a grid, row by row, and
/// what brute force finds.
struct TileClasses {
  int64_t rows, columns;
  std::vector<Rectangle> tiles;
  std::vector<Kept> proved, truth;
  std::vector<bool> kept; ///< queries x keys
};

struct TileCounts {
  int tiles = 0, exact = 0, unsound = 0;
  std::string first; // unsound one
};
TileCounts countTiles(const TileClasses &classes);

/// A mask region with captures, of which all positions can be evaluated.
class MaskTest : public testing::Test {
protected:
  MaskTest();

  /// A function with a mask region of this body.
  void parse(const std::string &mask);

  void fillCaptures(uint64_t seed, bool sorted);
  /// `NamedMask` says which ones.
  void fillNamedCaptures(int64_t length);

  /// Compares the class of every tile with the kept positions.
  TileClasses classify(int64_t queries, int64_t keys, int64_t m, int64_t n);
  TileCounts count(int64_t queries, int64_t keys, int64_t m, int64_t n) {
    return countTiles(classify(queries, keys, m, n));
  }

  bool evaluate(mlir::Value value, int64_t i, int64_t j,
                Scalar *result = nullptr);
  std::vector<bool> evaluateAll(int64_t queries, int64_t keys);
  static Kept keptOf(const std::vector<bool> &kept, int64_t keys,
                     const Rectangle &at);

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  mlir::attn::AttentionOp attention;
  mlir::Region *region = nullptr;
  RegionInterpreter interpreter;
  int64_t tableSize = kTableSize; // of tables that are read by both positions

private:
  void setFact(mlir::Value value, mlir::attn::MaskInterval fact,
               mlir::attn::Positions positions, const Rectangle &at);
};

/// A mask that people use. Captures: %width = 100, %ids sorted documents,
/// %starts where the document of a position begins, %flags global tokens (one
/// in a hundred).
struct NamedMask {
  const char *name, *body;
  /// How a kernel finds the tiles along each position: "range" or "list".
  const char *alongKeys, *alongQueries;
  int inexact = 0; ///< tiles that are called partial and are not, at most
};
llvm::ArrayRef<NamedMask> namedMasks();
inline void PrintTo(const NamedMask &mask, std::ostream *os) {
  *os << mask.name;
}

#endif
