//===- BulkStore.cpp - bulk copies out of shared memory -------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Bulk.h"

using namespace attn::sim;

namespace {
void fetch(Warp &warp, BulkStore &store) {
  if (!store.hasData)
    readOut(*warp.cta, store.copy, store.data, store.init);
  store.hasData = true;
}

void flush(Warp &warp, BulkStore &store) {
  fetch(warp, store);
  if (!store.isWritten)
    writeOut(*warp.cta, store.copy, store.data, store.init);
  store.isWritten = true;
}

/// Bytes that nobody wrote must not reach global memory.
void checkSource(Warp &warp, unsigned lane, const BulkCopy &copy) {
  const SharedMemory &shared = warp.cta->shared;
  for (const BulkRow &row : rowsOf(copy)) {
    uint32_t end = row.skipped + row.inside;
    for (uint32_t i = row.skipped; i < end; i = (i | 15) + 1) {
      uint32_t at = swizzled(copy, row.sharedOffset + i);
      uint32_t bytes = std::min(16 - i % 16, end - i);
      if (!std::memchr(&shared.init[at], 0, bytes))
        continue;
      warp.report(Hazard::Uninitialised, int(lane),
                  "uninitialised value reaches a bulk store to global memory",
                  warp.cta->sharedName(at));
      return;
    }
  }
}

/// Shared memory of the store; false after a report.
bool locateSource(Warp &warp, const BulkOperands &operands, unsigned lane,
                  BulkCopy &copy) {
  uint64_t shared;
  if (!readBulkAddress(warp, operands.shared, lane, shared) ||
      !checkBulkPlace(warp, lane, *warp.cta, shared - sharedBase, copy))
    return false;
  for (int32_t coordinate : copy.coordinates)
    if (coordinate < 0) {
      warp.report(Hazard::InvalidOperand, int(lane),
                  "coordinate " + std::to_string(coordinate) +
                      " of a bulk store is negative");
      return false;
    }
  copy.sharedOffset = uint32_t(shared - sharedBase);
  return true;
}

/// Types that an addition exists for.
bool canAdd(Warp &warp, unsigned lane, const BulkCopy &copy) {
  switch (copy.map.type) {
  case TensorType::F32:
  case TensorType::F16:
  case TensorType::BF16:
  case TensorType::U32:
  case TensorType::S32:
  case TensorType::U64:
    return true;
  default:
    warp.report(Hazard::InvalidOperand, int(lane),
                "bulk addition of a type that it does not exist for");
    return false;
  }
}
} // namespace

void attn::sim::execBulkStore(Warp &warp, const Inst &inst, uint32_t mask) {
  Cta &cta = *warp.cta;
  BulkOperands operands = BulkOperands::of(warp, inst);
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    BulkStore store;
    BulkCopy &copy = store.copy;
    if (!readBulkCopy(warp, inst, operands, lane, copy) ||
        !locateSource(warp, operands, lane, copy) || !copy.bytes ||
        (copy.isAddition && !canAdd(warp, lane, copy)))
      continue;
    SharedRange source{copy.sharedOffset, copy.bytes};
    store.reads =
        beginAsyncReads(warp, inst, lane, {source}, warp.bulk.readers[lane]);
    checkSource(warp, lane, copy);
    AsyncAgent &writer = warp.bulk.writers[lane];
    if (!writer.column)
      writer.column = cta.clocks.addAgent();
    store.group = warp.bulk.committed[lane];
    store.writeTime = store.group + 1;
    store.lane = uint8_t(lane);
    store.pc = inst.pc;
    Stamp stamp{writer.column, anyLane, store.writeTime,
                inst.pc,       0,       copy.isAddition};
    accessBulkGlobal(warp, inst, lane, copy, stamp,
                     copy.isAddition ? AccessKind::Atomic : AccessKind::Write);
    if (cta.launch.options.timing == Timing::Earliest)
      flush(warp, store);
    warp.bulk.stores.push_back(std::move(store));
  }
}

void attn::sim::execBulkCommit(Warp &warp, const Inst &, uint32_t mask) {
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    ++warp.bulk.committed[size_t(__builtin_ctz(rest))];
}

/// offset = groups that may be left.
void attn::sim::execBulkWait(Warp &warp, const Inst &inst, uint32_t mask) {
  Cta &cta = *warp.cta;
  BulkQueue &bulk = warp.bulk;
  size_t kept = 0;
  for (size_t i = 0; i < bulk.stores.size(); ++i) {
    BulkStore &store = bulk.stores[i];
    bool done = (mask >> store.lane & 1) &&
                uint64_t(store.group) + uint64_t(inst.offset) <
                    bulk.committed[store.lane];
    uint32_t lane = 1u << store.lane;
    if (done) {
      fetch(warp, store);
      if (!store.isRead)
        endAsyncReads(warp, lane, store.reads);
      store.isRead = true;
    }
    if (done && !(inst.flags & BulkRead)) {
      flush(warp, store);
      cta.clocks.learn(warp.clock, lane, lane == warp.liveLanes(),
                       bulk.writers[store.lane].column, store.writeTime);
    } else {
      if (kept != i)
        bulk.stores[kept] = std::move(store);
      ++kept;
    }
  }
  bulk.stores.resize(kept);
  warp.yield = true;
}

void attn::sim::finishBulkStores(Warp &warp) {
  Cta &cta = *warp.cta;
  for (BulkStore &store : warp.bulk.stores) {
    bool committed = store.group < warp.bulk.committed[store.lane];
    if (!committed)
      cta.reportAt(Hazard::UncommittedCopy, warp, store.pc, store.lane,
                   "thread ends without committing this bulk store",
                   cta.sharedName(store.copy.sharedOffset));
    else if (!store.isRead)
      cta.reportAt(Hazard::UnwaitedCopy, warp, store.pc, store.lane,
                   "thread ends before shared memory has been read: "
                   "wait_group.read is missing",
                   cta.sharedName(store.copy.sharedOffset));
    flush(warp, store);
    if (!store.isRead)
      endAsyncReads(warp, 1u << store.lane, store.reads);
  }
  warp.bulk.stores.clear();
}
