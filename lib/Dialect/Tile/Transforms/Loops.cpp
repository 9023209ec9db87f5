//===- Loops.cpp - loops of a kernel over tiles ---------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Loops.h"

using namespace mlir;
using namespace mlir::tile;

bool tile::isInnermost(scf::ForOp loop) {
  return !loop.getBody()
              ->walk([](scf::ForOp) { return WalkResult::interrupt(); })
              .wasInterrupted();
}

Value tile::recompute(OpBuilder &b, scf::ForOp loop, Value value,
                      IRMapping &mapping) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  if (!op || loop.isDefinedOutsideOfLoop(value))
    return value;
  for (Value operand : op->getOperands())
    mapping.map(operand, recompute(b, loop, operand, mapping));
  return b.clone(*op, mapping)
      ->getResult(cast<OpResult>(value).getResultNumber());
}

llvm::MapVector<gpu::GPUFuncOp, SmallVector<gpu::LaunchFuncOp>>
tile::collectLaunches(ModuleOp module) {
  SymbolTableCollection symbols;
  llvm::MapVector<gpu::GPUFuncOp, SmallVector<gpu::LaunchFuncOp>> kernels;
  module.walk([&](gpu::GPUFuncOp kernel) { kernels[kernel]; });
  module.walk([&](gpu::LaunchFuncOp launch) {
    if (auto kernel = symbols.lookupNearestSymbolFrom<gpu::GPUFuncOp>(
            launch, launch.getKernel()))
      kernels[kernel].push_back(launch);
  });
  return kernels;
}
