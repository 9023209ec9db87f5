//===- CheckResources.cpp - kernels that fit the chip ---------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs after tile-allocate-smem, whose sum it checks, and before fragments are
// spread over registers, where a spill would be the only sign left.

#include "Loops.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"
#include "attn/Support/TargetDesc.h"
#include "mlir/IR/Remarks.h"

namespace mlir::tile {
#define GEN_PASS_DEF_TILECHECKRESOURCESPASS
#include "attn/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::tile

using namespace mlir;
using namespace mlir::tile;

/// Addresses, counters and temporaries of a consumer beside its fragments:
/// measured on kernels that just fit and just do not.
static constexpr int64_t kOtherRegisters = 24;

namespace {
/// Registers of a thread, and how many of them a column of the score tile adds.
struct FragmentRegisters {
  int64_t total = 0;
  double perKey = 0;
};
} // namespace

/// Registers that the carried fragments of a loop and its matrix products need
/// at once: a lower bound, without addresses and temporaries.
static FragmentRegisters getFragmentRegisters(gpu::GPUFuncOp kernel,
                                              int64_t keys) {
  FragmentRegisters most;
  kernel.walk([&](scf::ForOp loop) {
    FragmentRegisters carried, widest;
    auto count = [&](Type type) {
      auto fragment = cast<RankedTensorType>(type);
      FragmentRegisters registers;
      registers.total = getValuesPerThread(fragment);
      if (fragment.getRank() == 2 && fragment.getDimSize(1) == keys)
        registers.perKey = double(registers.total) / double(keys);
      return registers;
    };
    for (Value value : loop.getRegionIterArgs())
      if (isFragment(value.getType())) {
        FragmentRegisters registers = count(value.getType());
        carried.total += registers.total;
        carried.perKey += registers.perKey;
      }
    loop.getBody()->walk([&](Operation *op) {
      if (!isa<DotOp, DotAsyncOp>(op))
        return;
      // A product that is carried is counted already.
      Type type = op->getResult(0).getType();
      if (llvm::any_of(loop.getRegionIterArgs(),
                       [&](Value v) { return v.getType() == type; }))
        return;
      if (FragmentRegisters own = count(type); own.total > widest.total)
        widest = own;
    });
    if (carried.total + widest.total > most.total)
      most = {carried.total + widest.total, carried.perKey + widest.perKey};
  });
  return most;
}

/// Shared memory that a column of the score tile takes: a row of each streamed
/// buffer, a column of staged weights.
static double getBytesPerKey(gpu::GPUFuncOp kernel, ScheduleAttr schedule) {
  double bytes = 0;
  for (auto alloc : kernel.getOps<AllocOp>()) {
    auto type = cast<MemRefType>(alloc.getBuffer().getType());
    bool streamed = type.getDimSize(0) % schedule.getN() == 0 &&
                    int64_t(alloc.getSlots()) == schedule.getStages() &&
                    schedule.getStages() > 1;
    bool weights = schedule.getWeights() == Weights::Shared &&
                   type.getDimSize(0) == schedule.getM() &&
                   type.getDimSize(1) == schedule.getN();
    if (streamed || weights)
      bytes += double(alloc.getByteSize()) / double(schedule.getN());
  }
  return bytes;
}

/// Named barriers: the block's, one of all consumers, and for each consumer one
/// of its own and one for its turns.
static int64_t getNamedBarriers(ScheduleAttr schedule) {
  if (!schedule.getConsumers())
    return 1;
  return 2 + schedule.getConsumers() * (schedule.getPingPong() ? 2 : 1);
}

namespace {
struct CheckResourcesPass
    : tile::impl::TileCheckResourcesPassBase<CheckResourcesPass> {
  using TileCheckResourcesPassBase::TileCheckResourcesPassBase;

  void runOnOperation() override {
    target = ::attn::TargetDesc::lookup(chip);
    if (!target) {
      getOperation().emitError(::attn::TargetDesc::explainUnknown(chip));
      return signalPassFailure();
    }
    schedule = getSchedule(getOperation());
    if (!schedule)
      return;
    if (schedule.getConsumers() && !target->hasWgmma) {
      getOperation().emitError("schedule ")
          << schedule << " has consumers, but " << chip
          << " has no warp group instructions; use a schedule without roles";
      return signalPassFailure();
    }
    int64_t shared = 0;
    if (auto bytes =
            getOperation()->getAttrOfType<IntegerAttr>("tile.shared_bytes"))
      shared = bytes.getInt();
    FragmentRegisters registers =
        getFragmentRegisters(getOperation(), schedule.getN());
    bool fits =
        check("bytes of shared memory", shared, target->sharedBytesPerBlock,
              "per block", getBytesPerKey(getOperation(), schedule)) &&
        check("threads", schedule.getThreads(), target->threadsPerBlock,
              "per block") &&
        check("named barriers", getNamedBarriers(schedule),
              target->namedBarriers, "per block") &&
        checkRegisters(registers);
    if (!fits)
      return signalPassFailure();
    auto options = remark::RemarkOpts::name("resources")
                       .category("attn")
                       .subCategory(chip);
    remark::analysis(getOperation().getLoc(), options)
        << remark::metric("shared_bytes", shared)
        << remark::metric("shared_limit", target->sharedBytesPerBlock)
        << remark::metric("threads", schedule.getThreads())
        << remark::metric("fragment_registers", registers.total)
        << remark::metric("register_limit", registersOfConsumer())
        << remark::metric("named_barriers", getNamedBarriers(schedule))
        << remark::metric("barrier_limit", target->namedBarriers);
  }

private:
  /// Registers that each thread has at launch: those of a block, in steps of 8.
  int64_t launchRegisters() {
    return std::min<int64_t>(target->registersPerThread,
                             target->registersPerBlock / schedule.getThreads() /
                                 8 * 8);
  }

  int64_t registersOfConsumer() {
    if (schedule.getConsumerRegisters())
      return std::min<int64_t>(schedule.getConsumerRegisters(),
                               target->registersPerThread);
    return launchRegisters();
  }

  bool checkRegisters(FragmentRegisters fragments) {
    if (schedule.getConsumerRegisters()) {
      int64_t pool = launchRegisters() * schedule.getThreads();
      int64_t asked =
          128 * (schedule.getProducerRegisters() +
                 schedule.getConsumers() * schedule.getConsumerRegisters());
      if (schedule.getConsumerRegisters() < launchRegisters() ||
          schedule.getProducerRegisters() > launchRegisters()) {
        getOperation().emitError("schedule ")
            << schedule << " moves registers from consumers to the producer: "
            << "threads of a block of " << schedule.getThreads() << " have "
            << launchRegisters() << " at launch on " << chip
            << "; use consumer_registers of at least and producer_registers "
               "of at most that, or 0 for both";
        return false;
      }
      if (asked > pool) {
        int64_t most = (pool / 128 - schedule.getProducerRegisters()) /
                       schedule.getConsumers() / 8 * 8;
        getOperation().emitError("schedule ")
            << schedule << " needs " << asked
            << " registers for its roles, but a block of "
            << schedule.getThreads() << " threads has " << pool << " on "
            << chip << "; consumer_registers = " << most << " would fit";
        return false;
      }
    }
    int64_t others = schedule.getConsumers() ? kOtherRegisters : 0;
    return check("registers for fragments", fragments.total,
                 registersOfConsumer() - others, "per thread",
                 fragments.perKey);
  }

  /// `perKey` is what a column of the score tile adds, 0 when none does.
  bool check(StringRef what, int64_t needed, int64_t limit, StringRef scope,
             double perKey = 0) {
    if (needed <= limit)
      return true;
    InFlightDiagnostic error = getOperation().emitError("schedule ");
    error << schedule << " needs " << needed << " " << what << ", but " << chip
          << " has " << limit << " " << scope << "; ";
    int64_t keys =
        perKey > 0 ? schedule.getN() - int64_t((needed - limit) / perKey + 1)
                   : 0;
    if (keys >= 16)
      error << "n = " << keys / 16 * 16 << " would fit";
    else
      error << "use a smaller m, n or stages"
            << (what.starts_with("registers") ? ", or more warps" : "");
    return false;
  }

  const ::attn::TargetDesc *target = nullptr;
  ScheduleAttr schedule;
};
} // namespace
