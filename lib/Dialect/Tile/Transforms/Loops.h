//===- Loops.h - loops of a kernel over tiles --------------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_DIALECT_TILE_TRANSFORMS_LOOPS_H
#define ATTN_LIB_DIALECT_TILE_TRANSFORMS_LOOPS_H

#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::tile {

/// Whether no other loop is in the loop.
bool isInnermost(scf::ForOp loop);

/// `value` of the loop's body for another iteration, the one that `mapping` has
/// for the induction variable: its scalar computation again.
Value recompute(OpBuilder &b, scf::ForOp loop, Value value, IRMapping &mapping);

/// The launches of each kernel of a module; a kernel may have none.
llvm::MapVector<gpu::GPUFuncOp, SmallVector<gpu::LaunchFuncOp>>
collectLaunches(ModuleOp module);

/// What the compiler chose for a kernel; null for kernels that are not ours.
inline ScheduleAttr getSchedule(gpu::GPUFuncOp kernel) {
  return kernel->getAttrOfType<ScheduleAttr>("tile.schedule");
}

} // namespace mlir::tile

#endif
