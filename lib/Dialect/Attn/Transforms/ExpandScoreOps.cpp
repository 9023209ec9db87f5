//===- ExpandScoreOps.cpp - named score ops to arith and math -------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNEXPANDSCOREOPSPASS
#include "attn/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {
struct ExpandScoreOpsPass
    : mlir::attn::impl::AttnExpandScoreOpsPassBase<ExpandScoreOpsPass> {
  void runOnOperation() override {
    // A definition may use other named ops: repeat until none is left.
    bool changed = true;
    while (changed) {
      changed = false;
      getOperation()->walk([&](ScoreOpInterface op) {
        OpBuilder builder(op);
        Value expanded = op.expand(builder);
        op->getResult(0).replaceAllUsesWith(expanded);
        op->erase();
        changed = true;
      });
    }
  }
};
} // namespace
