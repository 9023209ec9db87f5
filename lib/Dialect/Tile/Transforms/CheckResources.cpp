//===- CheckResources.cpp - kernels that fit the chip ---------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs after tile-allocate-smem, whose sum it checks, and before fragments are
// spread over registers, where a spill would be the only sign left.

#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"
#include "attn/Support/TargetDesc.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::tile {
#define GEN_PASS_DEF_TILECHECKRESOURCESPASS
#include "attn/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::tile

using namespace mlir;
using namespace mlir::tile;

/// Registers that the carried fragments of a loop and its matrix products need
/// at once: a lower bound, without addresses and temporaries.
static int64_t getFragmentRegisters(gpu::GPUFuncOp kernel) {
  int64_t most = 0;
  kernel.walk([&](scf::ForOp loop) {
    int64_t carried = 0, widest = 0;
    for (Value value : loop.getRegionIterArgs())
      if (isFragment(value.getType()))
        carried += getValuesPerThread(cast<RankedTensorType>(value.getType()));
    loop.getBody()->walk([&](DotOp dot) {
      // A product that is carried is counted already.
      auto type = cast<RankedTensorType>(dot.getResult().getType());
      if (!llvm::any_of(loop.getRegionIterArgs(),
                        [&](Value v) { return v.getType() == type; }))
        widest = std::max(widest, getValuesPerThread(type));
    });
    most = std::max(most, carried + widest);
  });
  return most;
}

namespace {
struct CheckResourcesPass
    : tile::impl::TileCheckResourcesPassBase<CheckResourcesPass> {
  using TileCheckResourcesPassBase::TileCheckResourcesPassBase;

  void runOnOperation() override {
    const ::attn::TargetDesc *target = ::attn::TargetDesc::lookup(chip);
    if (!target) {
      getOperation().emitError("unknown chip '")
          << chip << "', expected one of " << ::attn::TargetDesc::knownChips();
      return signalPassFailure();
    }
    auto schedule =
        getOperation()->getAttrOfType<ScheduleAttr>("tile.schedule");
    if (!schedule)
      return;
    int64_t shared = 0;
    if (auto bytes =
            getOperation()->getAttrOfType<IntegerAttr>("tile.shared_bytes"))
      shared = bytes.getInt();
    int64_t threads = schedule.getWarps() * 32;
    int64_t registers = getFragmentRegisters(getOperation());
    int64_t available = std::min(target->registersPerThread,
                                 target->registersPerBlock / threads);
    bool fits = check(schedule, "bytes of shared memory", shared,
                      target->sharedBytesPerBlock, "per block") &&
                check(schedule, "threads", threads, target->threadsPerBlock,
                      "per block") &&
                check(schedule, "registers for fragments", registers, available,
                      "per thread");
    if (!fits)
      signalPassFailure();
  }

private:
  bool check(ScheduleAttr schedule, StringRef what, int64_t needed,
             int64_t limit, StringRef scope) {
    if (needed <= limit)
      return true;
    getOperation().emitError("schedule ")
        << schedule << " needs " << needed << " " << what << ", but " << chip
        << " has " << limit << " " << scope << "; use a smaller m, n or stages"
        << (what.starts_with("registers") ? ", or more warps" : "");
    return false;
  }
};
} // namespace
